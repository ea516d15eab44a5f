#include "values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace huecry::cli {
namespace {

constexpr std::uint64_t longest_duration_s = 366ULL * 86400;

/// Digits at the front of `text`, removed from it.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t value = 0;
    const auto* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || rest == text.data()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    return value;
}

std::uint64_t seconds_of(char unit) {
    switch (unit) {
        case 's':
            return 1;
        case 'm':
            return 60;
        case 'h':
            return 3600;
        case 'd':
            return 86400;
        case 'w':
            return 604800;
        default:
            return 0;
    }
}

}  // namespace

Error wrong_word(std::string_view what, std::string_view text, std::string_view expected) {
    std::string shown;
    for (const char c : text.substr(0, 40)) shown += c >= ' ' && c < 0x7f ? c : '?';
    return {Errc::invalid_argument, fmt::format("'{}' is no {}; give {}", shown, what, expected)};
}

Result<std::chrono::seconds> parse_duration(std::string_view text) {
    const auto error = wrong_word("duration", text, "e.g. 45s, 30m, 8h, 2d or 1h30m, at most 366d");
    std::string_view rest = text;
    std::uint64_t total = 0;
    std::uint64_t last_unit = UINT64_MAX;
    while (!rest.empty()) {
        const auto value = take_number(rest);
        if (!value || rest.empty()) return error;
        const auto unit = seconds_of(rest.front());
        rest.remove_prefix(1);
        if (unit == 0 || unit >= last_unit || *value > longest_duration_s) return error;
        last_unit = unit;
        total += *value * unit;
        if (total > longest_duration_s) return error;
    }
    if (total == 0) return error;
    return std::chrono::seconds(static_cast<std::int64_t>(total));
}

Result<Rectangle> parse_rectangle(std::string_view text) {
    const auto error =
        wrong_word("rectangle", text, "X,Y,WIDTH,HEIGHT in pixels of the upright photo");
    std::array<std::uint32_t, 4> numbers{};
    std::string_view rest = text;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (i > 0) {
            if (rest.empty() || rest.front() != ',') return error;
            rest.remove_prefix(1);
        }
        const auto value = take_number(rest);
        if (!value || *value > 1'000'000) return error;
        numbers.at(i) = static_cast<std::uint32_t>(*value);
    }
    if (!rest.empty() || numbers[2] == 0 || numbers[3] == 0) return error;
    return Rectangle{numbers[0], numbers[1], numbers[2], numbers[3]};
}

Result<std::uint64_t> parse_number(std::string_view text, std::uint64_t min, std::uint64_t max) {
    std::string_view rest = text;
    const auto value = take_number(rest);
    if (!value || !rest.empty() || *value < min || *value > max)
        return wrong_word("number here", text, fmt::format("one from {} to {}", min, max));
    return *value;
}

}  // namespace huecry::cli
