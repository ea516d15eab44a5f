#include "output/papers.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

namespace huecry::cli {
namespace {

constexpr std::string_view globals = "--profile --json --passphrase-fd --log --help";

bool typed_with_dashes(const Option& option) { return option.name.starts_with("--"); }

/// For man: a leading dot or quote and every backslash and dash mean something there.
std::string roff(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else
            out += c;
    }
    if (!out.empty() && (out.front() == '.' || out.front() == '\'')) out.insert(0, "\\&");
    return out;
}

std::string synopsis(const Command& command) {
    std::string out;
    using Kind = Option::Kind;
    for (const auto& option : command.options) {
        std::string one(option.name);
        if (typed_with_dashes(option) && !option.value.empty())
            one += " " + std::string(option.value);
        if (option.kind == Kind::rest) one = std::string(option.value) + "...";
        if (option.kind == Kind::values || option.kind == Kind::list) one += "...";
        out += option.required ? " " + one : " [" + one + "]";
    }
    return out;
}

constexpr std::string_view exit_codes =
    "0 done, 1 a bug, 2 bad input, 3 no profile, 4 passphrase, 5 relay unreachable, 6 refused, "
    "7 not found, 8 queued and not yet delivered, 9 damaged store, 10 no room, 11 clock, "
    "12 update needed, 13 wrong relay, 14 photo, 15 timed out or busy.";

}  // namespace

std::string bash_completion(std::span<const Command> table) {
    std::map<std::string, std::set<std::string>> words;  // of one level, by what stands before it
    for (const auto& command : table) {
        const std::string name(command.name);
        const auto space = name.find(' ');
        words[""].insert(name.substr(0, space));
        if (space != std::string::npos) words[name.substr(0, space)].insert(name.substr(space + 1));
        for (const auto& option : command.options)
            if (typed_with_dashes(option)) words[name].insert(std::string(option.name));
    }
    std::string out =
        "# bash completion for huecry: source this file, or put it where your system keeps them\n"
        "_huecry() {\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} words=() word skip=\n"
        "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
        "        if [[ $skip ]]; then skip=; continue; fi\n"
        "        case $word in\n"
        "            --profile|--passphrase-fd|--log) skip=1 ;;\n"
        "            -*) ;;\n"
        "            *) words+=(\"$word\") ;;\n"
        "        esac\n"
        "    done\n"
        "    local choice\n"
        "    case \"${words[*]:0:2}\" in\n";
    const auto case_line = [&](const std::string& pattern, const std::string& key) {
        out += fmt::format("        {}) choice=\"{}\" ;;\n", pattern, fmt::join(words[key], " "));
    };
    for (const auto& [key, unused] : words)
        if (key.find(' ') != std::string::npos) case_line("\"" + key + "\"*", key);
    for (const auto& [key, unused] : words)
        if (!key.empty() && key.find(' ') == std::string::npos)
            case_line("\"" + key + "\"|\"" + key + " \"*", key);
    case_line("*", "");
    out += fmt::format(
        "    esac\n"
        "    [[ $current == -* ]] && choice+=\" {}\"\n"
        "    mapfile -t COMPREPLY < <(compgen -W \"$choice\" -- \"$current\"; "
        "[[ ${{#words[@]}} -gt 0 ]] && compgen -f -- \"$current\")\n"
        "}}\n"
        "complete -o filenames -F _huecry huecry\n",
        globals);
    return out;
}

std::string manual_page(std::span<const Command> table) {
    std::string out =
        ".TH HUECRY 1 \"\" huecry \"User Commands\"\n"
        ".SH NAME\nhuecry \\- end\\-to\\-end encrypted alerts between shops, guards, wardens and "
        "police\n"
        ".SH SYNOPSIS\n.B huecry\n[\\-\\-profile DIR] [\\-\\-json] [\\-\\-passphrase\\-fd N] "
        "[\\-\\-log LEVEL] COMMAND ...\n"
        ".SH DESCRIPTION\n"
        "Each profile is one device of one partnership. One process at a time owns a profile; a "
        "second command hands its work to it. Ids are shown with 8 characters; any unique prefix, "
        "and\n.BR last ,\nare accepted.\n"
        ".SH COMMANDS\n";
    for (const auto& command : table) {
        out += fmt::format(".TP\n.B huecry {}\n", roff(command.name));
        out.pop_back();
        out += "\\fR" + roff(synopsis(command)) + "\n";
        out += roff(command.summary) + ".\n";
        for (const auto& option : command.options)
            out += fmt::format(".br\n{}: {}.\n",
                               roff(option.kind == Option::Kind::rest ? option.value : option.name),
                               roff(option.help));
        if (!command.example.empty())
            out += fmt::format(".br\nExample: {}\n", roff(command.example));
    }
    out += fmt::format(
        ".SH ENVIRONMENT\n"
        ".TP\n.B HUECRY_PROFILE\nThe profile's folder, where \\-\\-profile does not name one; else "
        "$XDG_DATA_HOME/huecry or ~/.local/share/huecry.\n"
        ".TP\n.B HUECRY_PASSPHRASE_FILE\nA file whose first line is the passphrase.\n"
        ".TP\n.B HUECRY_KEY_FILE\nA file of exactly 32 bytes that opens the profile in place of a "
        "passphrase, for machines without a person. Keep it as you would keep the profile's "
        "contents: best from a service manager's credentials.\n"
        ".TP\n.B HUECRY_LOG\nLike \\-\\-log.\n"
        ".SH EXIT STATUS\n{}\n"
        ".SH SEE ALSO\nhuecry\\-relay(8)\n",
        exit_codes);
    return out;
}

}  // namespace huecry::cli
