#include <fmt/format.h>

#include "commands/commands.hpp"
#include "huecry/wire/address.hpp"

namespace huecry::cli {
namespace {

/// The address with its key; without one, a person confirms the key that the relay proves.
Result<std::string> confirmed_address(Context& context, const std::string& typed) {
    HUECRY_TRY_ASSIGN(auto address, RelayAddress::parse(typed));
    if (address.key) return address.text();
    if (!context.console().can_ask()) return Errc::relay_key_unknown;
    HUECRY_TRY_ASSIGN(const auto key, Client::probe_relay(typed));
    const auto question = fmt::format(
        "The address has no relay key. The relay at {} proves this one:\n    {}\nIs that the key "
        "that its operator told you? [y/N] ",
        one_line(address.host), one_line(key));
    const auto answer = context.console().ask(question);
    if (!answer || (*answer != "y" && *answer != "yes" && *answer != "Y")) return Errc::cancelled;
    Bytes bytes;
    if (!from_base64url(key, bytes)) return Errc::wrong_relay;
    address.key = PublicKey::from(bytes);
    if (!address.key) return Errc::wrong_relay;
    return address.text();
}

Result<void> create(Context& context) {
    const auto& arguments = context.arguments();
    HUECRY_TRY_ASSIGN(auto relay, confirmed_address(context, arguments.text("--relay")));
    HUECRY_TRY_ASSIGN(auto secret, context.new_secret());
    context.progress("Creating the partnership …");
    HUECRY_TRY_ASSIGN(auto created, Client::create_partnership({
                                        .profile = context.settings().profile,
                                        .secret = std::move(secret),
                                        .log = context.log,
                                        .relay = std::move(relay),
                                        .name = arguments.text("--name"),
                                        .member = arguments.text("--member"),
                                        .organisation = arguments.text("--organisation"),
                                        .code = arguments.text("--code"),
                                    }));
    HUECRY_TRY_ASSIGN(auto* client, context.adopt(std::move(created)));
    HUECRY_TRY(context.fetch());  // the directory and the names come back from the relay
    HUECRY_TRY_ASSIGN(const auto info, client->info());
    context.line(fmt::format("Partnership {} created; you are {}.", in_quotes(info.name),
                             person_text(info.self)));
    context.line("Next: huecry channel create NAME, then huecry invite --role R --member M");
    Object out;
    out.set("partnership", info.id.hex()).set("name", info.name).set("relay", info.relay);
    out.set("self", person_json(info.self));
    out.set("root_key_backed_up", !info.root_key_not_backed_up);
    context.emit(out);
    return {};
}

}  // namespace

Commands partnership_commands() {
    using Kind = Option::Kind;
    return {{
        .name = "partnership create",
        .summary = "Make a partnership and its first coordinator: this device",
        .example = "huecry partnership create --relay 'https://localhost:8443/#KEY' --name "
                   "'Oldtown Shopwatch' --member Anna",
        .options = {{Kind::value, "--relay", "ADDRESS", "As the relay printed it, with its key",
                     true},
                    {Kind::value, "--name", "NAME", "Name of the partnership", true},
                    {Kind::value, "--member", "NAME", "Your name, as the others see it", true},
                    {Kind::value, "--organisation", "NAME",
                     "What you belong to (default: the partnership)"},
                    {Kind::value, "--code", "CODE", "One-time code, where the relay asks for one"}},
        .run = create,
        .needs = Command::Needs::new_profile,
        .administers = true,
    }};
}

}  // namespace huecry::cli
