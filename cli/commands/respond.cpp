#include <fmt/format.h>

#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

Result<void> respond(Context& context) {
    const auto& arguments = context.arguments();
    HUECRY_TRY_ASSIGN(const auto answer, parse_answer(arguments.text("ANSWER")));
    HUECRY_TRY_ASSIGN(const auto alert, context.alert(arguments.text("ALERT")));
    HUECRY_TRY(context.client().respond(alert, answer));
    HUECRY_TRY(context.fetch());
    const bool sent = context.is_fetched();
    context.line(
        fmt::format("{}  {}  {}", alert.short_hex(), name(answer), sent ? "sent" : "queued"));
    Object out;
    out.set("alert", alert.hex()).set("answer", name(answer));
    context.emit(out.set("state", sent ? "accepted" : "queued"));
    return sent ? Result<void>() : Result<void>(Errc::queued);
}

}  // namespace

Commands respond_commands() {
    using Kind = Option::Kind;
    return {{
        .name = "respond",
        .summary = "Answer an alert: seen, coming, arrived, stood-down",
        .example = "huecry respond last coming",
        .options = {{Kind::positional, "ALERT", "ALERT", "Its id, a prefix of it, or last", true},
                    {Kind::positional, "ANSWER", "ANSWER", "seen, coming, arrived or stood-down",
                     true}},
        .run = respond,
    }};
}

}  // namespace huecry::cli
