#include "commands/decision.hpp"

#include <fmt/format.h>

namespace huecry::cli {

void tell_waiting(Context& context, const Decision& decision) {
    if (decision.effective) return;
    const auto missing =
        decision.needed > decision.support ? decision.needed - decision.support : 1;
    context.line(fmt::format(
        "This needs {} coordinators: proposal {} waits for {} more until {} (huecry endorse {}).",
        decision.needed, decision.proposal.short_hex(), missing, context.when(decision.expires_ms),
        decision.proposal.short_hex()));
}

Object& set_decision(Object& out, const Decision& decision) {
    out.set("effective", decision.effective);
    if (decision.effective) return out;
    out.set("proposal", decision.proposal.hex()).set("support", decision.support);
    out.set("needed", decision.needed).set_time("expires", decision.expires_ms);
    return out;
}

}  // namespace huecry::cli
