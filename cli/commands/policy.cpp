#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "commands/decision.hpp"

namespace huecry::cli {
namespace {

std::string role_words(directory::RoleMask mask) {
    std::string out;
    for (const auto role : directory::all_roles)
        if (directory::contains(mask, role))
            out += (out.empty() ? "" : ",") + std::string(name(role));
    return out.empty() ? "nobody" : out;
}

Result<bool> read_flag(std::string_view text) {
    if (text == "yes" || text == "1" || text == "true") return true;
    if (text == "no" || text == "0" || text == "false") return false;
    return wrong_word("answer", text, "yes or no");
}
template <class Number>
Result<Number> read_seconds(std::string_view text) {
    if (text == "0") return Number{0};
    HUECRY_TRY_ASSIGN(const auto typed, parse_duration(text));
    return static_cast<Number>(typed.count());
}
Result<std::uint16_t> read_days(std::string_view text) {
    if (!text.empty() && text.back() == 'd') text.remove_suffix(1);
    HUECRY_TRY_ASSIGN(const auto days,
                      parse_number(text, 1, std::numeric_limits<std::uint16_t>::max()));
    return static_cast<std::uint16_t>(days);
}
Result<directory::RoleMask> read_roles(std::string_view text) {
    if (text == "nobody") return directory::RoleMask{0};
    if (text == "all") return directory::every_role;
    directory::RoleMask out = 0;
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        HUECRY_TRY_ASSIGN(const auto role, parse_role(text.substr(0, comma)));
        out = static_cast<directory::RoleMask>(out | directory::bit(role));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return out;
}

std::string yes_no(bool value) { return value ? "yes" : "no"; }
std::string lasting(std::uint64_t seconds) {
    return duration_text(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

/// One row a field: how it is typed, shown and explained.
struct Field {
    std::string_view name;
    std::string_view meaning;
    std::string (*show)(const Policy&);
    Result<void> (*read)(std::string_view, Policy&);
    void (*put)(Object&, const Policy&);
};

template <auto Member, auto Read>
Result<void> read_into(std::string_view text, Policy& policy) {
    HUECRY_TRY_ASSIGN(policy.*Member, Read(text));
    return {};
}

constexpr std::array fields{
    Field{"in_person_admits", "an invite handed over in person admits at once",
          [](const Policy& p) { return yes_no(p.in_person_admits); },
          read_into<&Policy::in_person_admits, read_flag>,
          [](Object& o, const Policy& p) { o.set("in_person_admits", p.in_person_admits); }},
    Field{
        "members_link_devices", "members add further devices of their own",
        [](const Policy& p) { return yes_no(p.members_link_devices); },
        read_into<&Policy::members_link_devices, read_flag>,
        [](Object& o, const Policy& p) { o.set("members_link_devices", p.members_link_devices); }},
    Field{"dormant_days", "a device unseen for so long is put out until it returns",
          [](const Policy& p) { return std::to_string(p.dormant_days) + " d"; },
          read_into<&Policy::dormant_days, read_days>,
          [](Object& o, const Policy& p) { o.set("dormant_days", p.dormant_days); }},
    Field{"max_alert_s", "the longest life of an alert in any channel",
          [](const Policy& p) { return lasting(p.max_alert_s); },
          read_into<&Policy::max_alert_s, read_seconds<std::uint32_t>>,
          [](Object& o, const Policy& p) { o.set("max_alert_s", p.max_alert_s); }},
    Field{"max_photo_s", "the longest life of a photo in any channel",
          [](const Policy& p) { return lasting(p.max_photo_s); },
          read_into<&Policy::max_photo_s, read_seconds<std::uint32_t>>,
          [](Object& o, const Policy& p) { o.set("max_photo_s", p.max_photo_s); }},
    Field{"lease_offline_s", "how long a photo opens without contact to the relay",
          [](const Policy& p) { return lasting(p.lease_offline_s); },
          read_into<&Policy::lease_offline_s, read_seconds<std::uint32_t>>,
          [](Object& o, const Policy& p) { o.set("lease_offline_s", p.lease_offline_s); }},
    Field{"access_log_roles", "who may ask the relay who was given which photo",
          [](const Policy& p) { return role_words(p.access_log_roles); },
          read_into<&Policy::access_log_roles, read_roles>,
          [](Object& o, const Policy& p) {
              std::vector<std::string> roles;
              for (const auto role : directory::all_roles)
                  if (directory::contains(p.access_log_roles, role)) roles.emplace_back(name(role));
              o.set("access_log_roles", roles);
          }},
    Field{"access_log_days", "how long the relay keeps that log",
          [](const Policy& p) { return std::to_string(p.access_log_days) + " d"; },
          read_into<&Policy::access_log_days, read_days>,
          [](Object& o, const Policy& p) { o.set("access_log_days", p.access_log_days); }},
};

Result<void> read_field(std::string_view typed, Policy& policy) {
    const auto equals = typed.find('=');
    std::string known;
    for (const auto& field : fields) known += (known.empty() ? "" : ", ") + std::string(field.name);
    if (equals == std::string_view::npos)
        return wrong_word("setting", typed, "FIELD=VALUE; the fields are " + known);
    for (const auto& field : fields)
        if (field.name == typed.substr(0, equals))
            return field.read(typed.substr(equals + 1), policy);
    return wrong_word("field of the policy", typed.substr(0, equals), "one of " + known);
}

Object policy_json(const PolicyInfo& info) {
    Object policy;
    for (const auto& field : fields) field.put(policy, info.policy);
    Object out;
    out.set("version", info.version).set("policy", policy);
    return std::move(out.set("quorum", info.quorum).set("coordinators", info.voters));
}

Result<void> show(Context& context) {
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto info, context.client().policy());
    for (const auto& field : fields)
        context.line(
            fmt::format("{:21} {:12} {}", field.name, field.show(info.policy), field.meaning));
    context.note(fmt::format("Policy version {}. Grave acts need {} of {}.", info.version,
                             info.quorum, plural(info.voters, "coordinator")));
    auto out = policy_json(info);
    context.emit(out.set("fetched", context.is_fetched()));
    return context.fetched();
}

Result<void> set(Context& context) {
    HUECRY_TRY(context.connect());
    HUECRY_TRY_ASSIGN(const auto before, context.client().policy());
    auto policy = before.policy;
    for (const auto& typed : context.arguments().all("FIELD=VALUE"))
        HUECRY_TRY(read_field(typed, policy));
    if (policy == before.policy) return Error{Errc::invalid_argument, "the policy says so already"};
    const auto looser = loosened(before.policy, policy);
    if (!looser.empty())
        context.note(fmt::format("Looser than before: {}. That needs the quorum ({} of {}).",
                                 fmt::join(looser, ", "), before.quorum,
                                 plural(before.voters, "coordinator")));
    HUECRY_TRY_ASSIGN(const auto decision, context.client().set_policy(policy));
    if (decision.effective) context.line("The policy is set.");
    tell_waiting(context, decision);
    HUECRY_TRY_ASSIGN(const auto after, context.client().policy());
    auto out = policy_json(after);
    out.set("looser", looser);
    context.emit(set_decision(out, decision));
    return {};
}

Result<void> quorum_show(Context& context) {
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto info, context.client().policy());
    context.line(
        fmt::format("Grave acts need {} of {}.", info.quorum, plural(info.voters, "coordinator")));
    context.note(
        "Grave: to make somebody coordinator or police, to demote or suspend a coordinator, to "
        "loosen the policy, to raise this number.");
    Object out;
    out.set("quorum", info.quorum).set("coordinators", info.voters);
    context.emit(out.set("fetched", context.is_fetched()));
    return context.fetched();
}

Result<void> quorum_set(Context& context) {
    HUECRY_TRY_ASSIGN(const auto number, parse_number(context.arguments().text("NUMBER"), 1, 1000));
    HUECRY_TRY(context.connect());
    HUECRY_TRY_ASSIGN(const auto before, context.client().policy());
    if (number == before.quorum) return Error{Errc::invalid_argument, "the quorum is that already"};
    if (number > before.voters)
        return Error{Errc::invalid_argument,
                     fmt::format("there are only {} who could support anything",
                                 plural(before.voters, "coordinator"))};
    HUECRY_TRY_ASSIGN(const auto decision,
                      context.client().set_quorum(static_cast<std::uint32_t>(number)));
    if (decision.effective)
        context.line(fmt::format("Grave acts now need {}.", plural(number, "coordinator")));
    tell_waiting(context, decision);
    HUECRY_TRY_ASSIGN(const auto after, context.client().policy());
    Object out;
    out.set("quorum", after.quorum).set("coordinators", after.voters);
    context.emit(set_decision(out, decision));
    return {};
}

}  // namespace

Commands policy_commands() {
    using Kind = Option::Kind;
    return {
        {.name = "policy show",
         .summary = "Show what the partnership has decided about itself",
         .example = "huecry policy show",
         .options = {},
         .run = show},
        {.name = "policy set",
         .summary = "Change the policy; what makes it looser needs the quorum",
         .example = "huecry policy set dormant_days=60 max_photo_s=2d",
         .options = {{Kind::rest, "FIELD=VALUE", "FIELD=VALUE",
                      "As 'policy show' names them; times as 12h or 2d, roles as police,cctv",
                      true}},
         .run = set,
         .administers = true},
        {.name = "quorum show",
         .summary = "Show how many coordinators a grave act needs",
         .example = "huecry quorum show",
         .options = {},
         .run = quorum_show},
        {.name = "quorum set",
         .summary = "Change how many coordinators a grave act needs; only the root key lowers it",
         .example = "huecry quorum set 2",
         .options = {{Kind::positional, "NUMBER", "NUMBER", "Of distinct members", true}},
         .run = quorum_set,
         .administers = true},
    };
}

}  // namespace huecry::cli
