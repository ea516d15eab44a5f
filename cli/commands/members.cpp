#include <fmt/format.h>

#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

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
                        name(member.role), plural(devices.size(), "device"),
                        member.agreement_accepted > 0
                            ? fmt::format("  agreement {} accepted", member.agreement_accepted)
                            : ""));
        Object item;
        item.set("id", member.id.hex()).set("name", member.name);
        item.set("organisation", member.organisation).set("role", name(member.role));
        item.set("devices", devices).set("agreement_accepted", member.agreement_accepted);
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
