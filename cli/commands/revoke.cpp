#include <fmt/format.h>

#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

Result<void> revoke(Context& context) {
    HUECRY_TRY(context.connect());
    HUECRY_TRY_ASSIGN(const auto id, context.device(context.arguments().text("DEVICE")));
    const auto revoked = context.client().revoke(id);
    // After an attempt that was cut short it may be done already.
    const bool done =
        context.settings().again && !revoked && revoked.error().code == Errc::statement_conflict;
    if (!revoked && !done) return revoked.error();
    // The removal takes effect in the channels with the next commit: make it now.
    HUECRY_TRY(context.fetch());
    context.line(fmt::format("Device {} is revoked: nothing sent from now on can be read there.",
                             id.short_hex()));
    context.emit(Object().set("device", id.hex()).set("state", "revoked"));
    return {};
}

}  // namespace

Commands revoke_commands() {
    using Kind = Option::Kind;
    return {{
        .name = "revoke",
        .summary = "Remove a device at once and for good",
        .example = "huecry revoke 9c01d2e3",
        .options = {{Kind::positional, "DEVICE", "DEVICE", "Its id or a prefix of it", true}},
        .run = revoke,
        .administers = true,
    }};
}

}  // namespace huecry::cli
