#include <fmt/format.h>

#include "commands/decision.hpp"

namespace huecry::cli {
namespace {

Result<MemberInfo> look_up(Context& context) {
    HUECRY_TRY(context.connect());
    const auto typed = context.arguments().text("MEMBER");
    const auto id = context.client().find_member(typed);
    if (!id)
        return Error{id.error().code, "no member '" + typed + "'; 'huecry members' shows them all"};
    HUECRY_TRY_ASSIGN(const auto members, context.client().members());
    for (const auto& member : members)
        if (member.id == *id) return member;
    return Errc::not_found;
}

std::string shown(const MemberInfo& member) {
    return member.name.empty() ? member.id.short_hex() : one_line(member.name);
}

Result<void> finish(Context& context, const MemberInfo& member, const Decision& decision,
                    std::string_view state, const std::string& sentence) {
    // What follows for the channels is committed now.
    HUECRY_TRY(context.fetch());
    if (decision.effective) context.line(sentence);
    tell_waiting(context, decision);
    Object out;
    out.set("member", member.id.hex()).set("name", member.name);
    out.set("state", decision.effective ? state : std::string_view("proposed"));
    context.emit(set_decision(out, decision));
    return {};
}

/// After an attempt that was cut short it may be done already.
bool done_before(Context& context, const Result<Decision>& decision) {
    return context.settings().again && !decision &&
           decision.error().code == Errc::statement_conflict;
}

Result<void> suspend(Context& context) {
    HUECRY_TRY_ASSIGN(const auto member, look_up(context));
    auto decision = context.client().suspend(member.id);
    if (done_before(context, decision)) decision = Decision{};
    if (!decision) return decision.error();
    return finish(context, member, *decision, "suspended",
                  fmt::format("{} is suspended: none of their devices reads or posts anything from "
                              "now on. 'huecry member reinstate' undoes it.",
                              shown(member)));
}

Result<void> reinstate(Context& context) {
    HUECRY_TRY_ASSIGN(const auto member, look_up(context));
    auto decision = context.client().reinstate(member.id);
    if (done_before(context, decision)) decision = Decision{};
    if (!decision) return decision.error();
    return finish(context, member, *decision, "active",
                  fmt::format("{} is reinstated, with the rights as before.", shown(member)));
}

Result<void> change_role(Context& context) {
    const auto& arguments = context.arguments();
    RoleChange change;
    if (const auto typed = arguments.get("ROLE")) {
        HUECRY_TRY_ASSIGN(change.role, parse_role(*typed));
    }
    if (arguments.has("--all-channels")) change.channels.emplace();
    if (!change.role && !change.channels && !arguments.has("--channel"))
        return Error{Errc::invalid_argument, "give a role, --channel, or --all-channels"};
    HUECRY_TRY_ASSIGN(const auto member, look_up(context));
    change.member = member.id;
    for (const auto& typed : arguments.all("--channel")) {
        HUECRY_TRY_ASSIGN(const auto channel, context.channel(typed));
        if (!change.channels) change.channels.emplace();
        change.channels->push_back(channel);
    }
    auto decision = context.client().change_role(change);
    if (done_before(context, decision)) decision = Decision{};
    if (!decision) return decision.error();
    const auto role = change.role.value_or(member.role);
    return finish(context, member, *decision, name(role),
                  fmt::format("{} is {} now{}.", shown(member), name(role),
                              change.channels && !change.channels->empty()
                                  ? ", in " + plural(change.channels->size(), "channel")
                                  : ""));
}

}  // namespace

Commands member_commands() {
    using Kind = Option::Kind;
    const Option member{Kind::positional, "MEMBER", "MEMBER", "The name, or an id of 'members'",
                        true};
    return {
        {.name = "member suspend",
         .summary = "Take all rights from a member, until reinstated",
         .example = "huecry member suspend Ben",
         .options = {member},
         .run = suspend,
         .administers = true},
        {.name = "member reinstate",
         .summary = "Give a suspended member its rights back",
         .example = "huecry member reinstate Ben",
         .options = {member},
         .run = reinstate,
         .administers = true},
        {.name = "member role",
         .summary = "Change a member's role, or the channels it is kept to",
         .example = "huecry member role Ben security --channel town-centre",
         .options = {member,
                     {Kind::positional, "ROLE", "ROLE",
                      "coordinator, retailer, security, warden, cctv, police, integration"},
                     {Kind::values, "--channel", "CHANNEL", "Only this channel; may be repeated"},
                     {Kind::flag, "--all-channels", "", "All channels of the role again"}},
         .run = change_role,
         .administers = true},
    };
}

}  // namespace huecry::cli
