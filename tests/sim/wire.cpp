#include "sim/wire.hpp"

#include "huecry/limits.hpp"
#include "net/proof.hpp"
#include "sim/relay_host.hpp"

namespace huecry::sim {

Wire::Wire(Clockwork& clockwork, SeededRandom& network, Line& line, SimLink& link)
    : clockwork_(clockwork),
      network_(network),
      line_(line),
      link_(&link),
      relay_(*line.relay),
      life_(line.relay->life()) {}

/// Frames of one direction keep their order.
Moment Wire::next(Moment& last) {
    const auto arrival = clockwork_.now() + network_.between(line_.latency_min, line_.latency_max);
    last = std::max(last, arrival);
    return last - clockwork_.now();
}

Result<v1::Ready> Wire::prove(const net::Identity& identity, crypto::Random& random) {
    std::array<std::uint8_t, 32> exporter{}, nonce{};
    random.fill(exporter);
    random.fill(nonce);
    relay_.attach(shared_from_this());
    auto& core = relay_.core();
    id_ = core.opened(*this, exporter, {false, 0});
    at_relay_ = true;
    const auto exchange = [&](const v1::Frame& frame) -> Result<v1::Frame> {
        if (!goodbye_) core.received(id_, view(frame.SerializeAsString()));
        if (goodbye_) return goodbye_->why;
        if (handshake_.empty()) return Error{Errc::unreachable, "no answer"};
        auto out = std::move(handshake_.front());
        handshake_.erase(handshake_.begin());
        return out;
    };
    net::Proof proof(identity, exporter, nonce);
    v1::Frame out;
    *out.mutable_hello() = proof.hello();
    HUECRY_TRY_ASSIGN(const auto reply, exchange(out));
    HUECRY_TRY_ASSIGN(auto proved, proof.answer(reply.hello_reply()));
    *out.mutable_prove() = std::move(proved);
    HUECRY_TRY_ASSIGN(auto ready, exchange(out));
    if (!ready.has_ready()) return Error{Errc::bad_frame, "no ready"};
    proving_ = false;
    // It arrives as everything else does, through the filter.
    down_stream(ready);
    for (auto& more : std::exchange(handshake_, {})) down_stream(std::move(more));
    relay_.kick();
    return std::move(*ready.mutable_ready());
}

void Wire::send(relay::EncodedFrame encoded) {
    v1::Frame frame;
    if (!frame.ParseFromString(*encoded)) std::abort();
    if (proving_)
        handshake_.push_back(std::move(frame));
    else
        down_stream(std::move(frame));
}

void Wire::down_stream(v1::Frame frame) {
    if (line_.sent_by_relay) line_.sent_by_relay(frame);
    if (!line_.to_client) return inject(std::move(frame));
    for (auto& one : line_.to_client(std::move(frame))) inject(std::move(one));
}

void Wire::inject(v1::Frame frame) {
    if (broken_) return;
    queued_ += frame.ByteSizeLong();
    clockwork_.at(next(last_down_), [self = shared_from_this(), frame = std::move(frame)] {
        if (self->broken_) return;
        if (self->line_.stalled || !self->held_down_.empty())
            self->held_down_.push_back(frame);
        else
            self->arrive_at_client(frame);
    });
}

void Wire::arrive_at_client(const v1::Frame& frame) {
    queued_ -= std::min<std::size_t>(queued_, frame.ByteSizeLong());
    if (at_relay_ && life_ == relay_.life() && queued_ < limits::window_bytes / 2) {
        relay_.core().writable(id_);
        relay_.kick();
    }
    if (link_ == nullptr) return;
    if (frame.has_goodbye()) {
        link_->ended(net::ending_of(frame.goodbye()));
        return;
    }
    link_->arrived(frame);
}

void Wire::to_relay(v1::Frame frame) {
    if (broken_) return;
    if (line_.sent_by_client) line_.sent_by_client(frame);
    std::vector<v1::Frame> passing;
    if (line_.to_relay)
        passing = line_.to_relay(std::move(frame));
    else
        passing.push_back(std::move(frame));
    for (auto& one : passing)
        clockwork_.at(next(last_up_), [self = shared_from_this(), one = std::move(one)] {
            if (self->up_lost_) return;
            if (self->line_.stalled || !self->held_up_.empty())
                self->held_up_.push_back(one);
            else
                self->arrive_at_relay(one);
        });
}

void Wire::arrive_at_relay(const v1::Frame& frame) {
    if (!at_relay_ || life_ != relay_.life()) return;
    relay_.core().received(id_, view(frame.SerializeAsString()));
    relay_.kick();
}

void Wire::resume() {
    // One after the other: each may end the connection.
    while (!held_up_.empty() && !up_lost_) {
        const auto frame = std::move(held_up_.front());
        held_up_.pop_front();
        arrive_at_relay(frame);
    }
    while (!held_down_.empty() && !broken_) {
        const auto frame = std::move(held_down_.front());
        held_down_.pop_front();
        arrive_at_client(frame);
    }
}

void Wire::forget_at_relay() {
    if (!at_relay_ || life_ != relay_.life()) return;
    at_relay_ = false;
    auto self = shared_from_this();
    relay_.core().closed(id_);
    relay_.detach(*this);
    relay_.kick();
}

void Wire::close(Errc code, std::uint32_t reconnect_after_ms) {
    v1::Frame frame;
    frame.mutable_goodbye()->set_code(static_cast<std::uint32_t>(code));
    frame.mutable_goodbye()->set_reconnect_after_ms(reconnect_after_ms);
    if (proving_)
        goodbye_ = net::ending_of(frame.goodbye());
    else
        down_stream(std::move(frame));
    clockwork_.at(1, [self = shared_from_this()] { self->forget_at_relay(); });
}

void Wire::client_gone(Moment notice, bool all_lost) {
    link_ = nullptr;
    broken_ = true;
    up_lost_ = all_lost || network_.chance(50);
    clockwork_.at(notice, [self = shared_from_this()] { self->forget_at_relay(); });
}

void Wire::relay_gone() {
    at_relay_ = false;
    broken_ = true;
    clockwork_.at(network_.between(line_.latency_min, line_.latency_max),
                  [self = shared_from_this()] {
                      if (self->link_ != nullptr)
                          self->link_->ended({Error{Errc::unreachable, "the relay is gone"}, {}});
                  });
}

void Wire::break_now(Moment client_notice, Moment relay_notice) {
    broken_ = true;
    up_lost_ = network_.chance(50);
    clockwork_.at(relay_notice, [self = shared_from_this()] { self->forget_at_relay(); });
    clockwork_.at(client_notice, [self = shared_from_this()] {
        if (self->link_ != nullptr)
            self->link_->ended({Error{Errc::unreachable, "the line broke"}, {}});
    });
}

// -- the client's end

SimLink::SimLink(Clockwork& clockwork, NodeScheduler& scheduler, SeededRandom& network,
                 crypto::Random& random, Line& line, net::Identity identity,
                 net::LinkListener& listener)
    : clockwork_(clockwork),
      scheduler_(scheduler),
      network_(network),
      random_(random),
      line_(line),
      identity_(std::move(identity)),
      listener_(listener),
      backoff_(std::chrono::milliseconds(limits::reconnect_first_ms),
               std::chrono::milliseconds(limits::reconnect_max_ms),
               [&network] { return network.below(~std::uint64_t{0}); }) {}

SimLink::~SimLink() {
    *alive_ = false;
    if (wire_) wire_->client_gone(50 * ms);
}

void SimLink::die(Moment notice, bool all_lost) {
    *alive_ = false;
    started_ = up_ = false;
    if (wire_) wire_->client_gone(notice, all_lost);
    wire_.reset();
}

void SimLink::start() {
    if (started_) return;
    started_ = true;
    attempt(0);
}

void SimLink::stop() {
    started_ = up_ = false;
    pause_.reset();
    drop_wire(200 * ms);
}

void SimLink::drop_wire(Moment notice) {
    if (!wire_) return;
    const auto wire = std::exchange(wire_, nullptr);
    wire->client_gone(notice);
}

void SimLink::reset() {
    if (!started_) return start();
    const bool was_up = std::exchange(up_, false);
    drop_wire(50 * ms);
    if (was_up)
        scheduler_.post([this, alive = alive_] {
            if (*alive && started_)
                listener_.down(Error{Errc::unreachable, "reset"}, true,
                               std::chrono::milliseconds(0));
        });
    attempt(ms);
}

bool SimLink::send(const v1::Frame& frame) {
    if (!up_ || !wire_ || frame.ByteSizeLong() > limits::max_frame) return false;
    wire_->to_relay(frame);
    return true;
}

void SimLink::attempt(Moment delay) {
    const auto wait = delay + network_.between(line_.latency_min, line_.latency_max);
    pause_ = scheduler_.after(std::chrono::milliseconds((wait + ms - 1) / ms), [this] {
        pause_.reset();
        connect();
    });
}

void SimLink::connect() {
    if (line_.cut || line_.stalled || line_.relay == nullptr || !line_.relay->up())
        return failed({Error{Errc::unreachable, "no way to the relay"}, {}});
    wire_ = std::make_shared<Wire>(clockwork_, network_, line_, *this);
    const auto wire = wire_;
    const auto ready = wire->prove(identity_, random_);
    if (ready) return;
    const net::Ending ending{ready.error(), {}};
    drop_wire(ms);
    failed(ending);
}

void SimLink::failed(const net::Ending& ending) {
    up_ = false;
    const bool again = net::tries_again(ending);
    started_ = again;
    const auto asked = std::chrono::milliseconds(ending.reconnect_after_ms.value_or(0));
    const auto delay = again ? backoff_.next() + asked : std::chrono::milliseconds(0);
    const auto alive = alive_;
    listener_.down(ending.why, again, delay);
    if (!*alive || !again || !started_ || pause_ || wire_) return;
    attempt(static_cast<Moment>(delay.count()) * ms);
}

void SimLink::arrived(const v1::Frame& frame) {
    if (!up_) {
        if (!frame.has_ready()) return;
        up_ = true;
        up_since_ = clockwork_.now();
        auto time_ms = clockwork_.wall_ms();
        if (const auto head = Head::decode(view(frame.ready().directory_head().head())))
            time_ms = head->time_ms;
        listener_.up(frame.ready(), time_ms);
        return;
    }
    if (frame.has_pong() || frame.has_ping()) return;
    listener_.frame(frame);
}

void SimLink::ended(const net::Ending& ending) {
    drop_wire(50 * ms);
    if (!started_) return;
    if (up_ && clockwork_.now() - up_since_ >= limits::reconnect_max_ms * ms) backoff_.reset();
    failed(ending);
}

}  // namespace huecry::sim
