#include <array>
#include <utility>

#include "huecry/types.hpp"

namespace huecry {
namespace {

using namespace std::string_view_literals;

constexpr std::array categories{
    std::pair{Category::offender_in_area, "offender-in-area"sv},
    std::pair{Category::theft_in_progress, "theft-in-progress"sv},
    std::pair{Category::violence, "violence"sv},
    std::pair{Category::antisocial_behaviour, "antisocial-behaviour"sv},
    std::pair{Category::fraud, "fraud"sv},
    std::pair{Category::counterfeit, "counterfeit"sv},
    std::pair{Category::welfare, "welfare"sv},
    std::pair{Category::information, "information"sv},
    std::pair{Category::suspicious_behaviour, "suspicious-behaviour"sv},
    std::pair{Category::missing_person, "missing-person"sv},
};

constexpr std::array answers{
    std::pair{Answer::seen, "seen"sv},
    std::pair{Answer::coming, "coming"sv},
    std::pair{Answer::arrived, "arrived"sv},
    std::pair{Answer::stood_down, "stood-down"sv},
};

constexpr std::array events{
    std::pair{Event::Kind::alert_received, "alert-received"sv},
    std::pair{Event::Kind::response_received, "response-received"sv},
    std::pair{Event::Kind::alert_accepted, "alert-accepted"sv},
    std::pair{Event::Kind::alert_failed, "alert-failed"sv},
    std::pair{Event::Kind::alert_expired, "alert-expired"sv},
    std::pair{Event::Kind::device_pending, "device-pending"sv},
    std::pair{Event::Kind::device_admitted, "device-admitted"sv},
    std::pair{Event::Kind::device_revoked, "device-revoked"sv},
    std::pair{Event::Kind::removed, "removed"sv},
    std::pair{Event::Kind::channel_joined, "channel-joined"sv},
    std::pair{Event::Kind::agreement_published, "agreement-published"sv},
    std::pair{Event::Kind::agreement_accepted, "agreement-accepted"sv},
    std::pair{Event::Kind::warning, "warning"sv},
    std::pair{Event::Kind::used_elsewhere, "used-elsewhere"sv},
    std::pair{Event::Kind::online, "online"sv},
    std::pair{Event::Kind::offline, "offline"sv},
    std::pair{Event::Kind::member_suspended, "member-suspended"sv},
    std::pair{Event::Kind::member_reinstated, "member-reinstated"sv},
    std::pair{Event::Kind::role_changed, "role-changed"sv},
    std::pair{Event::Kind::device_changed, "device-changed"sv},
    std::pair{Event::Kind::device_rejoined, "device-rejoined"sv},
    std::pair{Event::Kind::device_dormant, "device-dormant"sv},
    std::pair{Event::Kind::device_returned, "device-returned"sv},
    std::pair{Event::Kind::channel_closed, "channel-closed"sv},
    std::pair{Event::Kind::channel_restarted, "channel-restarted"sv},
    std::pair{Event::Kind::delegation_granted, "delegation-granted"sv},
    std::pair{Event::Kind::delegation_ended, "delegation-ended"sv},
    std::pair{Event::Kind::policy_changed, "policy-changed"sv},
    std::pair{Event::Kind::proposal, "proposal"sv},
    std::pair{Event::Kind::invite_alarm, "invite-alarm"sv},
    std::pair{Event::Kind::authority_changed, "authority-changed"sv},
};

template <class Table, class Value>
std::string_view name_in(const Table& table, Value value) {
    for (const auto& [known, text] : table)
        if (known == value) return text;
    return "unknown";
}

template <class Value, class Table>
std::optional<Value> value_in(const Table& table, std::string_view name) {
    for (const auto& [known, text] : table)
        if (text == name) return known;
    return std::nullopt;
}

}  // namespace

std::string_view name(Category category) { return name_in(categories, category); }
std::string_view name(Answer answer) { return name_in(answers, answer); }
std::string_view name(Event::Kind kind) { return name_in(events, kind); }
std::optional<Category> category_from_name(std::string_view text) {
    return value_in<Category>(categories, text);
}
std::optional<Answer> answer_from_name(std::string_view text) {
    return value_in<Answer>(answers, text);
}

}  // namespace huecry
