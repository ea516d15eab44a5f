#include "fault/raw_town.hpp"

#include <openssl/rand.h>

#include <stdexcept>

#include "huecry/directory/build.hpp"
#include "huecry/directory/invite_keys.hpp"
#include "huecry/wire/codec.hpp"

namespace huecry::fault {
namespace {

using namespace test;

SigningKey fresh_key() { return signing_key_from_seed(fresh_bytes(32)); }

void stream_to(const StreamRef& stream, v1::Stream& out) {
    out.set_kind(static_cast<std::uint32_t>(stream.kind));
    out.set_id(to_string(stream.id));
    out.set_incarnation(stream.incarnation);
}

v1::Frame statement_frame(const directory::SignedStatement& statement) {
    v1::Frame out;
    out.mutable_submit()->mutable_stream()->set_kind(1);
    auto& item = *out.mutable_submit()->add_items();
    item.set_message_id(to_string(fresh_bytes(16)));
    item.set_kind(1);
    item.set_body(to_string(statement.encode()));
    return out;
}

Bytes noise(std::uint16_t format, std::size_t size) {
    Writer w;
    w.u16(1).u16(format).raw(fresh_bytes(size));
    return w.take();
}

}  // namespace

Bytes fresh_bytes(std::size_t n) {
    Bytes out(n);
    RAND_bytes(out.data(), static_cast<int>(n));
    return out;
}

/// While members join: a founder's connection, and what it says of the directory.
class RawTown::Founding {
public:
    Founding(RawTown& town, const RelayProcess& relay)
        : town_(town), relay_(relay), client_(relay.port()) {
        if (!town_.founder_.enter(client_)) throw std::runtime_error("the founder was refused");
        client_.send_message(town_.subscribe(StreamRef::directory(), 0));
        follow_to(1);
        town_.channel_ = state_->all_members();
        commit({}, {});
    }

    void join() {
        const auto holder = fresh_key();  // of the invite's one-time key
        directory::InviteIssued invite;
        invite.one_time_key = holder.public_key;
        invite.seal_key = fresh_id<PublicKey>();
        invite.member = fresh_id<MemberId>();
        invite.member_name_hash = fresh_id<Digest>();
        invite.organisation = fresh_id<OrganisationId>();
        invite.organisation_name_hash = fresh_id<Digest>();
        invite.role = directory::Role::retailer;
        invite.in_person = true;
        invite.lifetime_ms = 86'400'000;
        follow_to(
            ask(client_, statement_frame(sign_statement(statement(invite), town_.founder_.key))));
        Caller device{fresh_key(), town_.partnership(), ClientKind::device, relay_.key()};
        admit(holder, device);
        const auto package = stock(device);
        commit(device.device(), package);
        town_.devices_.push_back(std::move(device));
    }

private:
    [[nodiscard]] directory::Statement statement(directory::Body body) const {
        return directory::make_statement(*state_, fresh_id<directory::Nonce>(), std::move(body));
    }

    /// Sends, and waits for the answer to this very request; what is pushed meanwhile is followed.
    v1::Frame answer(WireClient& client, v1::Frame frame) {
        frame.set_request(++request_);
        client.send_message(frame);
        for (;;) {
            auto got = client.receive_message();
            if (!got) throw std::runtime_error("the relay has closed the connection");
            follow(*got);
            if (got->request() != request_) continue;
            if (got->has_failure())
                throw std::runtime_error("refused: " + std::to_string(got->failure().code()));
            return std::move(*got);
        }
    }
    /// The seq that a submission was given.
    std::uint64_t ask(WireClient& client, v1::Frame frame) {
        return answer(client, std::move(frame)).submit_result().accepted(0).seq();
    }

    void follow(const v1::Frame& frame) {
        if (!frame.has_deliver() || frame.deliver().stream().kind() != 1) return;
        for (const auto& entry : frame.deliver().entries()) {
            if (!state_) {
                auto made =
                    directory::State::from_genesis(view(entry.header()), view(entry.body()));
                if (!made) throw std::runtime_error("genesis: " + made.error().text());
                state_.emplace(std::move(*made));
                continue;
            }
            const auto done = state_->apply(view(entry.header()), view(entry.body()));
            if (!done) throw std::runtime_error("directory: " + done.error().text());
        }
        town_.directory_index_ = state_->index();
    }
    void follow_to(std::uint64_t index) {
        while (!state_ || state_->index() < index) {
            const auto frame = client_.receive_message();
            if (!frame) throw std::runtime_error("the directory does not come");
            follow(*frame);
        }
    }

