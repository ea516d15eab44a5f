#include <fmt/format.h>

#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

std::string standing(const MemberInfo& member) {
    std::string out;
    if (member.suspended) out += "  SUSPENDED";
    if (!member.channels.empty()) out += "  only " + plural(member.channels.size(), "channel");
    if (member.agreement_accepted > 0)
        out += fmt::format("  agreement {} accepted", member.agreement_accepted);
    if (!member.good_standing) out += member.lapsed ? "  lapsed" : "  agreement not accepted";
    return out;
}

Result<void> members(Context& context) {
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto members, context.client().members());
    std::vector<Object> all;
    for (const auto& member : members) {
        std::vector<std::string> devices;
        for (const auto& device : member.devices) devices.push_back(device.hex());
        context.line(
            fmt::format("{}  {}  {}  {}  {}{}", member.id.short_hex(),
                        member.name.empty() ? "(name not known yet)" : one_line(member.name),
                        member.organisation.empty() ? "-" : one_line(member.organisation),
                        name(member.role), plural(devices.size(), "device"), standing(member)));
        Object item;
        item.set("id", member.id.hex()).set("name", member.name);
        item.set("organisation", member.organisation).set("role", name(member.role));
        item.set("devices", devices).set("agreement_accepted", member.agreement_accepted);
        item.set("state", member.suspended ? "suspended" : "active");
        item.set("good_standing", member.good_standing).set("self", member.self);
        std::vector<std::string> channels;
        for (const auto& channel : member.channels) channels.push_back(channel.hex());
        item.set("channels", channels);
        all.push_back(item.set_time("agreement_accepted_at", member.agreement_accepted_ms));
    }
    context.emit(Object().set("members", all).set("fetched", context.is_fetched()));
    return context.fetched();
}

}  // namespace

Commands members_commands() {
    return {{
        .name = "members",
        .summary = "Show who belongs to the partnership",
        .example = "huecry members",
        .options = {},
        .run = members,
    }};
}

}  // namespace huecry::cli
