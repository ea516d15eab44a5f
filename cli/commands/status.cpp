#include <fmt/format.h>

#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

Result<void> status(Context& context) {
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto id, context.alert(context.arguments().text("ALERT")));
    HUECRY_TRY_ASSIGN(const auto status, context.client().status(id));
    const auto& alert = status.alert;
    context.line(alert_line(context, alert));
    context.line(fmt::format("{} {}", send_state_name(alert.state), context.when(alert.sent_ms)));
    if (status.counts_known)
        context.line(fmt::format("delivered to {} of {} by the relay's count", status.delivered,
                                 plural(status.readers, "device")));
    for (const auto& response : alert.responses) context.line(response_line(context, response));
    if (alert.responses.empty()) context.line("no answers yet");

    Object out;
    out.set("alert", alert_json(alert)).set("state", send_state_name(alert.state));
    if (status.counts_known)
        out.set("readers", status.readers).set("delivered", status.delivered);
    else
        out.set("readers", nullptr).set("delivered", nullptr);
    if (status.failure)
        out.set("failure", name(status.failure->code));
    else
        out.set("failure", nullptr);
    context.emit(out.set("fetched", context.is_fetched()));
    if (status.failure) return *status.failure;
    return context.fetched();
}

}  // namespace

Commands status_commands() {
    using Kind = Option::Kind;
    return {{
        .name = "status",
        .summary = "Show how far an alert has come, and who answered",
        .example = "huecry status last",
        .options = {{Kind::positional, "ALERT", "ALERT", "Its id, a prefix of it, or last", true}},
        .run = status,
    }};
}

}  // namespace huecry::cli