    void admit(const SigningKey& holder, const Caller& device) {
        Caller invited{holder.clone(), town_.partnership(), ClientKind::invite, relay_.key()};
        WireClient client(relay_.port());
        if (!invited.enter(client)) throw std::runtime_error("the invite was refused");
        const directory::DeviceAdmitted admitted{invite_id_of(holder.public_key),
                                                 device.key.public_key, fresh_id<PublicKey>()};
        follow_to(
            ask(client, statement_frame(sign_admission(statement(admitted), holder, device.key))));
    }

    /// Gives the relay a key package; its digest.
    Digest stock(const Caller& device) {
        WireClient client(relay_.port());
        if (!device.enter(client)) throw std::runtime_error("the newcomer was refused");
        const auto package = noise(5, 200);
        v1::Frame frame;
        frame.mutable_put_key_packages()->add_packages(to_string(package));
        (void)answer(client, frame);
        v1::Frame take;
        stream_to(town_.channel(), *take.mutable_take_key_packages()->mutable_channel());
        take.mutable_take_key_packages()->add_devices(to_string(device.device().view()));
        (void)answer(client_, take);
        return sha256(package);
    }

    /// The next commit of the channel; it adds a device when there is one.
    void commit(const std::optional<DeviceId>& joiner, const std::optional<Digest>& package) {
        v1::Frame frame;
        auto& submit = *frame.mutable_submit();
        stream_to(town_.channel(), *submit.mutable_stream());
        submit.set_handshake_seq(town_.handshake_);
        submit.set_directory_index(state_->index());
        auto& item = *submit.add_items();
        item.set_message_id(to_string(fresh_bytes(16)));
        item.set_kind(static_cast<std::uint32_t>(EntryKind::handshake));
        item.set_body(to_string(town_.mls(3, town_.epoch_, fresh_bytes(100))));
        if (joiner) {
            auto& welcome = *submit.mutable_welcome();
            welcome.set_message_id(to_string(fresh_bytes(16)));
            welcome.set_chain_from(town_.handshake_);
            welcome.set_body(to_string(noise(3, 300)));
            auto& one = *welcome.add_joiners();
            one.set_device(to_string(joiner->view()));
            one.set_key_package(to_string(package->view()));
        }
        town_.handshake_ = ask(client_, frame);
        ++town_.epoch_;
    }

    RawTown& town_;
    const RelayProcess& relay_;
    WireClient client_;
    std::uint64_t request_ = 0;
    std::optional<directory::State> state_;
};

RawTown::RawTown(const RelayProcess& relay, std::size_t devices) {
    auto founded = found_partnership(relay);
    if (founded.failure != 0) throw std::runtime_error("no partnership");
    founder_ = std::move(founded.device);
    Founding founding(*this, relay);
    for (std::size_t i = 0; i < devices; ++i) founding.join();
}

Bytes RawTown::mls(std::uint8_t content_type, std::uint64_t epoch, BytesView content) const {
    Writer group;
    group.raw(channel_.view()).u32(1);
    Writer w;
    w.u16(1).u16(2).opaque(group.bytes()).u64(epoch).u8(content_type);
    w.opaque(fresh_bytes(40)).opaque(fresh_bytes(28)).opaque(content);
    return w.take();
}

v1::Frame RawTown::message(const MessageId& id, std::uint64_t lifetime_ms,
                           BytesView content) const {
    v1::Frame out;
    auto& submit = *out.mutable_submit();
    stream_to(channel(), *submit.mutable_stream());
    submit.set_handshake_seq(handshake_);
    submit.set_directory_index(directory_index_);
    auto& item = *submit.add_items();
    item.set_message_id(to_string(id.view()));
    item.set_kind(static_cast<std::uint32_t>(EntryKind::application));
    item.set_lifetime_ms(lifetime_ms);
    item.set_body(to_string(mls(1, epoch_, content)));
    return out;
}

v1::Frame RawTown::subscribe(const StreamRef& stream, std::uint64_t from) const {
    v1::Frame out;
    stream_to(stream, *out.mutable_subscribe()->mutable_stream());
    out.mutable_subscribe()->set_from(from);
    return out;
}

v1::Frame RawTown::acknowledge(const StreamRef& stream, std::uint64_t seq) const {
    v1::Frame out;
    stream_to(stream, *out.mutable_ack()->mutable_stream());
    out.mutable_ack()->set_seq(seq);
    return out;
}

}  // namespace huecry::fault
