#include <fmt/format.h>

#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

Result<void> revoke(Context& context) {
    HUECRY_TRY(context.connect());
    HUECRY_TRY_ASSIGN(const auto id, context.device(context.arguments().text("DEVICE")));
    HUECRY_TRY_ASSIGN(const auto info, context.client().info());
    const bool own = info.self.device == id;
    const auto revoked = context.client().revoke(id);
    // After an attempt that was cut short it may be done already.
    bool done =
        context.settings().again && !revoked && revoked.error().code == Errc::statement_conflict;
    // Who revokes itself is cut off with the answer on its way: the relay's door tells.
    if (own && !revoked && retryable(revoked.error().code)) {
        const auto told = context.fetch();
        done = done || (!told && told.error().code == Errc::device_removed);
    }
    if (!revoked && !done) return revoked.error();
    // The removal takes effect in the channels with the next commit: make it now.
    if (!own) HUECRY_TRY(context.fetch());
    context.line(own ? std::string("This device is revoked; what it had is erased.")
                     : fmt::format("Device {} is revoked: nothing sent from now on can be read "
                                   "there.",
                                   id.short_hex()));
    context.emit(Object().set("device", id.hex()).set("state", "revoked"));
    return {};
}

}  // namespace

Commands revoke_commands() {
    using Kind = Option::Kind;
    const std::vector<Option> options{
        {Kind::positional, "DEVICE", "DEVICE", "Its id or a prefix of it", true}};
    return {{.name = "revoke",
             .summary = "Remove a device at once and for good",
             .example = "huecry revoke 9c01d2e3",
             .options = options,
             .run = revoke,
             .administers = true},
            {.name = "device revoke",
             .summary = "The same as 'revoke'; a device may always revoke itself",
             .example = "huecry device revoke 9c01d2e3",
             .options = options,
             .run = revoke,
             .administers = true}};
}

}  // namespace huecry::cli
