#pragma once

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

// PROTOCOL.md as tests read it: its tables must say what the code does.
namespace huecry {

inline std::string protocol_document() {
    std::ifstream in(HUECRY_PROTO_DIR "/PROTOCOL.md");
    REQUIRE(in.good());
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

/// The lines after a heading, up to the next heading.
inline std::vector<std::string> protocol_section(const std::string& heading) {
    std::istringstream in(protocol_document());
    std::vector<std::string> out;
    bool inside = false;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("#"))
            inside = line == heading;
        else if (inside)
            out.push_back(line);
    }
    REQUIRE_FALSE(out.empty());
    return out;
}

/// The first table after a heading: rows of trimmed cells, the head first, the rule left out.
inline std::vector<std::vector<std::string>> protocol_table(const std::string& heading) {
    std::vector<std::vector<std::string>> out;
    for (const auto& line : protocol_section(heading)) {
        if (!line.starts_with("|")) {
            if (out.empty()) continue;
            break;
        }
        if (line.starts_with("|---")) continue;
        auto& row = out.emplace_back();
        std::istringstream cells(line.substr(1));
        for (std::string cell; std::getline(cells, cell, '|');) {
            const auto first = cell.find_first_not_of(' ');
            if (first == cell.npos)
                row.emplace_back();
            else
                row.push_back(cell.substr(first, cell.find_last_not_of(' ') - first + 1));
        }
    }
    REQUIRE_FALSE(out.empty());
    return out;
}

}  // namespace huecry
