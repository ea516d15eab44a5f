#include <algorithm>

#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds slice = 250ms;  // how soon it notices that nobody listens

Result<void> listen(Context& context) {
    std::optional<Clock::time_point> end;
    if (const auto typed = context.arguments().get("--for")) {
        HUECRY_TRY_ASSIGN(const auto duration, parse_duration(*typed));
        end = Clock::now() + duration;
    }
    auto& client = context.client();
    std::uint64_t after = context.settings().resume;
    if (after == 0 && !context.arguments().has("--from-start")) {
        HUECRY_TRY_ASSIGN(after, client.first_unshown());
    }
    context.progress("Listening; Ctrl-C ends it.");
    while (!context.console().gone()) {
        auto wait = slice;
        if (end) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(*end - Clock::now());
            wait = std::clamp(left, std::chrono::milliseconds(0), slice);
        }
        HUECRY_TRY_ASSIGN(const auto event, client.next_event(after, wait));
        if (event) {
            context.line(event_line(context, *event));
            context.emit(event_json(*event));
            // Shown means: it has left the process where somebody is reading.
            if (!context.console().deliver(event->number)) break;
            after = event->number;
            HUECRY_TRY(client.mark_shown(after));
            if (event->kind == Event::Kind::removed) return Errc::device_removed;
        } else if (wait == 0ms) {
            break;
        }
    }
    return {};
}

}  // namespace

Commands listen_commands() {
    using Kind = Option::Kind;
    return {{
        .name = "listen",
        .summary = "Show what happens, one line an event, beginning with what was never shown",
        .example = "huecry listen --for 10s --json",
        .options = {{Kind::value, "--for", "TIME",
                     "End after this time, e.g. 10s (default: never)"},
                    {Kind::flag, "--from-start", "", "Begin with the oldest event that is kept"}},
        .run = listen,
        .streams = true,
    }};
}

}  // namespace huecry::cli
