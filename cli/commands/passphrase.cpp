#include "commands/commands.hpp"
#include "profile.hpp"
#include "terminal.hpp"

namespace huecry::cli {
namespace {

Result<ProfileSecret> next_secret(Context& context, Terminal& terminal) {
    ProfileSecret out;
    if (const auto file = context.arguments().get("--new-key-file")) {
        if (context.arguments().get("--new-passphrase-fd"))
            return Error{Errc::invalid_argument, "a new passphrase or a key file, not both"};
        HUECRY_TRY_ASSIGN(out.key, key_from(*file));
        return out;
    }
    std::optional<int> fd;
    if (const auto typed = context.arguments().get("--new-passphrase-fd")) {
        HUECRY_TRY_ASSIGN(const auto number, parse_number(*typed, 0, 1U << 20U));
        fd = static_cast<int>(number);
    }
    HUECRY_TRY_ASSIGN(out.passphrase,
                      terminal.passphrase("New passphrase", fd, Passphrase::chosen));
    return out;
}

Result<void> change(Context& context) {
    const auto& profile = context.settings().profile;
    HUECRY_TRY(profile_exists(profile));
    // Runs where it was typed: nobody else may own the profile meanwhile.
    Terminal terminal;
    HUECRY_TRY_ASSIGN(const auto now, secret_of(context.globals(), terminal, "Passphrase now"));
    HUECRY_TRY_ASSIGN(const auto next, next_secret(context, terminal));
    auto changed = Client::change_passphrase(profile, now, next);
    if (!changed && changed.error().code == Errc::busy)
        return Error{Errc::busy, "end the huecry process that uses this profile first"};
    if (!changed) return changed.error();
    context.line("The passphrase is changed.");
    context.emit(Object().set("changed", true));
    return {};
}

}  // namespace

Commands passphrase_commands() {
    using Kind = Option::Kind;
    return {{
        .name = "passphrase change",
        .summary = "Give this profile another passphrase",
        .example = "huecry passphrase change",
        .options = {{Kind::value, "--new-passphrase-fd", "N",
                     "Read the new passphrase from this open file (else ask twice)"},
                    {Kind::value, "--new-key-file", "FILE",
                     "From now on this file of 32 bytes opens the profile, no passphrase: for "
                     "machines without a person, then named by $HUECRY_KEY_FILE"}},
        .run = change,
        .needs = Command::Needs::nothing,
    }};
}

}  // namespace huecry::cli
