#include <fmt/format.h>

#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

/// Everything that was said at the old relay is done with; the groups begin anew at this one.
Result<std::size_t> restart_channels(Context& context) {
    HUECRY_TRY_ASSIGN(const auto channels, context.client().channels());
    std::size_t restarted = 0;
    for (const auto& channel : channels) {
        if (!channel.can_read) continue;
        const auto done = context.client().restart_channel(channel.id);
        if (!done) {
            context.note(
                fmt::format("Channel {} could not be restarted yet ({}); later: huecry "
                            "channel restart {}",
                            channel_text(channel.name, channel.id), sentence(done.error().code),
                            channel.id.short_hex()));
            continue;
        }
        ++restarted;
    }
    return restarted;
}

Result<void> move(Context& context) {
    const auto& arguments = context.arguments();
    auto address = arguments.text("ADDRESS");
    if (const auto key = arguments.get("KEY")) address += "#" + *key;
    // As much as can be had from the old one; it may be gone.
    HUECRY_TRY(context.fetch());
    context.progress("Handing the directory over ...");
    HUECRY_TRY_ASSIGN(const auto notice,
                      context.client().move_relay(address, arguments.text("--code")));
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto restarted, restart_channels(context));
    HUECRY_TRY_ASSIGN(const auto info, context.client().info());
    context.line(notice);
    context.note(fmt::format(
        "The relay is now {}. Send the line above to every member, by any way: it says nothing "
        "secret and proves itself. Each of their devices: huecry relay follow NOTICE",
        info.relay));
    Object out;
    out.set("relay", info.relay).set("notice", notice);
    context.emit(out.set("channels_restarted", restarted));
    return {};
}

Result<void> follow(Context& context) {
    auto notice = context.arguments().text("NOTICE");
    if (notice == "-") {
        HUECRY_TRY_ASSIGN(notice, context.console().input(8192));
    }
    HUECRY_TRY(context.client().follow_relay(notice));
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto info, context.client().info());
    context.line(fmt::format("The relay is now {}.", info.relay));
    Object out;
    out.set("relay", info.relay).set("fetched", context.is_fetched());
    context.emit(out);
    return context.fetched();
}

Result<void> show(Context& context) {
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto info, context.client().info());
    context.line(info.relay);
    const auto notice = context.client().relay_notice();
    if (notice) context.line(*notice);
    Object out;
    out.set("relay", info.relay).set("notice", notice ? *notice : std::string());
    context.emit(out.set("fetched", context.is_fetched()));
    return context.fetched();
}

}  // namespace

Commands relay_commands() {
    using Kind = Option::Kind;
    return {
        {.name = "relay move",
         .summary = "Take the partnership to another relay; needs the root key, not the old relay",
         .example = "huecry relay move https://relay2.example:8443/ KEY",
         .options = {{Kind::positional, "ADDRESS", "ADDRESS", "Of the new relay", true},
                     {Kind::positional, "KEY", "KEY", "Its key, if the address does not hold it"},
                     {Kind::value, "--code", "CODE",
                      "The one-time code of the new relay's operator"}},
         .run = move,
         .administers = true},
        {.name = "relay follow",
         .summary = "Go to the relay that a notice of 'relay move' names",
         .example = "huecry relay follow huecry://relay/...",
         .options = {{Kind::positional, "NOTICE", "NOTICE", "The whole line; - reads the input",
                      true}},
         .run = follow},
        {.name = "relay show",
         .summary = "Show the relay's address, and the notice of its last move",
         .example = "huecry relay show",
         .options = {},
         .run = show},
    };
}

}  // namespace huecry::cli
