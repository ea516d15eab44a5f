#include <fmt/format.h>

#include "commands/commands.hpp"
#include "output/qr.hpp"

// One's own further devices, and this one's key. `devices` shows all of the partnership's.
namespace huecry::cli {
namespace {

Result<void> link(Context& context) {
    DeviceLinkRequest request;
    request.in_person = context.arguments().has("--at-once");
    if (const auto typed = context.arguments().get("--expires")) {
        HUECRY_TRY_ASSIGN(request.lifetime, parse_duration(*typed));
    }
    HUECRY_TRY(context.connect());
    HUECRY_TRY_ASSIGN(const auto made, context.client().link_device(request));
    context.line(made.link);
    if (context.arguments().has("--qr") && !context.json()) {
        HUECRY_TRY_ASSIGN(const auto picture, qr_code(made.link));
        context.console().out(picture);
    }
    context.note(fmt::format(
        "For your own hands only: whoever opens it acts as you. Type or scan it on your other "
        "device, once, until {}: huecry link-device LINK. {}",
        context.when(made.expires_ms),
        request.in_person ? ""
                          : "Then compare the phrase that it shows, here: huecry approve last"));
    Object out;
    out.set("id", made.id.hex()).set("link", made.link).set("kind", "device");
    context.emit(out.set_time("expires", made.expires_ms));
    return {};
}

/// The words of a device's keys: the same where it is and wherever somebody looks at it.
Result<void> words(Context& context) {
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto info, context.client().info());
    auto device = info.self.device;
    if (const auto typed = context.arguments().get("DEVICE")) {
        HUECRY_TRY_ASSIGN(device, context.device(*typed));
    }
    HUECRY_TRY_ASSIGN(const auto phrase, context.client().safety_phrase(device));
    context.line(phrase);
    context.note(device == info.self.device
                     ? fmt::format("This device's words. Elsewhere 'huecry device words {}' must "
                                   "show the same; compare them in person or by telephone.",
                                   device.short_hex())
                     : "On that device itself 'huecry device words' must show the same.");
    Object out;
    out.set("device", device.hex()).set("words", phrase);
    context.emit(out.set("self", device == info.self.device));
    return context.fetched();
}

Result<void> rotate(Context& context) {
    HUECRY_TRY(context.connect());
    HUECRY_TRY(context.fetched());  // all that is due is out
    HUECRY_TRY_ASSIGN(const auto before, context.client().info());
    HUECRY_TRY(context.client().rotate_device_key());
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto after, context.client().info());
    context.line(fmt::format(
        "This device is {} now; {} is revoked. It reads its channels again as soon as one of "
        "their members is online.",
        after.self.device.short_hex(), before.self.device.short_hex()));
    Object out;
    out.set("device", after.self.device.hex()).set("replaced", before.self.device.hex());
    context.emit(out);
    return {};
}

}  // namespace

Commands device_commands() {
    using Kind = Option::Kind;
    return {
        {.name = "device link",
         .summary = "Make a link that adds a further device of your own",
         .example = "huecry device link --qr",
         .options = {{Kind::flag, "--at-once", "",
                      "Admit it without comparing the phrase, where policy and role allow that"},
                     {Kind::value, "--expires", "TIME", "How long the link works (default: 1h)"},
                     {Kind::flag, "--qr", "", "Show the link as a QR code too"}},
         .run = link},
        {.name = "device words",
         .summary = "Show the words of a device's keys, to compare with what it shows itself",
         .example = "huecry device words 3f2a9c1d",
         .options = {{Kind::positional, "DEVICE", "DEVICE", "Id or prefix (default: this one)"}},
         .run = words},
        {.name = "device rotate-key",
         .summary = "Give this device new keys; its old ones are worth nothing from then on",
         .example = "huecry device rotate-key",
         .options = {},
         .run = rotate},
    };
}

}  // namespace huecry::cli
