#pragma once

#include "domain/surroundings.hpp"
#include "huecry/types.hpp"

namespace huecry::domain {

/// What there is to tell, in order. Rows hold no content: who shows one reads it where it lies.
class Events {
public:
    explicit Events(Surroundings& around) : around_(around) {}

    struct Row {
        std::uint64_t number = 0;
        Event::Kind kind = Event::Kind::warning;
        std::uint64_t time_ms = 0;
        std::optional<std::int64_t> alert;  // number of an alert that is alive
        MessageId message;
        DeviceId device;
        ChannelId channel;
        std::optional<Answer> answer;
        std::string note;
    };
    /// Number and time are given here.
    Result<void> add(const Row& row);
    Result<void> warn(const std::string& note) {
        Row row;
        row.note = note;
        return add(row);
    }
    std::optional<Row> next(std::uint64_t after);
    Result<void> mark_shown(std::uint64_t number);
    std::uint64_t shown();
    Result<void> expire(std::uint64_t now_ms);
    Result<void> erase_all();

    /// Something was added since the last `take_news`.
    [[nodiscard]] bool take_news() { return std::exchange(news_, false); }

    static constexpr std::uint64_t max_events = 10'000;  // of a flood, the newest are kept
    static constexpr std::uint64_t max_age_ms = 30ULL * 86'400'000;

private:
    Surroundings& around_;
    bool news_ = false;
};

}  // namespace huecry::domain
