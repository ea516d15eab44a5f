#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// The project's files in memory, so that a rule can be tried on a tree with something planted.
namespace huecry::test {

/// Path from the root (with /) → text; of files that are not text, only the name.
using Tree = std::map<std::string, std::string>;
using Violations = std::vector<std::string>;

/// Everything but what is built or installed (.git, build, node_modules).
Tree read_tree(const std::filesystem::path& root);

/// C++ and C: sources and headers.
bool is_code(std::string_view path);

/// What a file includes: the names between the brackets or quotes.
std::vector<std::string> includes_of(std::string_view text);

/// Calls `f(line number from 1, line)` for each line.
void each_line(std::string_view text, const std::function<void(std::size_t, std::string_view)>& f);

/// All in one line each, for a message.
std::string joined(const Violations& violations);

}  // namespace huecry::test
