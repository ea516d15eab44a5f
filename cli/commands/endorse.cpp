#include <fmt/format.h>

#include "commands/decision.hpp"

namespace huecry::cli {
namespace {

Object proposal_json(const ProposalInfo& proposal) {
    Object out;
    out.set("id", proposal.id.hex()).set("what", proposal.what);
    out.set("author", person_json(proposal.author)).set("supporters", proposal.supporters);
    out.set("support", proposal.support).set("needed", proposal.needed);
    out.set("supported_by_me", proposal.supported_by_me);
    out.set_time("proposed", proposal.proposed_ms).set_time("expires", proposal.expires_ms);
    return out;
}

std::string proposal_line(const Context& context, const ProposalInfo& proposal) {
    std::string supporters;
    for (const auto& name : proposal.supporters)
        supporters += (supporters.empty() ? "" : ", ") + one_line(name);
    return fmt::format(
        "{}  {}; proposed by {} {}; {} of {} ({}), until {}{}", proposal.id.short_hex(),
        one_line(proposal.what), person_text(proposal.author), context.when(proposal.proposed_ms),
        proposal.support, proposal.needed, supporters, context.when(proposal.expires_ms),
        proposal.supported_by_me ? "" : "; not yet supported by you");
}

Result<void> list(Context& context) {
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto proposals, context.client().proposals());
    std::vector<Object> all;
    for (const auto& proposal : proposals) {
        context.line(proposal_line(context, proposal));
        all.push_back(proposal_json(proposal));
    }
    if (proposals.empty()) context.note("Nothing waits for endorsement.");
    context.emit(Object().set("proposals", all).set("fetched", context.is_fetched()));
    return context.fetched();
}

Result<void> endorse(Context& context) {
    const auto typed = context.arguments().text("PROPOSAL");
    if (typed.empty())
        return Error{Errc::invalid_argument, "which one? 'huecry endorse list' shows them"};
    HUECRY_TRY(context.connect());
    const auto id = context.client().find_proposal(typed);
    if (!id)
        return Error{id.error().code,
                     "no such proposal waits; 'huecry endorse list' shows those that do"};
    HUECRY_TRY_ASSIGN(const auto proposals, context.client().proposals());
    const ProposalInfo* found = nullptr;
    for (const auto& proposal : proposals)
        if (proposal.id == *id) found = &proposal;
    if (found == nullptr) return Error{Errc::expired, "the proposal's time is over"};
    if (found->supported_by_me)
        return Error{Errc::statement_conflict,
                     "you support it already; another coordinator has to"};
    context.line(proposal_line(context, *found));
    if (!context.arguments().has("--yes")) {
        if (!context.console().can_ask())
            return Error{Errc::cancelled, "read what it does, then give --yes"};
        const auto answer = context.console().ask("Do you support it? [y/N] ");
        if (!answer || (*answer != "y" && *answer != "Y" && *answer != "yes"))
            return Error{Errc::cancelled, "it was not endorsed"};
    }
    HUECRY_TRY_ASSIGN(const auto decision, context.client().endorse(*id));
    HUECRY_TRY(context.fetch());
    if (decision.effective)
        context.line("Endorsed; it takes effect now.");
    else
        context.line("Endorsed.");
    tell_waiting(context, decision);
    auto out = proposal_json(*found);
    out.set("support", decision.effective ? found->needed : decision.support);
    context.emit(set_decision(out, decision));
    return {};
}

}  // namespace

Commands endorse_commands() {
    using Kind = Option::Kind;
    return {
        {.name = "endorse",
         .summary = "Support a proposal that waits for its quorum; or list",
         .example = "huecry endorse 4f1c22aa",
         .options = {{Kind::positional, "PROPOSAL", "PROPOSAL", "Its id or a prefix of it"},
                     {Kind::flag, "--yes", "", "It has been read: do not ask"}},
         .run = endorse,
         .administers = true},
        {.name = "endorse list",
         .summary = "Show what waits for endorsement: what, by whom, how many of how many",
         .example = "huecry endorse list",
         .options = {},
         .run = list},
    };
}

}  // namespace huecry::cli
