#include <fmt/format.h>

#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

Errc code_of(std::string_view what) {
    if (what == "relay") return Errc::unreachable;
    if (what == "clock") return Errc::clock_wrong;
    if (what == "store") return Errc::store_damaged;
    return Errc::not_permitted;
}

Result<void> doctor(Context& context) {
    context.progress("Looking …");
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto findings, context.client().doctor());
    std::vector<Object> all;
    std::optional<Finding> first;
    for (const auto& finding : findings) {
        if (!finding.ok && !first) first = finding;
        context.line(fmt::format("{:7}  {}  {}", finding.ok ? "ok" : "PROBLEM",
                                 one_line(finding.what), one_line(finding.detail)));
        Object item;
        item.set("ok", finding.ok).set("what", finding.what);
        all.push_back(item.set("detail", finding.detail));
    }
    context.emit(Object().set("ok", !first.has_value()).set("findings", all));
    if (first) return Error{code_of(first->what), first->what + ": " + first->detail};
    return context.fetched();
}

}  // namespace

Commands doctor_commands() {
    return {{
        .name = "doctor",
        .summary = "Check the store, the clock, the relay and the channels of this device",
        .example = "huecry doctor",
        .options = {},
        .run = doctor,
    }};
}

}  // namespace huecry::cli
