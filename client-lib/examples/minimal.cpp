// The whole of huecry in one small C++ program: minimal.c with the C++ interface.
//
//   minimal create FOLDER ADDRESS      makes a partnership, prints an invite link
//   minimal join FOLDER LINK           joins with it
//   minimal listen FOLDER SECONDS      prints what happens, answers every alert with "coming"
//   minimal send FOLDER CHANNEL TEXT   CHANNEL: a name, an id, or "first"
//
// The passphrase is taken from HUECRY_EXAMPLE_PASSPHRASE; a real program asks for it.
#include <cstdlib>
#include <huecry/client.hpp>
#include <huecry/text.hpp>
#include <iostream>

namespace {

using namespace std::chrono_literals;
using huecry::Client;

int failed(const huecry::Error& error) {
    std::cerr << error.text() << '\n';
    return huecry::exit_code(error.code);
}

int create(const std::string& folder, huecry::ProfileSecret secret, const std::string& address) {
    auto client = Client::create_partnership({.profile = folder,
                                              .secret = std::move(secret),
                                              .relay = address,
                                              .name = "Example Town",
                                              .member = "Corner Shop"});
    if (!client) return failed(client.error());
    const auto invite = client->invite(
        {.role = huecry::Role::security, .member = "Night Guard", .in_person = true});
    if (!invite) return failed(invite.error());
    std::cout << invite->link << '\n';
    return 0;
}

int join(const std::string& folder, huecry::ProfileSecret secret, const std::string& link) {
    const auto accept = [](const std::string& partnership, const huecry::AgreementInfo& text) {
        std::cout << "agreement of " << huecry::printable(partnership) << ": "
                  << huecry::printable(text.text) << '\n';
        return true;
    };
    const auto client = Client::join(
        {.profile = folder, .secret = std::move(secret), .link = link, .accept = accept});
    if (!client) return failed(client.error());
    std::cout << "joined\n";
    return 0;
}

huecry::Result<huecry::ChannelId> pick_channel(Client& client, const std::string& text) {
    if (text != "first") return client.find_channel(text);
    HUECRY_TRY_ASSIGN(const auto channels, client.channels());
    for (const auto& channel : channels)
        if (channel.joined) return channel.id;
    return huecry::Errc::channel_unknown;
}

int send(Client& client, const std::string& where, const std::string& text) {
    if (const auto synced = client.sync(10s); !synced) return failed(synced.error());
    const auto channel = pick_channel(client, where);
    if (!channel) return failed(channel.error());
    const auto sent = client.send(
        {.channel = *channel, .category = huecry::Category::theft_in_progress, .text = text});
    if (!sent) return failed(sent.error());
    const auto receipt = client.wait_accepted(sent->alert, 10s);
    if (!receipt) return failed(receipt.error());
    const bool accepted = receipt->state == huecry::SendState::accepted;
    std::cout << receipt->alert.hex() << (accepted ? " accepted" : " queued")
              << ", readers: " << receipt->readers << '\n';
    return 0;
}

int listen(Client& client, std::chrono::seconds patience) {
    auto after = client.first_unshown();
    if (!after) return failed(after.error());
    for (;;) {
        const auto event = client.next_event(*after, patience);
        if (!event) return failed(event.error());
        if (!*event) return 0;
        *after = (*event)->number;
        std::cout << huecry::name((*event)->kind);
        if ((*event)->alert) std::cout << ' ' << huecry::printable((*event)->alert->text);
        if ((*event)->response) std::cout << ' ' << huecry::name((*event)->response->answer);
        std::cout << std::endl;
        if ((*event)->kind == huecry::Event::Kind::alert_received)
            if (const auto said = client.respond((*event)->alert->id, huecry::Answer::coming);
                !said)
                return failed(said.error());
        if (const auto shown = client.mark_shown(*after); !shown) return failed(shown.error());
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const char* passphrase = std::getenv("HUECRY_EXAMPLE_PASSPHRASE");
    if (arguments.size() < 3 || !passphrase) {
        std::cerr << "usage: minimal create|join|listen|send FOLDER ...\n";
        return 2;
    }
    huecry::ProfileSecret secret{.passphrase = huecry::SecretBytes(huecry::view(passphrase))};
    const auto& verb = arguments[0];
    if (verb == "create") return create(arguments[1], std::move(secret), arguments[2]);
    if (verb == "join") return join(arguments[1], std::move(secret), arguments[2]);

    auto client = Client::open({.profile = arguments[1], .secret = std::move(secret)});
    if (!client) return failed(client.error());
    if (verb == "send" && arguments.size() == 4) return send(*client, arguments[2], arguments[3]);
    if (verb == "listen") return listen(*client, std::chrono::seconds(std::stoul(arguments[2])));
    return 2;
}
