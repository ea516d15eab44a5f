#pragma once

#include <chrono>
#include <string_view>

#include "huecry/types.hpp"

// Reading what people type into values. Errors: invalid_argument with what was expected.
namespace huecry::cli {

/// "45s", "30m", "8h", "2d", "1w", also added up: "1h30m". From 1 second to 366 days.
Result<std::chrono::seconds> parse_duration(std::string_view text);
/// "X,Y,W,H" in pixels of the upright photo; width and height at least 1.
Result<Rectangle> parse_rectangle(std::string_view text);
Result<Role> parse_role(std::string_view text);
/// Also with spaces or underscores for the dashes.
Result<Category> parse_category(std::string_view text);
Result<Answer> parse_answer(std::string_view text);
/// A whole number without sign.
Result<std::uint64_t> parse_number(std::string_view text, std::uint64_t min, std::uint64_t max);

/// The error for a word that does not fit: "'x' is no WHAT; give EXPECTED".
Error wrong_word(std::string_view what, std::string_view text, std::string_view expected);

/// "a, b, c": the names that `parse_…` accept.
std::string role_names();
std::string category_names();

}  // namespace huecry::cli
