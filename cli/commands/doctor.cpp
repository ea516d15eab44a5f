#include <fmt/format.h>

#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

/// What makes the command fail; the rest is advice.
std::optional<Errc> code_of(std::string_view what) {
    if (what == "store") return Errc::store_damaged;
    if (what == "clock") return Errc::clock_wrong;
    if (what == "relay") return Errc::unreachable;
    if (what == "channels") return Errc::mls_not_member;
    if (what == "agreement") return Errc::agreement_missing;
    return std::nullopt;
}

Result<void> doctor(Context& context) {
    context.progress("Looking …");
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto findings, context.client().doctor());
    std::vector<Object> all;
    std::optional<Error> first;
    bool ok = true;
    for (const auto& finding : findings) {
        ok = ok && finding.ok;
        const auto code = code_of(finding.what);
        if (!finding.ok && code && !first) first = Error{*code, finding.what};
        context.line(fmt::format("{:7}  {}  {}", finding.ok ? "ok" : "PROBLEM",
                                 one_line(finding.what), one_line(finding.detail)));
        Object item;
        item.set("ok", finding.ok).set("what", finding.what);
        all.push_back(item.set("detail", finding.detail));
    }
    context.emit(Object().set("ok", ok).set("findings", all));
    if (first) return *first;
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
