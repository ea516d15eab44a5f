#include <fmt/format.h>

#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

std::string_view state_name(DeviceInfo::State state) {
    switch (state) {
        case DeviceInfo::State::pending:
            return "pending";
        case DeviceInfo::State::active:
            return "active";
        case DeviceInfo::State::revoked:
            return "revoked";
        case DeviceInfo::State::dormant:
            return "dormant";
    }
    return "unknown";
}

Result<void> devices(Context& context) {
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto devices, context.client().devices());
    HUECRY_TRY_ASSIGN(const auto self, context.client().info());
    std::vector<Object> all;
    for (const auto& device : devices) {
        if (context.arguments().has("--own") && device.owner.member != self.self.member) continue;
        // Whoever waits, or lets somebody in, has to compare phrases.
        std::string phrase;
        if (device.state == DeviceInfo::State::pending || context.arguments().has("--phrases")) {
            HUECRY_TRY_ASSIGN(phrase, context.client().safety_phrase(device.id));
        }
        context.line(fmt::format("{}  {:7}  {}  since {}{}", device.id.short_hex(),
                                 state_name(device.state), person_text(device.owner),
                                 context.when(device.admitted_ms),
                                 phrase.empty() ? "" : "  phrase: " + one_line(phrase)));
        Object item;
        item.set("id", device.id.hex()).set("owner", person_json(device.owner));
        item.set("state", state_name(device.state)).set_time("admitted", device.admitted_ms);
        item.set_time("seen", device.seen_ms);
        if (!phrase.empty()) item.set("safety_phrase", phrase);
        all.push_back(item.set("self", device.self));
    }
    context.emit(Object().set("devices", all).set("fetched", context.is_fetched()));
    return context.fetched();
}

}  // namespace

Commands devices_commands() {
    using Kind = Option::Kind;
    const std::vector<Option> options{
        {Kind::flag, "--own", "", "Only those of this device's member"},
        {Kind::flag, "--phrases", "", "The safety phrase of each, to compare with its owner"}};
    return {{
                .name = "devices",
                .summary = "Show the devices, also those that wait for approval and those removed",
                .example = "huecry devices",
                .options = options,
                .run = devices,
            },
            {
                .name = "device list",
                .summary = "The same as 'devices'",
                .example = "huecry device list --own",
                .options = options,
                .run = devices,
            }};
}

}  // namespace huecry::cli
