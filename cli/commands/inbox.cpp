#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

Result<void> inbox(Context& context) {
    const bool offline = context.arguments().has("--offline");
    if (!offline) {
        context.progress("Fetching …");
        HUECRY_TRY(context.fetch());
    }
    HUECRY_TRY_ASSIGN(const auto info, context.client().info());
    if (info.content_hidden) return Errc::clock_wrong;
    HUECRY_TRY_ASSIGN(const auto alerts, context.client().inbox());
    std::vector<Object> all;
    for (const auto& alert : alerts) {
        context.line(alert_line(context, alert));
        for (const auto& response : alert.responses)
            context.line("          " + response_line(context, response));
        all.push_back(alert_json(alert));
    }
    if (alerts.empty()) context.note("No alerts.");
    context.emit(Object().set("alerts", all).set("fetched", !offline && context.is_fetched()));
    return context.fetched();
}

}  // namespace

Commands inbox_commands() {
    using Kind = Option::Kind;
    return {{
        .name = "inbox",
        .summary = "Fetch and show the alerts that are alive",
        .example = "huecry inbox",
        .options = {{Kind::flag, "--offline", "", "Only what is here already: do not connect"}},
        .run = inbox,
    }};
}

}  // namespace huecry::cli
