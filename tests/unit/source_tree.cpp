#include "source_tree.hpp"

#include <fstream>
#include <sstream>

namespace huecry::test {

Tree read_tree(const std::filesystem::path& root) {
    namespace fs = std::filesystem;
    constexpr std::uintmax_t largest_text = 4'000'000;
    Tree out;
    for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator();
         ++it) {
        const auto name = it->path().filename().string();
        if (name == ".git" || name == "node_modules" || (name == "build" && it.depth() == 0)) {
            it.disable_recursion_pending();
            continue;
        }
        if (!it->is_regular_file()) continue;
        auto& text = out[fs::relative(it->path(), root).generic_string()];
        if (it->file_size() > largest_text) continue;
        std::ifstream in(it->path(), std::ios::binary);
        std::ostringstream content;
        content << in.rdbuf();
        text = content.str();
    }
    return out;
}

bool is_code(std::string_view path) {
    return path.ends_with(".cpp") || path.ends_with(".hpp") || path.ends_with(".h") ||
           path.ends_with(".c") || path.ends_with(".ipp") || path.ends_with(".hpp.in");
}

void each_line(std::string_view text, const std::function<void(std::size_t, std::string_view)>& f) {
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        f(number, text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

std::vector<std::string> includes_of(std::string_view text) {
    std::vector<std::string> out;
    each_line(text, [&](std::size_t, std::string_view line) {
        const auto skip = [&line] {
            line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        };
        skip();
        if (!line.starts_with('#')) return;
        line.remove_prefix(1);
        skip();
        constexpr std::string_view word = "include";
        if (!line.starts_with(word)) return;
        line.remove_prefix(word.size());
        skip();
        if (line.empty() || (line.front() != '<' && line.front() != '"')) return;
        const auto end = line.find(line.front() == '<' ? '>' : '"', 1);
        if (end != line.npos) out.emplace_back(line.substr(1, end - 1));
    });
    return out;
}

std::string joined(const Violations& violations) {
    std::string out;
    for (const auto& v : violations) out += "\n  " + v;
    return out;
}

}  // namespace huecry::test
