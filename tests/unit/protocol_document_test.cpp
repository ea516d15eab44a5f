#include "protocol_document.hpp"

#include "directory/safety_words.hpp"
#include "directory_town.hpp"
#include "huecry/limits.hpp"
#include "huecry/wire/padding.hpp"

namespace huecry {
namespace {

TEST_CASE("the table of errors is errors.def") {
    struct Row {
        std::string_view name;
        unsigned number;
        bool retryable;
        std::string_view sentence;
    };
    const std::vector<Row> code{
#define HUECRY_ERROR(name, number, retryable, exit_code, sentence) \
    Row{#name, number, retryable, sentence},
#include "huecry/errors.def"
#undef HUECRY_ERROR
    };
    const auto rows = protocol_table("### Errors");
    REQUIRE(rows.size() == code.size() + 1);
    for (std::size_t i = 0; i < code.size(); ++i) {
        const auto& row = rows[i + 1];
        REQUIRE(row.size() == 4);
        CHECK(row[0] == std::to_string(code[i].number));
        CHECK(row[1] == code[i].name);
        CHECK(row[2] == (code[i].retryable ? "yes" : "no"));
        CHECK(row[3] == code[i].sentence);
    }
}

TEST_CASE("the table of limits is limits.def") {
    const std::vector<std::array<std::string, 4>> code{
#define HUECRY_LIMIT(name, value, unit, reason) {#name, std::to_string(value), unit, reason},
#include "huecry/limits.def"
#undef HUECRY_LIMIT
    };
    const auto rows = protocol_table("### Limits");
    REQUIRE(rows.size() == code.size() + 1);
    for (std::size_t i = 0; i < code.size(); ++i) {
        REQUIRE(rows[i + 1].size() == 4);
        for (std::size_t c = 0; c < 4; ++c) CHECK(rows[i + 1][c] == code[i][c]);
    }
}

TEST_CASE("the table of actions is the code's") {
    const auto rows = protocol_table("### 12.2 Actions");
    for (std::size_t i = 1; i < rows.size(); ++i) {
        CHECK(rows[i][0] == std::to_string(i));
        CHECK(rows[i][1] == directory::name(static_cast<directory::Action>(i)));
        CHECK(rows[i][2] != "reserved");
    }
    CHECK(rows.size() == directory::last_action + 1U);
    CHECK(directory::name(static_cast<directory::Action>(rows.size())) == "unknown");
}

TEST_CASE("the safety words are the code's, in its order") {
    std::vector<std::string> words;
    bool formulas = true;
    for (const auto& line : protocol_section("### 12.8 Safety phrase")) {
        // The block after the paragraph that introduces it.
        if (line.starts_with("Words number")) formulas = false;
        if (formulas || !line.starts_with("    ")) continue;
        std::istringstream in(line);
        for (std::string word; in >> word;) words.push_back(word);
    }
    REQUIRE(words.size() == directory::safety_words.size());
    for (std::size_t i = 0; i < words.size(); ++i) CHECK(words[i] == directory::safety_words[i]);
}

TEST_CASE("every label in the sources stands in the document, and the sizes of paddings") {
    const auto text = protocol_document();
    for (const auto size : padded_sizes) {
        auto digits = std::to_string(size);
        if (digits.size() > 3) digits.insert(digits.size() - 3, ",");
        CAPTURE(digits);
        CHECK(text.find(digits) != text.npos);
    }
    for (const auto* label :
         {"relay proof",    "client proof",   "chain start",     "chain",
          "head",           "device id",      "invite id",       "statement",
          "statement id",   "partnership id", "next root",       "name",
          "invite signing", "invite sealing", "link check",      "safety phrase",
          "safety salt",    "document",       "document digest", "record offender"}) {
        CAPTURE(label);
        CHECK(text.find("`huecry/1 " + std::string(label) + "`") != text.npos);
    }
}

}  // namespace
}  // namespace huecry
