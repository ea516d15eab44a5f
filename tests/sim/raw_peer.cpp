#include "sim/raw_peer.hpp"

#include "net/proof.hpp"

namespace huecry::sim {

RawPeer::RawPeer(RelayHost& relay, SeededRandom& random, net::Identity identity)
    : relay_(relay), random_(random), identity_(std::move(identity)) {}

RawPeer::~RawPeer() {
    if (id_ != 0 && relay_.up() && life_ == relay_.life()) relay_.core().closed(id_);
}

bool RawPeer::alive() const { return relay_.up() && life_ == relay_.life() && !goodbye_; }

Result<v1::Ready> RawPeer::connect() {
    if (!relay_.up()) return Errc::unreachable;
    std::array<std::uint8_t, 32> exporter{}, nonce{};
    random_.fill(exporter);
    random_.fill(nonce);
    life_ = relay_.life();
    id_ = relay_.core().opened(*this, exporter, {true, 0});
    net::Proof proof(identity_, exporter, nonce);
    const auto exchange = [&](const v1::Frame& frame) -> Result<v1::Frame> {
        if (!goodbye_) relay_.core().received(id_, view(frame.SerializeAsString()));
        if (goodbye_) return *goodbye_;
        if (frames_.empty()) return Error{Errc::unreachable, "no answer"};
        auto out = std::move(frames_.front());
        frames_.erase(frames_.begin());
        return out;
    };
    v1::Frame out;
    *out.mutable_hello() = proof.hello();
    HUECRY_TRY_ASSIGN(const auto reply, exchange(out));
    HUECRY_TRY_ASSIGN(*out.mutable_prove(), proof.answer(reply.hello_reply()));
    HUECRY_TRY_ASSIGN(auto ready, exchange(out));
    return std::move(*ready.mutable_ready());
}

Result<v1::Frame> RawPeer::ask(v1::Frame frame) {
    if (!alive()) return Errc::unreachable;
    frame.set_request(++request_);
    relay_.core().received(id_, view(frame.SerializeAsString()));
    relay_.flush();
    for (auto it = frames_.begin(); it != frames_.end(); ++it) {
        if (it->request() != request_) continue;
        auto out = std::move(*it);
        frames_.erase(it);
        if (!out.has_failure()) return out;
        return Error{error_from_number(out.failure().code()).value_or(Errc::internal)};
    }
    return goodbye_ ? Error{*goodbye_} : Error{Errc::timed_out, "not answered yet"};
}

Result<v1::Frame> RawPeer::state(const directory::SignedStatement& statement) {
    return ask(statement_frame(statement, random_.id<MessageId>()));
}

std::vector<v1::Frame> RawPeer::pushed() { return std::exchange(frames_, {}); }

void RawPeer::send(relay::EncodedFrame encoded) {
    v1::Frame frame;
    if (!frame.ParseFromString(*encoded)) std::abort();
    frames_.push_back(std::move(frame));
}

void RawPeer::close(Errc code, std::uint32_t) { goodbye_ = code; }

v1::Frame statement_frame(const directory::SignedStatement& statement, const MessageId& id) {
    v1::Frame frame;
    auto& submit = *frame.mutable_submit();
    submit.mutable_stream()->set_kind(static_cast<std::uint32_t>(StreamKind::directory));
    submit.mutable_stream()->set_id(to_string(BytesView(StreamRef::directory().id)));
    auto& item = *submit.add_items();
    item.set_message_id(to_string(id.view()));
    item.set_kind(static_cast<std::uint32_t>(EntryKind::statement));
    item.set_body(to_string(statement.encode()));
    return frame;
}

}  // namespace huecry::sim
