#include <doctest/doctest.h>

#include <algorithm>
#include <regex>
#include <set>

#include "huecry/result.hpp"
#include "source_tree.hpp"

// The papers against the code: every promise names tests that exist, every exit code is explained,
// every link leads somewhere.
namespace {

using huecry::test::joined;
using huecry::test::read_tree;
using huecry::test::Tree;
using huecry::test::Violations;

/// Names of doctest's cases: the literals behind TEST_CASE(, joined where a long one is in pieces.
void add_cases(const std::string& text, std::set<std::string>& out) {
    static const std::regex test_case(R"(TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+))");
    static const std::regex literal(R"re("((?:[^"\\]|\\.)*)")re");
    const auto end = std::sregex_iterator();
    for (auto it = std::sregex_iterator(text.begin(), text.end(), test_case); it != end; ++it) {
        const auto literals = (*it)[1].str();
        std::string name;
        for (auto piece = std::sregex_iterator(literals.begin(), literals.end(), literal);
             piece != end; ++piece)
            name += (*piece)[1].str();
        out.insert(name);
    }
}

/// Does a list of tests make one of this name? In `add_test(NAME mls.${kind}_vector` the variable's
/// value must stand in the same file as a word.
bool made_by(const std::string& cmake, const std::string& name) {
    static const std::regex plain(R"(huecry_test\(\s*(\S+)\s+LABEL\s+(\S+))");
    static const std::regex with_variable(R"(add_test\(NAME\s+([\w.-]*)\$\{\w+\}([\w.-]*))");
    const auto end = std::sregex_iterator();
    for (auto it = std::sregex_iterator(cmake.begin(), cmake.end(), plain); it != end; ++it)
        if ((*it)[2].str() + "." + (*it)[1].str() == name) return true;
    for (auto it = std::sregex_iterator(cmake.begin(), cmake.end(), with_variable); it != end;
         ++it) {
        const auto before = (*it)[1].str(), after = (*it)[2].str();
        if (name.size() <= before.size() + after.size() || !name.starts_with(before) ||
            !name.ends_with(after))
            continue;
        const auto value = name.substr(before.size(), name.size() - before.size() - after.size());
        if (std::regex_search(cmake, std::regex("[\\s(]" + value + "[\\s)]"))) return true;
    }
    return false;
}

bool is_test(const Tree& tree, const std::set<std::string>& cases, const std::string& name) {
    if (cases.contains(name)) return true;
    return std::any_of(tree.begin(), tree.end(), [&](const auto& file) {
        return file.first.starts_with("tests/") &&
               (file.first.ends_with(".cmake") || file.first.ends_with("CMakeLists.txt")) &&
               made_by(file.second, name);
    });
}

std::set<std::string> cases_of(const Tree& tree) {
    std::set<std::string> out;
    for (const auto& [path, text] : tree)
        if (path.starts_with("tests/") && path.ends_with(".cpp") &&
            path != "tests/unit/promises_test.cpp")
            add_cases(text, out);
    return out;
}

/// Promises in SECURITY.md: "**P7. …", each followed by a line "Tests: `a`, `b`".
Violations broken_promises(const Tree& tree) {
    const auto cases = cases_of(tree);
    Violations out;
    const auto found = tree.find("SECURITY.md");
    if (found == tree.end()) return {"SECURITY.md is missing"};
    static const std::regex named("`([^`]+)`");
    int promises = 0;
    bool proved = true;
    huecry::test::each_line(found->second, [&](std::size_t number, std::string_view view) {
        const std::string line(view);
        const auto place = "SECURITY.md:" + std::to_string(number) + ": ";
        if (line.starts_with("**P")) {
            if (!proved) out.push_back(place + "the promise before names no test");
            ++promises;
            proved = false;
            if (!line.starts_with("**P" + std::to_string(promises) + ". "))
                out.push_back(place + "not the next number");
        }
        if (!line.starts_with("Tests: ")) return;
        for (auto it = std::sregex_iterator(line.begin(), line.end(), named);
             it != std::sregex_iterator(); ++it) {
            proved = true;
            if (!is_test(tree, cases, (*it)[1].str()))
                out.push_back(place + "no such test: " + (*it)[1].str());
        }
    });
    if (!proved) out.emplace_back("SECURITY.md: the last promise names no test");
    if (promises == 0) out.emplace_back("SECURITY.md: no promise at all");
    return out;
}

void add_all(const std::string& text, const std::regex& what, std::set<std::string>& out) {
    for (auto it = std::sregex_iterator(text.begin(), text.end(), what);
         it != std::sregex_iterator(); ++it)
        out.insert((*it)[1].str());
}

/// PROTOCOL.md's "What the relay refuses" against limits.def, the relay's use of it, its metrics
/// and the tests.
Violations wrong_refusals(const Tree& tree) {
    static const std::regex defined(R"(HUECRY_LIMIT\((\w+),)"), used(R"(limits::(\w+))"),
        counter(R"(X\((\w+), (?:true|false),)"), labelled(R"re(add_by\(\s*"(\w+)")re"),
        row(R"(\n\| (\w+) \| ([^|]+) \| (\w+) \| `([^`]+)` \|)");
    std::set<std::string> limits, relays, core, net, tabled;
    add_all(tree.at("proto/include/huecry/limits.def"), defined, limits);
    for (const auto& [path, text] : tree)
        if (path.starts_with("relay/")) add_all(text, used, relays);
    add_all(tree.at("relay/delivery/observe.hpp"), counter, core);
    add_all(tree.at("relay/net/counters.hpp"), counter, net);
    for (const auto& name : net) core.insert("net_" + name);
    add_all(tree.at("relay/commands/serve.cpp"), labelled, core);
    const auto cases = cases_of(tree);
    auto text = tree.at("proto/PROTOCOL.md");
    const auto at = text.find("\n### What the relay refuses");
    if (at == text.npos) return {"PROTOCOL.md has no table of refusals"};
    text.erase(0, at);
    Violations out;
    for (auto it = std::sregex_iterator(text.begin(), text.end(), row);
         it != std::sregex_iterator(); ++it) {
        const auto limit = (*it)[1].str(), metric = (*it)[3].str(), test = (*it)[4].str();
        if (!tabled.insert(limit).second) out.push_back(limit + ": twice");
        if (!limits.contains(limit)) out.push_back(limit + ": no such limit");
        if (!relays.contains(limit)) out.push_back(limit + ": the relay does not use it");
        if (!core.contains(metric)) out.push_back(limit + ": no such metric: " + metric);
        if (test != "fault.attackers_test" && !is_test(tree, cases, test))
            out.push_back(limit + ": no such test: " + test);
    }
    for (const auto& limit : relays)
        if (limits.contains(limit) && !tabled.contains(limit))
            out.push_back(limit + ": the relay uses it and the table does not say so");
    return out;
}

/// README.md's table against errors.def.
Violations wrong_exit_codes(const Tree& tree) {
    static const std::regex row(R"(\n\| (\d+) \| \S)");
    static const std::regex defined(R"(HUECRY_ERROR\(\w+, \d+, \w+, (\d+),)");
    std::set<int> explained, used{0};
    const auto& readme = tree.at("README.md");
    const auto& errors = tree.at("proto/include/huecry/errors.def");
    const auto end = std::sregex_iterator();
    for (auto it = std::sregex_iterator(readme.begin(), readme.end(), row); it != end; ++it)
        explained.insert(std::stoi((*it)[1].str()));
    for (auto it = std::sregex_iterator(errors.begin(), errors.end(), defined); it != end; ++it)
        used.insert(std::stoi((*it)[1].str()));
    Violations out;
    for (const int code : used)
        if (!explained.contains(code))
            out.push_back("README.md does not explain exit code " + std::to_string(code));
    for (const int code : explained)
        if (!used.contains(code))
            out.push_back("README.md explains an exit code that no error has: " +
                          std::to_string(code));
    return out;
}

/// Links between our own papers, and the files that ARCHITECTURE.md's stations name.
Violations dead_links(const Tree& tree) {
    static const std::regex link(R"(\]\(([^)#\s]+)\))");
    Violations out;
    for (const auto& [path, text] : tree) {
        if (!path.ends_with(".md")) continue;
        const auto folder = std::filesystem::path(path).parent_path();
        for (auto it = std::sregex_iterator(text.begin(), text.end(), link);
             it != std::sregex_iterator(); ++it) {
            auto target = (*it)[1].str();
            if (target.find("://") != std::string::npos) continue;
            target = (folder / target).lexically_normal().generic_string();
            const auto first = tree.lower_bound(target);
            if (first == tree.end() ||
                (first->first != target && !first->first.starts_with(target + "/")))
                out.push_back(path + ": leads nowhere: " + (*it)[1].str());
        }
    }
    return out;
}

const Tree& the_tree() {
    static const Tree tree = read_tree(HUECRY_SOURCE_DIR);
    return tree;
}

}  // namespace

TEST_CASE("every promise of SECURITY.md names tests that exist") {
    const auto broken = broken_promises(the_tree());
    CHECK_MESSAGE(broken.empty(), joined(broken));
}

TEST_CASE("a promise without a test, with an unknown one, or out of order is found") {
    Tree tree{{"tests/unit/a_test.cpp", "TEST_CASE(\"one \"\n    \"case\") {}"},
              {"tests/unit/a.cmake",
               "huecry_test(a_test LABEL unit\n SOURCES a_test.cpp)\n"
               "foreach(kind red green)\nadd_test(NAME x.${kind}_vector)"}};
    const auto count = [&tree](const std::string& text) {
        tree["SECURITY.md"] = text;
        return broken_promises(tree).size();
    };
    CHECK(count("**P1. Good.** It is.\nTests: `one case`, `unit.a_test`, `x.red_vector`\n") == 0);
    CHECK(count("**P1. Good.** It is.\nTests: `another case`\n") == 1);
    CHECK(count("**P1. Good.** It is.\nTests: `x.blue_vector`\n") == 1);
    CHECK(count("**P1. Good.** It is.\nTests: none\n**P2. Bad.**\nTests: `one case`") == 1);
    CHECK(count("**P1. Good.** It is.\n") == 1);
    CHECK(count("**P2. Good.** It is.\nTests: `one case`\n") == 1);
    CHECK(count("Nothing.\n") == 1);
    CHECK(broken_promises({}).size() == 1);
}

TEST_CASE(
    "every limit that the relay holds stands in the table, with its answer, metric and test") {
    const auto wrong = wrong_refusals(the_tree());
    CHECK_MESSAGE(wrong.empty(), joined(wrong));
    auto tree = the_tree();
    tree["proto/PROTOCOL.md"] += "| no_limit | 400 | no_metric | `no such test` |\n";
    CHECK(wrong_refusals(tree).size() == 4);
    tree = the_tree();
    tree["relay/net/listener.cpp"] += "limits::max_photos";
    CHECK(wrong_refusals(tree).size() == 1);
}

TEST_CASE("README.md explains exactly the exit codes that there are") {
    const auto wrong = wrong_exit_codes(the_tree());
    CHECK_MESSAGE(wrong.empty(), joined(wrong));
    auto tree = the_tree();
    tree["README.md"] += "\n| 77 | no such thing |\n";
    CHECK(wrong_exit_codes(tree).size() == 1);
}

TEST_CASE("links between the papers lead somewhere") {
    const auto dead = dead_links(the_tree());
    CHECK_MESSAGE(dead.empty(), joined(dead));
    CHECK(dead_links({{"a.md", "[b](b.md) [c](https://example.org) [d](sub)"}, {"sub/x", ""}})
              .size() == 1);
}
