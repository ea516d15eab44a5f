#pragma once

#include <cstdint>
#include <string>
#include <vector>

// Local time without the process's own time zone: the owner of a profile writes times for people
// whose terminals may be set otherwise, so every asking side sends its zone's table along.
namespace huecry::cli {

class Zone {
public:
    struct Rule {
        std::int64_t from_s = 0;  // seconds since 1970 UTC
        std::int32_t offset_s = 0;
    };
    static constexpr std::size_t max_rules = 32;

    /// UTC.
    Zone() = default;
    /// Ascending; at most max_rules and offsets within a day, else UTC.
    explicit Zone(std::vector<Rule> rules);
    /// This process's zone, for about a year on both sides of `now_s`.
    static Zone of_process(std::int64_t now_s);

    /// "14:03" when `ms` is on the same local day as `now_ms`, else "2026-11-22 14:03"; "-" for 0.
    [[nodiscard]] std::string short_time(std::uint64_t ms, std::uint64_t now_ms) const;
    /// "14:03:22".
    [[nodiscard]] std::string clock(std::uint64_t ms) const;
    [[nodiscard]] const std::vector<Rule>& rules() const { return rules_; }

private:
    [[nodiscard]] std::int64_t local_s(std::uint64_t ms) const;
    std::vector<Rule> rules_;
};

/// "2026-11-22T14:03:22.123Z".
std::string iso_utc(std::uint64_t ms);
/// Milliseconds since 1970 by this machine's clock.
std::uint64_t now_ms();

}  // namespace huecry::cli
