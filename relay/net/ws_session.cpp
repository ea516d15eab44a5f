#include "net/ws_session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "huecry/limits.hpp"
#include "huecry/v1/frame.pb.h"

namespace huecry::relay {
namespace {

constexpr std::uint16_t close_code_base = 4000;
constexpr auto closing_time = std::chrono::seconds(5);
constexpr std::size_t crowded_outlet_bytes = 65536;  // some answers, of a reader that is slow

}  // namespace

WsSession::WsSession(Network& network, std::shared_ptr<TlsStream> stream, Admission::Ticket ticket,
                     const Handshake::Exporter& exporter,
                     std::chrono::steady_clock::time_point accepted)
    : network_(network),
      stream_(std::move(stream)),
      ticket_(std::move(ticket)),
      exporter_(exporter),
      websocket_(*stream_),
      timer_(stream_->get_executor()),
      accepted_(accepted) {}

WsSession::~WsSession() {
    if (flush_wanted_) network_.driver.forget(*this);
    if (opened_) network_.core.closed(id_);
}

asio::awaitable<void> WsSession::serve(std::shared_ptr<WsSession> session, HttpHead head) {
    auto& self = *session;
    self.arm(self.accepted_ + self.network_.options.proof_deadline -
             std::chrono::steady_clock::now());
    const auto accepted = co_await self.websocket_.accept(head);
    if (!accepted) {
        self.timer_.cancel();
        co_await self.stream_->finish();
        co_return;
    }
    ++self.network_.counters.websockets;
    self.stream_->on_drained([weak = self.weak_from_this()] {
        if (const auto still = weak.lock()) still->tell_writable();
    });
    Peer peer;
    peer.loopback = self.ticket_.loopback();
    // Connections per address are counted by Admission, from TCP on: not once more there.
    self.id_ = self.network_.core.opened(self, self.exporter_, peer);
    self.opened_ = true;
    self.websocket_.read_all(session);
}

asio::awaitable<void> WsSession::finish(std::shared_ptr<WsSession> self) {
    co_await self->stream_->finish();
}

std::size_t WsSession::limit() {
    return closing_ ? limits::max_frame_before_proof : network_.core.frame_limit(id_);
}

void WsSession::message(BytesView bytes) {
    if (closing_) return;
    network_.core.received(id_, bytes);
    note_proof();
    network_.driver.kick();
}

void WsSession::ended(Errc why) {
    note_refused(why);
    opened_ = false;
    network_.core.closed(id_);
    network_.driver.kick();
    timer_.cancel();
    stream_->on_drained({});
    auto end = finish(shared_from_this());
    asio::co_spawn(network_.io, std::move(end), asio::detached);
}

void WsSession::note_proof() {
    if (proved_ || closing_) return;
    const auto limit = network_.core.frame_limit(id_);
    if (limit <= limits::max_frame_before_proof) return;
    // Anybody is a founder until a partnership is made: more time (a profile is sealed with a slow
    // hash meanwhile), nothing else.
    if (limit <= limits::max_genesis_frame) {
        if (!std::exchange(founder_, true)) arm(3 * network_.options.proof_deadline);
        return;
    }
    proved_ = true;
    ticket_.proved();
    stream_->proved();
    network_.counters.proof_us.add(
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                       std::chrono::steady_clock::now() - accepted_)
                                       .count()));
    arm(network_.options.idle_ping);
}

void WsSession::note_refused(Errc why) {
    if (why == Errc::too_large) ++network_.counters.fragments_refused;
    if (why == Errc::rate_limited) ++network_.counters.controls_refused;
}

/// While all together wait for too much, whoever has not read what it was given gets no more.
std::size_t WsSession::queued_bytes() const {
    const auto waiting = stream_->waiting();
    if (waiting == 0 || TlsStream::all_waiting() <= limits::waiting_bytes) return waiting;
    ++network_.counters.waiting_held;
    return std::max<std::size_t>(waiting, limits::window_bytes);
}

void WsSession::send(EncodedFrame frame) {
    if (closing_ || !stream_->is_open()) return;
    // Answers are not held back as deliveries are: who leaves them unread while all together wait
    // for too much has no more than a little of it.
    const auto queued = stream_->queued() + frame->size();
    const bool crowded = stream_->queued() != 0 && queued > crowded_outlet_bytes &&
                         TlsStream::all_waiting() > limits::waiting_bytes;
    if (crowded) ++network_.counters.waiting_overflow;
    if (crowded || queued > limits::outlet_bytes) {
        ++network_.counters.outlet_overflow;
        stream_->close();
        return;
    }
    websocket_.send(std::move(frame));
    want_flush();
}

void WsSession::close(Errc code, std::uint32_t reconnect_after_ms) {
    if (closing_) return;
    v1::Frame frame;
    frame.mutable_goodbye()->set_code(static_cast<std::uint32_t>(code));
    frame.mutable_goodbye()->set_reconnect_after_ms(reconnect_after_ms);
    websocket_.send(std::make_shared<const std::string>(frame.SerializeAsString()));
    websocket_.close(static_cast<std::uint16_t>(close_code_base + static_cast<unsigned>(code)));
    closing_ = true;
    want_flush();
    arm(closing_time);
}

void WsSession::want_flush() {
    if (flush_wanted_) return;
    flush_wanted_ = true;
    network_.driver.flush_later(*this);
}

void WsSession::flush_now() {
    flush_wanted_ = false;
    stream_->flush();
    tell_writable();
}

void WsSession::tell_writable() {
    if (!opened_ || closing_ || !room_wanted_) return;
    if (stream_->queued() >= limits::window_bytes / 2) return;
    room_wanted_ = false;
    network_.core.writable(id_);
    network_.driver.kick();
}

void WsSession::arm(std::chrono::steady_clock::duration time) {
    timer_.expires_after(time);
    timer_.async_wait([weak = weak_from_this()](ErrorCode error) {
        const auto session = weak.lock();
        if (!error && session) session->on_timer();
    });
}

void WsSession::on_timer() {
    if (!stream_->is_open()) return;
    if (closing_ || !opened_) return stream_->close();
    if (!proved_) {
        ++network_.counters.deadline_closed;
        ++network_.counters.deadline_proof;
        return close(Errc::timed_out, 0);
    }
    const auto interval = network_.options.idle_ping;
    quiet_ = websocket_.heard() ? std::chrono::seconds(0) : quiet_ + interval;
    if (quiet_ >= network_.options.idle_close) {
        ++network_.counters.deadline_closed;
        ++network_.counters.deadline_idle;
        return stream_->close();
    }
    if (quiet_ > std::chrono::seconds(0)) {
        websocket_.ping();
        want_flush();
    }
    arm(interval);
}

}  // namespace huecry::relay
