#include <fmt/format.h>

#include "commands/commands.hpp"
#include "huecry/affairs.hpp"

namespace huecry::cli {
namespace {

std::string_view outcome_name(HistoryEntry::Outcome outcome) {
    switch (outcome) {
        case HistoryEntry::Outcome::effective:
            return "effective";
        case HistoryEntry::Outcome::proposed:
            return "proposed";
        case HistoryEntry::Outcome::supported:
            return "supported";
        case HistoryEntry::Outcome::completed:
            return "completed";
    }
    return "unknown";
}

Object entry_json(const HistoryEntry& entry) {
    Object out;
    out.set("index", entry.index).set_time("time", entry.time_ms).set("action", entry.action);
    out.set("who", entry.who).set("right", entry.right).set("what", entry.what);
    out.set("statement", entry.statement.hex()).set("outcome", outcome_name(entry.outcome));
    return out;
}

Result<void> log(Context& context) {
    std::uint64_t after = 0;
    if (const auto typed = context.arguments().get("--after")) {
        HUECRY_TRY_ASSIGN(after, parse_number(*typed, 0, UINT32_MAX));
    }
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto entries, context.client().history(after));
    std::vector<Object> all;
    for (const auto& entry : entries) {
        const bool plain = entry.outcome == HistoryEntry::Outcome::effective;
        context.line(fmt::format(
            "{:5}  {}  {}  {}  (as {}{}{})", entry.index, context.when(entry.time_ms),
            entry.who.empty() ? "-" : one_line(entry.who), one_line(entry.what),
            one_line(entry.right), plain ? "" : "; ", plain ? "" : outcome_name(entry.outcome)));
        if (context.json()) all.push_back(entry_json(entry));
    }
    context.emit(Object().set("entries", all).set("fetched", context.is_fetched()));
    return context.fetched();
}

Object proof_json(const DirectoryProof& proof) {
    Object out;
    out.set("entries", proof.entries).set("head", proof.head.hex()).set("words", proof.words);
    out.set_time("time", proof.time_ms).set("state", proof.state.hex());
    out.set("head_signed", proof.head_signed);
    return out;
}

Result<void> verify(Context& context) {
    if (!context.arguments().has("--offline")) HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto proof, context.client().verify_directory());
    context.line(fmt::format("{} from the founding on, every signature and every rule: all hold.",
                             plural(proof.entries, "entry", "entries")));
    context.line("Head:  " + proof.head.hex());
    context.line("Words: " + proof.words);
    context.note(proof.head_signed ? "The relay has signed exactly this head."
                                   : "The relay's signature on this head is not here yet.");
    auto out = proof_json(proof);
    context.emit(out.set("verified", true));
    return context.fetched();
}

Result<void> words(Context& context) {
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto proof, context.client().directory_head());
    context.line(proof.words);
    context.note(
        fmt::format("Of the directory's head, entry {} of {}. Two devices at the same "
                    "entry must have the same words.",
                    proof.entries, context.when(proof.time_ms)));
    auto out = proof_json(proof);
    context.emit(out.set("fetched", context.is_fetched()));
    return context.fetched();
}

}  // namespace

Commands directory_commands() {
    using Kind = Option::Kind;
    return {
        {.name = "directory log",
         .summary = "Show the directory's history: when, who, what, by what right",
         .example = "huecry directory log",
         .options = {{Kind::value, "--after", "INDEX", "Only entries after this one"}},
         .run = log},
        {.name = "directory verify",
         .summary = "Check the whole directory from its first entry on, with every signature",
         .example = "huecry directory verify --offline",
         .options = {{Kind::flag, "--offline", "", "What is here, without asking the relay"}},
         .run = verify},
        {.name = "directory words",
         .summary = "Show words that are the same on every device with the same directory",
         .example = "huecry directory words",
         .options = {},
         .run = words},
    };
}

}  // namespace huecry::cli
