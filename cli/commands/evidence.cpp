#include <fmt/format.h>

#include "commands/commands.hpp"
#include "huecry/affairs.hpp"
#include "huecry/limits.hpp"

namespace huecry::cli {
namespace {

using Kind = EvidenceVerdict::Kind;

Result<void> list(Context& context) {
    HUECRY_TRY_ASSIGN(const auto found, context.client().evidence());
    if (found.empty()) context.line("All that the relay has signed fits together.");
    std::vector<Object> all;
    for (const auto& one : found) {
        context.line(fmt::format("{:3}  {}  {}  {}", one.number, context.when(one.time_ms),
                                 one.channel ? "channel " + one.channel->short_hex() : "directory",
                                 one.proven ? "PROOF: the relay has signed two different pasts"
                                            : "a member and the relay disagree"));
        Object item;
        item.set("number", one.number).set_time("time", one.time_ms).set("proven", one.proven);
        if (one.channel) item.set("channel", one.channel->hex());
        all.push_back(item);
    }
    if (!found.empty())
        context.note("'huecry evidence save NUMBER FILE' writes one down for others to check.");
    context.emit(Object().set("evidence", all));
    return {};
}

Result<void> save(Context& context) {
    const auto& arguments = context.arguments();
    HUECRY_TRY_ASSIGN(const auto number, parse_number(arguments.text("NUMBER"), 1, UINT32_MAX));
    const auto path = arguments.text("FILE");
    HUECRY_TRY_ASSIGN(const auto bytes, context.client().evidence_file(number));
    HUECRY_TRY(context.console().write_file(path, bytes, false));
    context.line(
        fmt::format("Written to {}. It holds ids, times and signatures, and nothing that "
                    "was said. Anybody can check it: huecry verify-evidence {}",
                    one_line(path), one_line(path)));
    context.emit(Object().set("file", path).set("bytes", bytes.size()));
    return {};
}

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::consistent:
            return "consistent";
        case Kind::disputed:
            return "disputed";
        case Kind::proven:
            return "proven";
    }
    return "unknown";
}

void tell(Context& context, const EvidenceVerdict& found) {
    const auto where =
        found.channel ? "channel " + found.channel->short_hex() : std::string("the directory");
    switch (found.kind) {
        case Kind::consistent:
            context.line(
                fmt::format("{} of the relay checked: they fit together. This proves "
                            "nothing against it.",
                            plural(found.heads, "signature")));
            break;
        case Kind::disputed:
            context.line(fmt::format(
                "No proof: device {} says that {} was another one at entry {} than the relay "
                "signed. One of them is wrong. The file of that device, given together with this "
                "one, can decide it.",
                found.member.short_hex(), where, found.entry));
            break;
        case Kind::proven:
            context.line(
                fmt::format("PROOF: the relay has signed two different pasts of {}.", where));
            context.line(fmt::format("At entry {} it was {} by what was signed on {},", found.entry,
                                     found.first.short_hex(), context.when(found.first_ms)));
            context.line(fmt::format("and {} by what was signed on {}.", found.second.short_hex(),
                                     context.when(found.second_ms)));
            break;
    }
    context.line("Partnership " + found.partnership.hex());
    context.line("Relay key   " + found.relay.hex());
    context.note(found.bound
                     ? "The partnership's first entry names this relay."
                     : "Whether this was the partnership's relay does not follow from the file: "
                       "compare the key with the one in the partnership's address.");
}

Result<void> verify(Context& context) {
    auto paths = context.arguments().all("FILES");
    paths.insert(paths.begin(), context.arguments().text("FILE"));
    std::vector<Bytes> files;
    for (const auto& path : paths) {
        HUECRY_TRY_ASSIGN(auto bytes, context.console().read_file(path, limits::max_evidence_file));
        files.push_back(std::move(bytes));
    }
    HUECRY_TRY_ASSIGN(const auto found, Client::verify_evidence(files));
    tell(context, found);
    Object out;
    out.set("verdict", name_of(found.kind)).set("partnership", found.partnership.hex());
    out.set("relay_key", found.relay.hex()).set("bound", found.bound).set("heads", found.heads);
    if (found.kind != Kind::consistent) {
        out.set("entry", found.entry);
        if (found.channel) out.set("channel", found.channel->hex());
    }
    if (found.kind == Kind::disputed) out.set("member", found.member.hex());
    if (found.kind == Kind::proven) {
        out.set("first", found.first.hex()).set_time("first_time", found.first_ms);
        out.set("second", found.second.hex()).set_time("second_time", found.second_ms);
    }
    context.emit(out);
    return {};
}

}  // namespace

Commands evidence_commands() {
    using Given = Option::Kind;
    return {
        {.name = "evidence list",
         .summary = "Show what speaks against the relay's honesty",
         .example = "huecry evidence list",
         .options = {},
         .run = list},
        {.name = "evidence save",
         .summary = "Write it to a file that anybody can check",
         .example = "huecry evidence save 1 relay.evidence",
         .options = {{Given::positional, "NUMBER", "NUMBER", "As 'evidence list' shows it", true},
                     {Given::positional, "FILE", "FILE", "A new file", true}},
         .run = save},
        {.name = "verify-evidence",
         .summary = "Check evidence against a relay, offline; several devices' files together",
         .example = "huecry verify-evidence anna.evidence ben.evidence",
         .options = {{Given::positional, "FILE", "FILE", "As 'evidence save' wrote it", true},
                     {Given::rest, "FILES", "FILE", "More of them"}},
         .run = verify,
         .needs = Command::Needs::nothing},
    };
}

}  // namespace huecry::cli
