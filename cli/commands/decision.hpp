#pragma once

#include "commands/commands.hpp"
#include "huecry/affairs.hpp"

// How an act that may need the quorum is told.
namespace huecry::cli {

/// "…; it waits for 1 more coordinator until …", or nothing when it counts.
void tell_waiting(Context& context, const Decision& decision);
/// state: "done" or "proposed", and what a proposal waits for.
Object& set_decision(Object& out, const Decision& decision);

}  // namespace huecry::cli
