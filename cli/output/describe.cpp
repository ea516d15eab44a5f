#include "output/describe.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "huecry/text.hpp"

namespace huecry::cli {
namespace {

std::string spaced(std::string_view name) {
    std::string out(name);
    std::replace(out.begin(), out.end(), '-', ' ');
    std::replace(out.begin(), out.end(), '_', ' ');
    return out;
}

}  // namespace

std::string one_line(std::string_view text) { return printable(text); }

std::string paragraphs(std::string_view text) {
    auto out = printable(text, LineBreaks::keep);
    if (!out.empty() && out.back() != '\n') out += '\n';
    return out;
}

std::string in_quotes(std::string_view text) { return "\"" + one_line(text) + "\""; }

std::string person_text(const Person& person) {
    if (person.member_name.empty())
        return fmt::format("device {} ({})", person.device.short_hex(), name(person.role));
    auto inside = one_line(person.organisation);
    if (inside == one_line(person.member_name)) inside.clear();
    inside += (inside.empty() ? "" : ", ") + std::string(name(person.role));
    return fmt::format("{} ({}){}", one_line(person.member_name), inside,
                       person.self ? ", this device" : "");
}

Object person_json(const Person& person) {
    Object out;
    out.set("device", person.device.hex()).set("member", person.member.hex());
    out.set("name", person.member_name).set("organisation", person.organisation);
    out.set("role", name(person.role)).set("self", person.self);
    return out;
}

std::string channel_text(std::string_view name, const ChannelId& id) {
    return name.empty() ? id.short_hex() : one_line(name);
}

std::vector<std::string> role_names_of(const std::vector<Role>& roles) {
    std::vector<std::string> out;
    for (const auto role : roles) out.emplace_back(name(role));
    return out;
}

std::string role_list(const std::vector<Role>& roles) {
    if (roles.size() == directory::all_roles.size()) return "all";
    return roles.empty() ? "nobody" : fmt::format("{}", fmt::join(role_names_of(roles), ", "));
}

std::string plural(std::uint64_t count, std::string_view one, std::string_view many) {
    if (count == 1) return fmt::format("1 {}", one);
    return many.empty() ? fmt::format("{} {}s", count, one) : fmt::format("{} {}", count, many);
}

std::string_view send_state_name(SendState state) {
    switch (state) {
        case SendState::queued:
            return "queued";
        case SendState::accepted:
            return "accepted";
        case SendState::failed:
            return "failed";
    }
    return "unknown";
}

std::string duration_text(std::chrono::seconds duration) {
    const auto s = duration.count();
    if (s > 0 && s % 86400 == 0) return fmt::format("{} d", s / 86400);
    if (s > 0 && s % 3600 == 0) return fmt::format("{} h", s / 3600);
    if (s > 0 && s % 60 == 0) return fmt::format("{} min", s / 60);
    return fmt::format("{} s", s);
}

std::string alert_line(const Context& context, const AlertInfo& alert) {
    auto out = fmt::format("{}  {}  {}  {}{}", alert.id.short_hex(), context.when(alert.sent_ms),
                           channel_text(alert.channel_name, alert.channel),
                           alert.urgent ? "URGENT " : "", spaced(name(alert.category)));
    if (!alert.text.empty()) out += "  " + in_quotes(alert.text);
    if (!alert.offender.empty()) out += "  offender " + in_quotes(alert.offender);
    if (!alert.place.empty()) out += "  at " + in_quotes(alert.place);
    if (!alert.photos.empty()) out += "  " + plural(alert.photos.size(), "photo");
    out += "  from " + person_text(alert.from);
    if (alert.on_behalf_of)
        out += "  for " + (alert.behalf_name.empty() ? alert.on_behalf_of->short_hex()
                                                     : one_line(alert.behalf_name));
    out += "  until " + context.when(alert.expires_ms);
    if (alert.state != SendState::accepted)
        out += fmt::format("  [{}]", send_state_name(alert.state));
    return out;
}

std::string response_line(const Context& context, const ResponseInfo& response) {
    return fmt::format("{}  {}  {}", context.when(response.time_ms), spaced(name(response.answer)),
                       person_text(response.from));
}

Object response_json(const ResponseInfo& response) {
    Object out;
    out.set("from", person_json(response.from)).set("answer", name(response.answer));
    out.set_time("time", response.time_ms);
    return out;
}

Object alert_json(const AlertInfo& alert) {
    std::vector<Object> photos;
    for (const auto& photo : alert.photos) {
        Object item;
        item.set("width", photo.width).set("height", photo.height);
        photos.push_back(item.set_time("expires", photo.expires_ms));
    }
    std::vector<Object> responses;
    for (const auto& response : alert.responses) responses.push_back(response_json(response));
    Object out;
    out.set("id", alert.id.hex()).set("channel", alert.channel.hex());
    out.set("channel_name", alert.channel_name).set("from", person_json(alert.from));
    out.set("category", name(alert.category)).set("urgent", alert.urgent);
    out.set("text", alert.text).set("place", alert.place).set("offender", alert.offender);
    if (alert.on_behalf_of)
        out.set("for", alert.behalf_name).set("for_id", alert.on_behalf_of->hex());
    out.set("photos", photos).set_time("sent", alert.sent_ms).set_time("expires", alert.expires_ms);
    out.set("state", send_state_name(alert.state)).set("responses", responses);
    return out;
}

std::string event_line(const Context& context, const Event& event) {
    using Kind = Event::Kind;
    auto out = context.settings().zone.clock(event.time_ms) + "  " + spaced(name(event.kind));
    if (event.alert && event.kind == Kind::alert_received)
        return out + "  " + alert_line(context, *event.alert);
    if (event.response) {
        out += fmt::format("  {}  {}", spaced(name(event.response->answer)),
                           person_text(event.response->from));
    }
    if (event.alert) {
        out += "  " + event.alert->id.short_hex();
        if (!event.alert->text.empty()) out += "  " + in_quotes(event.alert->text);
    }
    if (event.person)
        out +=
            fmt::format("  {}  {}", event.person->device.short_hex(), person_text(*event.person));
    if (event.channel) out += "  " + channel_text(event.channel_name, *event.channel);
    if (!event.note.empty()) out += "  " + one_line(event.note);
    return out;
}

Object event_json(const Event& event) {
    Object out;
    out.set("event", name(event.kind)).set("number", event.number);
    out.set_time("time", event.time_ms);
    if (event.alert) out.set("alert", alert_json(*event.alert));
    if (event.response) out.set("response", response_json(*event.response));
    if (event.person) out.set("person", person_json(*event.person));
    if (event.channel) {
        out.set("channel", event.channel->hex());
        out.set("channel_name", event.channel_name);
    }
    if (!event.note.empty()) out.set("note", event.note);
    return out;
}

Object agreement_json(const AgreementInfo& agreement) {
    Object out;
    out.set("version", agreement.version).set("text", agreement.text);
    out.set_time("published", agreement.published_ms).set_time("deadline", agreement.deadline_ms);
    out.set("accepted_by_me", agreement.accepted_by_me);
    return out;
}

}  // namespace huecry::cli
