#include "commands/commands.hpp"
#include "profile.hpp"
#include "terminal.hpp"

namespace huecry::cli {
namespace {

Result<void> change(Context& context) {
    const auto& profile = context.settings().profile;
    HUECRY_TRY(profile_exists(profile));
    // Runs where it was typed: nobody else may own the profile meanwhile.
    Terminal terminal;
    HUECRY_TRY_ASSIGN(auto now, passphrase_of(context.globals(), terminal, "Passphrase now"));
    std::optional<int> fd;
    if (const auto typed = context.arguments().get("--new-passphrase-fd")) {
        HUECRY_TRY_ASSIGN(const auto number, parse_number(*typed, 0, 1U << 20U));
        fd = static_cast<int>(number);
    }
    HUECRY_TRY_ASSIGN(auto next, terminal.new_passphrase("New passphrase", fd));
    const ProfileSecret old_secret{.passphrase = std::move(now), .key = {}};
    const ProfileSecret new_secret{.passphrase = std::move(next), .key = {}};
    auto changed = Client::change_passphrase(profile, old_secret, new_secret);
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
                     "Read the new passphrase from this open file (else ask twice)"}},
        .run = change,
        .needs = Command::Needs::nothing,
    }};
}

}  // namespace huecry::cli
