#include <fmt/format.h>

#include "commands/decision.hpp"

namespace huecry::cli {
namespace {

constexpr auto usual = std::chrono::hours(24 * 30);

Result<OrganisationId> organisation(Context& context, std::string_view option) {
    const auto typed = context.arguments().text(option);
    const auto id = context.client().find_organisation(typed);
    if (id) return *id;
    HUECRY_TRY_ASSIGN(const auto known, context.client().organisations());
    std::string names;
    for (const auto& one : known)
        names += (names.empty() ? "" : ", ") +
                 (one.name.empty() ? one.id.short_hex() : one_line(one.name));
    return Error{id.error().code, "no organisation '" + typed + "'; there are: " + names};
}

std::string shown(const OrganisationInfo& organisation) {
    return organisation.name.empty() ? organisation.id.short_hex() : one_line(organisation.name);
}

std::string_view state_name(DelegationInfo::State state) {
    switch (state) {
        case DelegationInfo::State::running:
            return "running";
        case DelegationInfo::State::over:
            return "over";
        case DelegationInfo::State::ended:
            return "ended";
    }
    return "unknown";
}

Object organisation_json(const OrganisationInfo& organisation) {
    Object out;
    out.set("id", organisation.id.hex()).set("name", organisation.name);
    return out;
}

Object delegation_json(const DelegationInfo& one) {
    Object out;
    out.set("grantor", organisation_json(one.grantor));
    out.set("grantee", organisation_json(one.grantee)).set_time("until", one.until_ms);
    out.set("state", state_name(one.state));
    return out;
}

/// The newest between the two.
Result<DelegationInfo> look_up(Context& context, const OrganisationId& grantee) {
    HUECRY_TRY_ASSIGN(const auto all, context.client().delegations());
    for (auto one = all.rbegin(); one != all.rend(); ++one)
        if (one->grantee.id == grantee) return *one;
    return Errc::not_found;
}

Result<void> grant(Context& context) {
    std::chrono::seconds life = usual;
    if (const auto typed = context.arguments().get("--for")) {
        HUECRY_TRY_ASSIGN(life, parse_duration(*typed));
    }
    HUECRY_TRY(context.connect());
    HUECRY_TRY_ASSIGN(const auto grantee, organisation(context, "ORGANISATION"));
    HUECRY_TRY_ASSIGN(const auto decision, context.client().delegate(grantee, life));
    HUECRY_TRY_ASSIGN(const auto made, look_up(context, grantee));
    context.line(fmt::format("Guards of {} may post for {} until {}.", shown(made.grantee),
                             shown(made.grantor), context.when(made.until_ms)));
    auto out = delegation_json(made);
    context.emit(set_decision(out, decision));
    return {};
}

Result<void> withdraw(Context& context) {
    HUECRY_TRY(context.connect());
    HUECRY_TRY_ASSIGN(const auto grantee, organisation(context, "ORGANISATION"));
    std::optional<OrganisationId> grantor;
    if (context.arguments().has("--from")) {
        HUECRY_TRY_ASSIGN(grantor, organisation(context, "--from"));
    }
    HUECRY_TRY_ASSIGN(const auto all, context.client().delegations());
    HUECRY_TRY_ASSIGN(const auto info, context.client().info());
    std::optional<DelegationInfo> found;
    for (const auto& one : all) {
        if (one.state != DelegationInfo::State::running || one.grantee.id != grantee) continue;
        if (grantor ? one.grantor.id != *grantor : one.grantor.name != info.self.organisation)
            continue;
        found = one;
    }
    if (!found)
        return Error{Errc::not_found,
                     "no such delegation runs; 'huecry delegate list' shows those that do"};
    HUECRY_TRY(context.client().withdraw_delegation(found->grantor.id, found->grantee.id));
    context.line(fmt::format("Guards of {} may no longer post for {}.", shown(found->grantee),
                             shown(found->grantor)));
    found->state = DelegationInfo::State::ended;
    context.emit(delegation_json(*found));
    return {};
}

Result<void> list(Context& context) {
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto delegations, context.client().delegations());
    std::vector<Object> all;
    for (const auto& one : delegations) {
        context.line(fmt::format("{:7}  guards of {} post for {}, until {}", state_name(one.state),
                                 shown(one.grantee), shown(one.grantor),
                                 context.when(one.until_ms)));
        all.push_back(delegation_json(one));
    }
    if (delegations.empty()) context.note("No delegations.");
    context.emit(Object().set("delegations", all).set("fetched", context.is_fetched()));
    return context.fetched();
}

}  // namespace

Commands delegate_commands() {
    using Kind = Option::Kind;
    return {
        {.name = "delegate grant",
         .summary = "Let another organisation's guards post for this retailer's",
         .example = "huecry delegate grant \"Shield Security\" --for 90d",
         .options = {{Kind::positional, "ORGANISATION", "ORGANISATION", "Whose guards", true},
                     {Kind::value, "--for", "TIME", "How long (default: 30d, at most 365d)"}},
         .run = grant},
        {.name = "delegate withdraw",
         .summary = "End a delegation at once",
         .example = "huecry delegate withdraw \"Shield Security\"",
         .options = {{Kind::positional, "ORGANISATION", "ORGANISATION", "Whose guards", true},
                     {Kind::value, "--from", "ORGANISATION",
                      "For whom they post (default: this device's organisation)"}},
         .run = withdraw},
        {.name = "delegate list",
         .summary = "Show whose guards may post for whom",
         .example = "huecry delegate list",
         .options = {},
         .run = list},
    };
}

}  // namespace huecry::cli
