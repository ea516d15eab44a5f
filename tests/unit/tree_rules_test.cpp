#include <doctest/doctest.h>

#include <regex>

#include "source_tree.hpp"

// What holds for every file, whichever layer it belongs to.
namespace huecry::test {
namespace {

constexpr std::size_t longest_file = 500;

Violations long_files(const Tree& tree) {
    Violations out;
    for (const auto& [file, text] : tree) {
        std::size_t lines = 0;
        each_line(text, [&](std::size_t number, std::string_view) { lines = number; });
        if ((is_code(file) || file.ends_with(".proto")) && lines > longest_file)
            out.push_back(file + ": " + std::to_string(lines) + " lines");
    }
    return out;
}

/// `if (… co_await …)` and switch: in the condition, not in what follows it.
bool awaits_in_condition(const std::string& code) {
    static const std::regex head(R"(\b(if|switch)\s*(constexpr\s*)?\()");
    std::smatch match;
    if (!std::regex_search(code, match, head)) return false;
    auto at = static_cast<std::size_t>(match.position() + match.length());
    const auto begin = at;
    for (int depth = 1; at < code.size() && depth > 0; ++at)
        depth += code[at] == '(' ? 1 : code[at] == ')' ? -1 : 0;
    return code.substr(begin, at - begin).find("co_await") != std::string::npos;
}

/// Forms that some compilers miscompile (GCC before 13) and that read badly everywhere. They work
/// on one line: an argument of co_await is a named local, its result goes into a named variable.
Violations coroutine_forms(const Tree& tree) {
    const std::regex forms[] = {
        std::regex(R"(\bco_await\b.*\?|\?.*\bco_await\b)"),
        std::regex(R"(\bco_await\b.*\[[^\]]+\]\s*[({])"),
        std::regex(R"(\bco_await\b[^;]*\{)"),
        std::regex(R"(\{[^;}]*\bco_await\b[^;]*\}\s*;)"),
        std::regex(R"(\bco_spawn\s*\(\s*co_await\b)"),
    };
    Violations out;
    for (const auto& [file, text] : tree) {
        if (!is_code(file) || file.starts_with("tests/unit/tree_rules_test")) continue;
        each_line(text, [&](std::size_t number, std::string_view line) {
            if (line.find("co_await") == line.npos) return;
            const auto code = std::string(line.substr(0, line.find("//")));
            bool bad = awaits_in_condition(code);
            for (const auto& form : forms) bad = bad || std::regex_search(code, form);
            if (bad) out.push_back(file + ":" + std::to_string(number) + ":" + code);
        });
    }
    return out;
}

/// A lock file that names where to download from would bind the build to one registry.
Violations pinned_addresses(const Tree& tree) {
    Violations out;
    for (const auto& [file, text] : tree)
        if (file.ends_with("package-lock.json") && text.find("\"resolved\"") != text.npos)
            out.push_back(file);
    return out;
}

Violations binaries(const Tree& tree) {
    Violations out;
    for (const auto& [file, text] : tree)
        for (const auto* end : {".so", ".a", ".o", ".dll", ".dylib", ".node", ".exe"})
            if (file.ends_with(end) || file.find(std::string(end) + ".") != file.npos)
                if (std::string_view(end) != ".a" || file.ends_with(end))
                    if (text.starts_with("\x7f"
                                         "ELF") ||
                        file.ends_with(end))
                        out.push_back(file);
    return out;
}

Violations doubts(const Tree& tree) {
    const std::regex words(
        "\\b(TO"
        "DO|FIX"
        "ME|XX"
        "X)\\b");
    Violations out;
    for (const auto& [file, text] : tree) {
        if (!is_code(file) && !file.ends_with(".proto") && !file.ends_with(".cmake")) continue;
        each_line(text, [&](std::size_t number, std::string_view line) {
            if (std::regex_search(line.begin(), line.end(), words))
                out.push_back(file + ":" + std::to_string(number));
        });
    }
    return out;
}

const Tree& real_tree() {
    static const Tree tree = read_tree(HUECRY_SOURCE_DIR);
    return tree;
}

void check_none(const Violations& found) {
    INFO(joined(found));
    CHECK(found.empty());
}

}  // namespace

TEST_CASE("no file is longer than 500 lines") {
    check_none(long_files(real_tree()));
    Tree planted{{"relay/a.cpp", std::string(501, '\n')}, {"relay/b.cpp", std::string(500, '\n')}};
    CHECK(long_files(planted).size() == 1);
}

TEST_CASE("coroutines are written in the forms that every compiler gets right") {
    check_none(coroutine_forms(real_tree()));
    const char* bad[] = {
        "if (co_await f()) return;",
        "switch (co_await f()) {",
        "const int x = c ? co_await a() : 0;",
        "co_await fn([t] { use(t); });",
        "co_await spawn(ex, [t]() -> awaitable<void> { co_return; }, use_awaitable);",
        "co_await [t]() -> awaitable<void> { co_return; }();",
        "co_await f(Request{m, b});",
        "co_await f({.a = 1});",
        "co_await f({});",
        "Pair x{co_await a(), co_await b()};",
        "co_return Pair{co_await a(), 1};",
        "co_await f(c ? T() : T());",
        "co_spawn(co_await this_coro::executor, run(), detached);",
    };
    for (const auto* line : bad) {
        CAPTURE(line);
        CHECK(coroutine_forms({{"relay/a.cpp", line}}).size() == 1);
    }
    const char* good[] = {
        "const auto [error, size] = co_await stream.async_read(buffer, waiting);",
        "while (co_await next()) count();",
        "if (empty()) co_await wake.async_wait(waiting);",
        "co_return co_await f();",
        "auto out = co_await std::move(asking);",
        "// if (co_await f()) is not what we write",
        "bool ok = co_await a() && co_await b();",
    };
    for (const auto* line : good) {
        CAPTURE(line);
        CHECK(coroutine_forms({{"relay/a.cpp", line}}).empty());
    }
}

TEST_CASE("lock files name no download addresses, and nothing built is kept") {
    check_none(pinned_addresses(real_tree()));
    check_none(binaries(real_tree()));
    CHECK(real_tree().contains("cmake/sqlcipher/package-lock.json"));
    CHECK(pinned_addresses({{"x/package-lock.json", "{\"resolved\": \"https://a\"}"}}).size() == 1);
    CHECK(binaries({{"x/liba.so", ""},
                    {"x/liba.a", ""},
                    {"x/liba.so.1",
                     "\x7f"
                     "ELF"}})
              .size() == 3);
    CHECK(binaries({{"x/a.also.cpp", ""}, {"x/b.arrow", ""}}).empty());
}

TEST_CASE("no note of doubt is left in the code") {
    check_none(doubts(real_tree()));
    CHECK(doubts({{"relay/a.cpp",
                   "// TO"
                   "DO: later"}})
              .size() == 1);
}

}  // namespace huecry::test
