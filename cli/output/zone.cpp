#include "output/zone.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>

namespace huecry::cli {
namespace {

constexpr std::int64_t day_s = 86400;
constexpr std::uint64_t last_ms = 253402300799999;  // end of the year 9999

std::tm broken_down(std::int64_t seconds) {
    const auto time = static_cast<std::time_t>(seconds);
    std::tm out{};
    ::gmtime_r(&time, &out);
    return out;
}

std::int32_t process_offset(std::int64_t seconds) {
    const auto time = static_cast<std::time_t>(seconds);
    std::tm out{};
    ::localtime_r(&time, &out);
    return static_cast<std::int32_t>(out.tm_gmtoff);
}

}  // namespace

Zone::Zone(std::vector<Rule> rules) {
    if (rules.size() > max_rules) return;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        if (rules[i].offset_s < -day_s || rules[i].offset_s > day_s) return;
        if (i > 0 && rules[i].from_s <= rules[i - 1].from_s) return;
    }
    rules_ = std::move(rules);
}

Zone Zone::of_process(std::int64_t now_s) {
    ::tzset();
    const auto first = now_s - 400 * day_s;
    std::vector<Rule> rules{{first, process_offset(first)}};
    for (auto at = first + day_s; at <= now_s + 400 * day_s && rules.size() < max_rules;
         at += day_s) {
        const auto offset = process_offset(at);
        if (offset == rules.back().offset_s) continue;
        auto low = at - day_s;
        auto high = at;
        while (high - low > 1) {
            const auto middle = low + (high - low) / 2;
            (process_offset(middle) == offset ? high : low) = middle;
        }
        rules.push_back({high, offset});
    }
    return Zone(std::move(rules));
}

std::int64_t Zone::local_s(std::uint64_t ms) const {
    const auto seconds = static_cast<std::int64_t>(std::min(ms, last_ms) / 1000);
    std::int32_t offset = rules_.empty() ? 0 : rules_.front().offset_s;
    for (const auto& rule : rules_)
        if (rule.from_s <= seconds) offset = rule.offset_s;
    return std::max<std::int64_t>(0, seconds + offset);
}

std::string Zone::clock(std::uint64_t ms) const {
    const auto t = broken_down(local_s(ms));
    return fmt::format("{:02}:{:02}:{:02}", t.tm_hour, t.tm_min, t.tm_sec);
}

std::string Zone::short_time(std::uint64_t ms, std::uint64_t now_ms) const {
    if (ms == 0) return "-";
    const auto t = broken_down(local_s(ms));
    const auto hours = fmt::format("{:02}:{:02}", t.tm_hour, t.tm_min);
    if (local_s(ms) / day_s == local_s(now_ms) / day_s) return hours;
    return fmt::format("{:04}-{:02}-{:02} {}", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, hours);
}

std::string iso_utc(std::uint64_t ms) {
    ms = std::min(ms, last_ms);
    const auto t = broken_down(static_cast<std::int64_t>(ms / 1000));
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", t.tm_year + 1900, t.tm_mon + 1,
                       t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, ms % 1000);
}

std::uint64_t now_ms() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    return ms < 0 ? 0 : static_cast<std::uint64_t>(ms);
}

}  // namespace huecry::cli
