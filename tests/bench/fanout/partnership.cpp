#include "bench/fanout/partnership.hpp"

#include <openssl/rand.h>

#include <stdexcept>

#include "bench/fanout/huecry_packets.hpp"
#include "huecry/directory/build.hpp"
#include "huecry/limits.hpp"

namespace huecry::bench {
namespace {

template <class IdType>
IdType random_id() {
    std::array<std::uint8_t, IdType::size> bytes{};
    RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
    return IdType(bytes);
}

SigningKey random_key() { return signing_key_from_seed(random_id<Digest>().view()); }

directory::Nonce nonce() { return random_id<directory::Nonce>(); }

void stream_to(const StreamRef& stream, v1::Stream& out) {
    out.set_kind(static_cast<std::uint32_t>(stream.kind));
    out.set_id(to_string(stream.id));
    out.set_incarnation(stream.incarnation);
}

v1::Frame statement_frame(const directory::SignedStatement& statement) {
    v1::Frame out;
    auto& submit = *out.mutable_submit();
    stream_to(StreamRef::directory(), *submit.mutable_stream());
    auto& item = *submit.add_items();
    item.set_message_id(to_string(random_id<MessageId>().view()));
    item.set_kind(static_cast<std::uint32_t>(EntryKind::statement));
    item.set_body(to_string(statement.encode()));
    return out;
}

directory::InviteIssued invite(const SigningKey& one_time) {
    directory::InviteIssued out;
    out.one_time_key = one_time.public_key;
    out.seal_key = random_id<PublicKey>();
    out.member = random_id<MemberId>();
    out.member_name_hash = random_id<Digest>();
    out.organisation = random_id<OrganisationId>();
    out.organisation_name_hash = random_id<Digest>();
    out.in_person = true;
    out.lifetime_ms = limits::invite_expiry_s * 1000;
    return out;
}

}  // namespace

Partnership::Partnership(const test::RelayProcess& relay, std::size_t devices,
                         std::size_t channels) {
    found(relay);
    desk_ = std::make_unique<test::WireClient>(relay.port());
    if (!founder_.enter(*desk_)) throw std::runtime_error("the founder was refused");
    const auto state = first_entry();
    channels_.push_back({StreamRef::channel(state.all_members(), 1)});
    directory_index_ = state.index();
    define_channels(state, channels - 1);
    admit(state, devices);
}

void Partnership::found(const test::RelayProcess& relay) {
    if (!initialise_crypto()) throw std::runtime_error("libsodium");
    founder_ = {random_key(), {}, ClientKind::founder, relay.key()};
    const auto root = random_key();
    directory::Genesis genesis;
    genesis.root_key = root.public_key;
    genesis.next_root_hash = directory::root_hash(random_id<PublicKey>());
    genesis.relay_key = relay.key();
    genesis.relay_port = relay.port();
    genesis.relay_host = "127.0.0.1";
    genesis.member = random_id<MemberId>();
    genesis.signing_key = founder_.key.public_key;
    genesis.sealing_key = random_id<PublicKey>();
    genesis.member_name_hash = random_id<Digest>();
    genesis.organisation = random_id<OrganisationId>();
    genesis.organisation_name_hash = random_id<Digest>();
    genesis.partnership_name_hash = random_id<Digest>();
    genesis.all_members = directory::all_members_channel(random_id<ChannelId>(),
                                                         random_id<Digest>(), founder_.device());
    const auto statement = directory::make_genesis(nonce(), genesis);
    founder_.partnership = directory::partnership_id(statement.encode());
    test::WireClient client(relay.port());
    if (!founder_.enter(client)) throw std::runtime_error("the founder was refused");
    v1::Frame frame;
    frame.set_request(1);
    frame.mutable_create_partnership()->set_genesis(
        to_string(directory::sign_genesis(statement, root, founder_.key).encode()));
    client.send_message(frame);
    const auto answer = client.receive_message();
    if (!answer || !answer->has_submit_result()) throw std::runtime_error("the genesis");
    founder_.kind = ClientKind::device;
}

directory::State Partnership::first_entry() {
    v1::Frame frame;
    stream_to(StreamRef::directory(), *frame.mutable_subscribe()->mutable_stream());
    desk_->send_message(frame);
    const auto answer = desk_->receive_message(v1::Frame::kDeliver);
    if (!answer) throw std::runtime_error("the directory's first entry");
    const auto& entry = answer->deliver().entries(0);
    auto state = directory::State::from_genesis(view(entry.header()), view(entry.body()));
    if (!state) throw std::runtime_error("the directory's first entry");
    return std::move(*state);
}

void Partnership::define_channels(const directory::State& state, std::size_t count) {
    std::vector<directory::SignedStatement> statements;
    for (std::size_t i = 0; i < count; ++i) {
        auto channel = directory::all_members_channel(random_id<ChannelId>(), random_id<Digest>(),
                                                      founder_.device());
        channel.all_members = false;
        channels_.push_back({StreamRef::channel(channel.id, 1)});
        statements.push_back(directory::sign_statement(
            directory::make_statement(state, nonce(), directory::ChannelDefined{channel}),
            founder_.key));
    }
    submit_all(statements);
}

void Partnership::admit(const directory::State& state, std::size_t count) {
    std::vector<directory::SignedStatement> statements;
    for (std::size_t i = 0; i < count; ++i) {
        const auto one_time = random_key();
        devices_.push_back(random_key());
        statements.push_back(directory::sign_statement(
            directory::make_statement(state, nonce(), invite(one_time)), founder_.key));
        const directory::DeviceAdmitted admitted{
            invite_id_of(one_time.public_key), devices_.back().public_key, random_id<PublicKey>()};
        statements.push_back(directory::sign_admission(
            directory::make_statement(state, nonce(), admitted), one_time, devices_.back()));
    }
    submit_all(statements);
}

std::uint64_t Partnership::submitted(const v1::Frame& frame) {
    if (frame.has_failure())
        throw std::runtime_error("a submission was refused: " +
                                 std::to_string(frame.failure().code()));
    return frame.submit_result().accepted(0).seq();
}

void Partnership::submit_all(const std::vector<directory::SignedStatement>& statements) {
    static constexpr std::size_t at_once = 256;
    for (std::size_t done = 0; done < statements.size(); done += at_once) {
        const auto count = std::min(at_once, statements.size() - done);
        for (std::size_t i = 0; i < count; ++i) {
            auto frame = statement_frame(statements[done + i]);
            frame.set_request(++request_);
            desk_->send_message(frame);
        }
        for (std::size_t i = 0; i < count;) {
            const auto answer = desk_->receive_message();
            if (!answer) throw std::runtime_error("cut off while the directory was made");
            if (answer->request() == 0) continue;  // entries of its own subscription
            directory_index_ = std::max(directory_index_, submitted(*answer));
            ++i;
        }
    }
}

test::Caller Partnership::device(std::size_t i) const {
    return {devices_[i].clone(), founder_.partnership, ClientKind::device, founder_.relay_key};
}

void Partnership::let_in(std::size_t channel, const std::vector<std::size_t>& devices) {
    auto& c = channels_[channel];
    for (std::size_t done = 0; done < devices.size(); done += limits::max_welcome_devices) {
        v1::Frame frame;
        frame.set_request(++request_);
        auto& submit = *frame.mutable_submit();
        stream_to(c.stream, *submit.mutable_stream());
        submit.set_handshake_seq(c.last_handshake);
        submit.set_directory_index(directory_index_);
        auto& item = *submit.add_items();
        item.set_message_id(to_string(random_id<MessageId>().view()));
        item.set_kind(static_cast<std::uint32_t>(EntryKind::handshake));
        item.set_body(to_string(private_message(c.stream, 3, random_id<Digest>().view())));
        auto& welcome = *submit.mutable_welcome();
        welcome.set_message_id(to_string(random_id<MessageId>().view()));
        const std::array<std::uint8_t, 5> form{0, 1, 0, 3, 0};  // mls10, mls_welcome
        welcome.set_body(to_string(form));
        for (auto i = done; i < std::min(done + limits::max_welcome_devices, devices.size()); ++i) {
            const auto id = device_id_of(devices_[devices[i]].public_key);
            auto& joiner = *welcome.add_joiners();
            joiner.set_device(to_string(id.view()));
            joiner.set_key_package(to_string(sha256(key_package(id)).view()));
        }
        desk_->send_message(frame);
        auto answer = desk_->receive_message();
        while (answer && answer->request() != request_) answer = desk_->receive_message();
        if (!answer) throw std::runtime_error("cut off while devices were let in");
        c.last_handshake = submitted(*answer);
    }
}

}  // namespace huecry::bench
