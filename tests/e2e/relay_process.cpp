#include "e2e/relay_process.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <boost/json.hpp>
#include <stdexcept>

#include "huecry/directory/build.hpp"
#include "huecry/wire/address.hpp"

namespace huecry::test {
namespace {

template <class IdType>
IdType random_id() {
    std::array<std::uint8_t, IdType::size> bytes{};
    RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
    return IdType(bytes);
}

SigningKey random_key() { return signing_key_from_seed(random_id<Digest>().view()); }

Process::Options options(const std::filesystem::path& data,
                         const std::vector<std::string>& more_arguments,
                         const std::map<std::string, std::string>& environment) {
    Process::Options out;
    out.environment = environment;
    out.program = relay_program();
    out.arguments = {"serve", "--data", data.string(), "--json"};
    if (std::ranges::find(more_arguments, "--listen") == more_arguments.end())
        out.arguments.insert(out.arguments.end(), {"--listen", "127.0.0.1:0"});
    out.arguments.insert(out.arguments.end(), more_arguments.begin(), more_arguments.end());
    return out;
}

directory::Genesis genesis(const RelayProcess& relay, const SigningKey& root,
                           const SigningKey& device) {
    directory::Genesis out;
    out.root_key = root.public_key;
    out.next_root_hash = directory::root_hash(random_id<PublicKey>());
    out.relay_key = relay.key();
    out.relay_port = relay.port();
    out.relay_host = "127.0.0.1";
    out.member = random_id<MemberId>();
    out.signing_key = device.public_key;
    out.sealing_key = random_id<PublicKey>();
    out.member_name_hash = random_id<Digest>();
    out.organisation = random_id<OrganisationId>();
    out.organisation_name_hash = random_id<Digest>();
    out.partnership_name_hash = random_id<Digest>();
    out.all_members = directory::all_members_channel(random_id<ChannelId>(), random_id<Digest>(),
                                                     device_id_of(device.public_key));
    return out;
}

}  // namespace

std::filesystem::path relay_program() { return HUECRY_RELAY_PROGRAM; }

Finished run_relay(const std::vector<std::string>& arguments) {
    Process::Options out;
    out.program = relay_program();
    out.arguments = arguments;
    return run(out);
}

RelayProcess::RelayProcess(const std::filesystem::path& data,
                           const std::vector<std::string>& more_arguments,
                           const std::map<std::string, std::string>& environment)
    : process_(options(data, more_arguments, environment)) {
    const auto line = process_.read_line();
    if (!line) throw std::runtime_error("the relay is not ready: " + process_.errors());
    const auto ready = boost::json::parse(*line).as_object();
    address_ = ready.at("address").as_string();
    port_ = ready.at("port").to_number<std::uint16_t>();
    Bytes key;
    if (!from_base64url(std::string(ready.at("key").as_string()), key))
        throw std::runtime_error("the relay's key");
    key_ = PublicKey::from(key).value();
    if (const auto* admin = ready.at("admin").if_string()) {
        const std::string text(*admin);
        admin_port_ = static_cast<std::uint16_t>(std::stoul(text.substr(text.rfind(':') + 1)));
    }
}

HttpReply RelayProcess::admin(const std::string& target) const {
    WireClient client(admin_port_, WireClient::Tls::none);
    return client.request("GET", target);
}

Founded found_partnership(const RelayProcess& relay, const std::string& code) {
    if (!initialise_crypto()) throw std::runtime_error("libsodium");
    const auto root = random_key();
    Founded out{{random_key(), {}, ClientKind::founder, relay.key()}, 0};
    const auto statement = directory::make_genesis(random_id<directory::Nonce>(),
                                                   genesis(relay, root, out.device.key));
    out.device.partnership = directory::partnership_id(statement.encode());
    WireClient client(relay.port());
    if (!out.device.enter(client)) throw std::runtime_error("the founder was refused");
    v1::Frame frame;
    frame.set_request(1);
    auto& create = *frame.mutable_create_partnership();
    create.set_genesis(
        to_string(directory::sign_genesis(statement, root, out.device.key).encode()));
    create.set_code(code);
    client.send_message(frame);
    const auto answer = client.receive_message();
    if (!answer) throw std::runtime_error("no answer to the genesis");
    out.failure = answer->failure().code();
    out.device.kind = ClientKind::device;
    return out;
}

}  // namespace huecry::test
