#include <fmt/format.h>

#include "commands/decision.hpp"
#include "output/qr.hpp"

namespace huecry::cli {
namespace {

std::string_view state_name(InviteInfo::State state) {
    switch (state) {
        case InviteInfo::State::open:
            return "open";
        case InviteInfo::State::used:
            return "used";
        case InviteInfo::State::withdrawn:
            return "withdrawn";
        case InviteInfo::State::expired:
            return "expired";
        case InviteInfo::State::proposed:
            return "proposed";
    }
    return "unknown";
}

Object invite_json(const InviteInfo& invite) {
    Object out;
    out.set("id", invite.id.hex()).set("member", invite.member);
    out.set("organisation", invite.organisation).set("role", name(invite.role));
    out.set("in_person", invite.in_person).set_time("expires", invite.expires_ms);
    out.set("kind", invite.for_device ? "device" : "member").set("alarmed", invite.alarmed);
    if (!invite.used_by.is_zero()) out.set("used_by", invite.used_by.hex());
    return out.set("state", state_name(invite.state));
}

Result<InviteRequest> read_request(const Context& context) {
    const auto& arguments = context.arguments();
    InviteRequest request;
    request.member = arguments.text("--member");
    if (!arguments.has("--role") || request.member.empty())
        return Error{Errc::invalid_argument, "an invite needs --role and --member"};
    HUECRY_TRY_ASSIGN(request.role, parse_role(arguments.text("--role")));
    request.organisation = arguments.text("--organisation");
    request.in_person = arguments.has("--in-person");
    if (const auto expires = arguments.get("--expires")) {
        HUECRY_TRY_ASSIGN(request.lifetime, parse_duration(*expires));
    }
    return request;
}

Result<void> invite(Context& context) {
    HUECRY_TRY_ASSIGN(auto request, read_request(context));
    context.progress("Asking the relay …");
    HUECRY_TRY(context.connect());
    for (const auto& typed : context.arguments().all("--channel")) {
        HUECRY_TRY_ASSIGN(const auto channel, context.channel(typed));
        request.channels.push_back(channel);
    }
    HUECRY_TRY_ASSIGN(const auto made, context.client().invite(request));
    if (context.settings().again)
        context.note(
            "The first attempt was cut short: withdraw what 'huecry invite list' shows twice.");
    context.line(made.link);
    if (context.arguments().has("--qr") && !context.json()) {
        HUECRY_TRY_ASSIGN(const auto picture, qr_code(made.link));
        context.console().out(picture);
    }
    tell_waiting(context, made.decision);
    context.note(fmt::format("For {} ({}), once, until {}. {}", one_line(made.member),
                             name(made.role), context.when(made.expires_ms),
                             made.in_person ? "Admits at once: hand it over yourself."
                                            : "Whoever joins with it waits for 'huecry approve'."));
    auto out = invite_json(made);
    context.emit(set_decision(out.set("link", made.link), made.decision));
    return {};
}

Result<void> list(Context& context) {
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto invites, context.client().invites());
    std::vector<Object> all;
    for (const auto& invite : invites) {
        context.line(fmt::format(
            "{}  {:9}  {}  {}{}{}  until {}{}", invite.id.short_hex(), state_name(invite.state),
            invite.member.empty() ? "-" : one_line(invite.member), name(invite.role),
            invite.in_person ? ", in person" : "", invite.for_device ? ", further device" : "",
            context.when(invite.expires_ms),
            invite.alarmed ? "  ALARM: somebody else tried the same link" : ""));
        all.push_back(invite_json(invite));
    }
    if (invites.empty()) context.note("No invites.");
    context.emit(Object().set("invites", all).set("fetched", context.is_fetched()));
    return context.fetched();
}

Result<void> withdraw(Context& context) {
    const auto typed = context.arguments().text("INVITE");
    HUECRY_TRY(context.connect());
    const auto id = context.client().find_invite(typed);
    if (!id) return id.error();
    HUECRY_TRY(context.client().withdraw_invite(*id));
    context.line(fmt::format("Invite {} is withdrawn.", id->short_hex()));
    context.emit(Object().set("invite", id->hex()).set("state", "withdrawn"));
    return {};
}

}  // namespace

Commands invite_commands() {
    using Kind = Option::Kind;
    return {
        {
            .name = "invite",
            .summary = "Make a link that one new member joins with; or list, withdraw",
            .example = "huecry invite --role retailer --member Ben --organisation Bakery --qr",
            .options = {{Kind::value, "--role", "ROLE",
                         "coordinator, retailer, security, warden, cctv, police, integration"},
                        {Kind::value, "--member", "NAME", "Who it is for"},
                        {Kind::value, "--organisation", "NAME",
                         "What the newcomer belongs to (default: their name)"},
                        {Kind::values, "--channel", "CHANNEL",
                         "Only this channel; may be repeated (default: all of the role's)"},
                        {Kind::flag, "--in-person", "",
                         "Handed over face to face: admits at once, without approval"},
                        {Kind::value, "--expires", "TIME", "How long the link works (default: 7d)"},
                        {Kind::flag, "--qr", "", "Show the link as a QR code too"}},
            .run = invite,
            .administers = true,
        },
        {.name = "invite list",
         .summary = "Show the invites that were made",
         .example = "huecry invite list --json",
         .options = {},
         .run = list,
         .administers = true},
        {.name = "invite withdraw",
         .summary = "Make an unused invite worthless",
         .example = "huecry invite withdraw 4f1c22aa",
         .options = {{Kind::positional, "INVITE", "INVITE", "Its id, as 'invite list' shows it",
                      true}},
         .run = withdraw,
         .administers = true},
    };
}

}  // namespace huecry::cli
