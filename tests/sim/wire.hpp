#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "delivery/core.hpp"
#include "huecry/v1/frame.pb.h"
#include "net/backoff.hpp"
#include "net/ending.hpp"
#include "net/link.hpp"
#include "sim/clockwork.hpp"
#include "sim/seeded_random.hpp"

// The network between one client and the relay: a connection (Wire), what it is like (Line), and
// the client's end as the engine sees it (SimLink).
namespace huecry::sim {

class RelayHost;
class SimLink;

/// What becomes of a frame: dropped (nothing), replaced, doubled, held back, reordered. Called when
/// the frame is sent; must not call into the relay or the client.
using Filter = std::function<std::vector<v1::Frame>(v1::Frame)>;
using Watch = std::function<void(const v1::Frame& frame)>;

/// One client's way to the relay; outlives its connections.
struct Line {
    RelayHost* relay = nullptr;  // another one from the next connection on: a fork
    Moment latency_min = 1 * ms, latency_max = 40 * ms;
    /// No connection can be made.
    bool cut = false;
    /// What is under way stands still, unnoticed.
    bool stalled = false;
    Filter to_relay{}, to_client{};
    /// What passes, before the filters: told, not asked.
    Watch sent_by_client{}, sent_by_relay{};
};

/// One connection. The core's outlet at one end, a SimLink's frames at the other; in order, with
/// latency, until it is cut: then what was under way is lost.
class Wire final : public relay::Outlet, public std::enable_shared_from_this<Wire> {
public:
    Wire(Clockwork& clockwork, SeededRandom& network, Line& line, SimLink& link);

    /// Both proofs, at once. The relay's Goodbye or a wrong proof comes out as an error.
    [[nodiscard]] Result<v1::Ready> prove(const net::Identity& identity, crypto::Random& random);
    void to_relay(v1::Frame frame);
    /// As if the relay had sent it.
    void inject(v1::Frame frame);

    /// The client's end is gone; the relay finds out after `notice`.
    /// `all_lost`: nothing of what is under way to it arrives any more; else chance decides.
    void client_gone(Moment notice, bool all_lost = false);
    /// The relay's process is gone; the client finds out soon.
    void relay_gone();
    /// The line broke: each side finds out by itself.
    void break_now(Moment client_notice, Moment relay_notice);
    /// Goes on after the line had been stalled.
    void resume();
    [[nodiscard]] bool broken() const { return broken_; }

    // relay::Outlet
    void send(relay::EncodedFrame frame) override;
    [[nodiscard]] std::size_t queued_bytes() const override { return queued_; }
    void close(Errc code, std::uint32_t reconnect_after_ms) override;

private:
    void down_stream(v1::Frame frame);
    void arrive_at_client(const v1::Frame& frame);
    void arrive_at_relay(const v1::Frame& frame);
    void forget_at_relay();
    [[nodiscard]] Moment next(Moment& last);

    Clockwork& clockwork_;
    SeededRandom& network_;
    Line& line_;
    SimLink* link_;
    RelayHost& relay_;
    std::uint64_t life_;
    relay::ConnectionId id_ = 0;
    bool broken_ = false, proving_ = true, at_relay_ = false;
    bool up_lost_ = false;  // what is under way to the relay does not arrive
    std::vector<v1::Frame> handshake_;
    std::optional<net::Ending> goodbye_;
    Moment last_down_ = 0, last_up_ = 0;
    std::size_t queued_ = 0;
    std::deque<v1::Frame> held_down_, held_up_;
};

class SimLink final : public net::Link {
public:
    SimLink(Clockwork& clockwork, NodeScheduler& scheduler, SeededRandom& network,
            crypto::Random& random, Line& line, net::Identity identity,
            net::LinkListener& listener);
    ~SimLink() override;

    // net::Link
    void start() override;
    [[nodiscard]] bool send(const v1::Frame& frame) override;
    void reset() override;
    void stop() override;
    [[nodiscard]] bool is_up() const override { return up_; }

    [[nodiscard]] Wire* wire() { return wire_.get(); }
    /// The process dies: nobody is told anything until the relay notices.
    void die(Moment notice, bool all_lost);

    // For Wire.
    void arrived(const v1::Frame& frame);
    void ended(const net::Ending& ending);

private:
    void attempt(Moment delay);
    void connect();
    void failed(const net::Ending& ending);
    void drop_wire(Moment notice);

    Clockwork& clockwork_;
    NodeScheduler& scheduler_;
    SeededRandom& network_;
    crypto::Random& random_;
    Line& line_;
    net::Identity identity_;
    net::LinkListener& listener_;
    net::Backoff backoff_;
    std::shared_ptr<Wire> wire_;
    std::unique_ptr<net::Timer> pause_;
    bool started_ = false, up_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    Moment up_since_ = 0;
};

}  // namespace huecry::sim
