#include <fmt/format.h>

#include "commands/decision.hpp"

namespace huecry::cli {
namespace {

Result<DeviceInfo> look_up(Context& context, const DeviceId& id) {
    HUECRY_TRY_ASSIGN(const auto devices, context.client().devices());
    for (const auto& device : devices)
        if (device.id == id) return device;
    return Errc::not_found;
}

Result<void> approve(Context& context) {
    HUECRY_TRY(context.connect());
    HUECRY_TRY_ASSIGN(const auto id, context.device(context.arguments().text("DEVICE")));
    HUECRY_TRY_ASSIGN(const auto device, look_up(context, id));
    if (device.state == DeviceInfo::State::revoked)
        return Error{Errc::device_removed, "a revoked device cannot be approved"};
    HUECRY_TRY_ASSIGN(const auto phrase, context.client().safety_phrase(id));
    Decision decision;
    if (device.state == DeviceInfo::State::dormant)
        return Error{Errc::invalid_argument, "a dormant device lets itself in when it is back"};
    if (device.state == DeviceInfo::State::pending) {
        context.line(fmt::format("Device {} of {}", id.short_hex(), person_text(device.owner)));
        context.line("Safety phrase: " + one_line(phrase));
        if (!context.arguments().has("--yes")) {
            if (!context.console().can_ask())
                return Error{Errc::cancelled,
                             "compare the safety phrase with the newcomer's, then give --yes"};
            const auto answer =
                context.console().ask("Does the newcomer see exactly this phrase? [y/N] ");
            if (!answer || (*answer != "y" && *answer != "Y" && *answer != "yes"))
                return Error{Errc::cancelled, "the device was not approved"};
        }
        HUECRY_TRY_ASSIGN(decision, context.client().approve(id));
    }
    if (decision.effective) context.line(fmt::format("Device {} is approved.", id.short_hex()));
    tell_waiting(context, decision);
    Object out;
    out.set("device", id.hex()).set("owner", person_json(device.owner));
    out.set("safety_phrase", phrase).set("state", decision.effective ? "active" : "proposed");
    context.emit(set_decision(out, decision));
    return {};
}

}  // namespace

Commands approve_commands() {
    using Kind = Option::Kind;
    return {{
        .name = "approve",
        .summary = "Let in a device that waits, after comparing the safety phrase",
        .example = "huecry approve 9c01d2e3",
        .options = {{Kind::positional, "DEVICE", "DEVICE", "Its id, a prefix of it, or last", true},
                    {Kind::flag, "--yes", "", "The phrases have been compared: do not ask"}},
        .run = approve,
        .administers = true,
    }};
}

}  // namespace huecry::cli
