#include <fmt/format.h>

#include "commands/commands.hpp"
#include "huecry/limits.hpp"

namespace huecry::cli {
namespace {

Result<void> publish(Context& context) {
    HUECRY_TRY_ASSIGN(
        const auto bytes,
        context.console().read_file(context.arguments().text("FILE"), limits::max_agreement));
    std::optional<std::chrono::seconds> deadline;
    if (const auto typed = context.arguments().get("--deadline")) {
        HUECRY_TRY_ASSIGN(deadline, parse_duration(*typed));
    }
    HUECRY_TRY(context.connect());
    // After an attempt that was cut short: the same text is not published twice.
    if (context.settings().again) {
        const auto current = context.client().agreement();
        if (current && current->version > 0 && current->text == to_string(bytes)) {
            context.line(fmt::format("Agreement version {} is published.", current->version));
            context.emit(agreement_json(*current));
            return {};
        }
    }
    HUECRY_TRY_ASSIGN(const auto version,
                      context.client().publish_agreement(to_string(bytes), deadline));
    context.line(fmt::format("Agreement version {} is published; you have accepted it.", version));
    HUECRY_TRY_ASSIGN(const auto agreement, context.client().agreement());
    context.emit(agreement_json(agreement));
    return {};
}

Result<AgreementInfo> current(Context& context) {
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(auto agreement, context.client().agreement());
    if (agreement.version == 0 && context.is_fetched())
        return Error{Errc::not_found, "no agreement has been published"};
    return agreement;
}

Result<void> show(Context& context) {
    HUECRY_TRY_ASSIGN(const auto agreement, current(context));
    context.note(fmt::format("Version {}, published {}, to be accepted until {}; {} by you.",
                             agreement.version, context.when(agreement.published_ms),
                             context.when(agreement.deadline_ms),
                             agreement.accepted_by_me ? "accepted" : "not accepted"));
    if (agreement.text.empty()) context.note("Its text is not here yet.");
    if (!context.json()) context.console().out(paragraphs(agreement.text));
    context.emit(agreement_json(agreement));
    return context.fetched();
}

Result<void> accept(Context& context) {
    HUECRY_TRY_ASSIGN(auto agreement, current(context));
    if (!agreement.accepted_by_me) {
        if (agreement.text.empty())
            return Error{Errc::timed_out, "the agreement's text is not here yet"};
        if (!context.arguments().has("--yes")) {
            if (!context.console().can_ask())
                return Error{Errc::cancelled,
                             "read it with 'huecry agreement show', then give --yes"};
            context.console().err(paragraphs(agreement.text));
            const auto answer = context.console().ask("Do you accept it? [y/N] ");
            if (!answer || (*answer != "y" && *answer != "Y" && *answer != "yes"))
                return Error{Errc::cancelled, "the agreement was not accepted"};
        }
        HUECRY_TRY(context.connect());
        HUECRY_TRY(context.client().accept_agreement(agreement.version));
        agreement.accepted_by_me = true;
    }
    context.line(fmt::format("Agreement version {} is accepted.", agreement.version));
    context.emit(agreement_json(agreement));
    return {};
}

Result<void> status(Context& context) {
    HUECRY_TRY_ASSIGN(const auto agreement, current(context));
    HUECRY_TRY_ASSIGN(const auto members, context.client().members());
    std::vector<Object> list;
    context.line(fmt::format("Version {}, to be accepted until {}", agreement.version,
                             context.when(agreement.deadline_ms)));
    for (const auto& member : members) {
        const bool accepted =
            agreement.version > 0 && member.agreement_accepted >= agreement.version;
        const auto shown = member.name.empty() ? member.id.short_hex() : one_line(member.name);
        const std::string_view state = accepted               ? "accepted"
                                       : member.lapsed        ? "lapsed"
                                       : member.good_standing ? "deadline running"
                                                              : "not accepted";
        context.line(
            fmt::format("{}  {}{}{}", shown, state,
                        accepted ? " since " + context.when(member.agreement_accepted_ms) : "",
                        !accepted && member.agreement_accepted > 0
                            ? fmt::format("; version {} was, {}", member.agreement_accepted,
                                          context.when(member.agreement_accepted_ms))
                            : ""));
        Object item;
        item.set("member", member.id.hex()).set("name", member.name);
        item.set("version", member.agreement_accepted).set("accepted", accepted);
        item.set("state", state).set("good_standing", member.good_standing);
        list.push_back(item.set_time("time", member.agreement_accepted_ms));
    }
    Object out;
    out.set("version", agreement.version).set_time("deadline", agreement.deadline_ms);
    context.emit(out.set("members", list).set("fetched", context.is_fetched()));
    return context.fetched();
}

}  // namespace

Commands agreement_commands() {
    using Kind = Option::Kind;
    return {
        {.name = "agreement publish",
         .summary = "Publish the information-sharing agreement that all members must accept",
         .example = "huecry agreement publish agreement.txt",
         .options = {{Kind::positional, "FILE", "FILE", "Its text, UTF-8", true},
                     {Kind::value, "--deadline", "TIME", "Time to accept it (default: 14d)"}},
         .run = publish,
         .administers = true},
        {.name = "agreement show",
         .summary = "Show the current agreement",
         .example = "huecry agreement show",
         .options = {},
         .run = show},
        {.name = "agreement accept",
         .summary = "Accept the current agreement for this member",
         .example = "huecry agreement accept",
         .options = {{Kind::flag, "--yes", "", "It has been read: do not ask"}},
         .run = accept},
        {.name = "agreement status",
         .summary = "Show who has accepted the agreement, since when, and who has lapsed",
         .example = "huecry agreement status",
         .options = {},
         .run = status},
    };
}

}  // namespace huecry::cli
