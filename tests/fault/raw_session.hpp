#pragma once

#include <deque>

#include "fault/raw_town.hpp"

namespace huecry::fault {

/// One connection of a raw device, by hand.
class RawSession {
public:
    struct Got {
        std::uint64_t seq = 0;
        MessageId id;
        std::uint64_t accepted_ms = 0;
        bool gone = false;
        Bytes body;
    };

    /// Throws std::runtime_error when it is not let in.
    RawSession(std::uint16_t port, const RawTown& town, const test::Caller& caller);

    std::uint64_t send(v1::Frame frame);
    /// The answer to that request; empty when the connection ends before it.
    std::optional<v1::Frame> answer(std::uint64_t request);
    std::optional<v1::Frame> ask(v1::Frame frame) { return answer(send(std::move(frame))); }
    /// True when that request has been answered by something received so far.
    [[nodiscard]] bool answered(std::uint64_t request) const;
    /// A ping and its pong: the relay has seen everything sent before.
    [[nodiscard]] bool alive();

    /// Everything of the channel after `from`, up to where the relay says that there is no more.
    std::vector<Got> read(std::uint64_t from);
    /// The next entry that is pushed.
    std::optional<Got> next();

    [[nodiscard]] test::WireClient& client() { return client_; }
    [[nodiscard]] const v1::Ready& ready() const { return ready_; }

private:
    [[nodiscard]] std::optional<v1::Frame> receive();

    const RawTown& town_;
    test::WireClient client_;
    v1::Ready ready_;
    std::uint64_t request_ = 0;
    std::map<std::uint64_t, v1::Frame> answers_;
    std::deque<Got> got_;
    bool empty_ = false;
};

/// The code of a failure; 0 when it is none.
[[nodiscard]] std::uint32_t code_of(const std::optional<v1::Frame>& frame);
[[nodiscard]] std::uint32_t number(Errc code);
/// The value of one of the relay's metrics, -1 when it is not there.
[[nodiscard]] double metric(const test::RelayProcess& relay, const std::string& name);
/// Asks for the metric until it has this value; false when it does not get it.
[[nodiscard]] bool metric_becomes(const test::RelayProcess& relay, const std::string& name,
                                  double value);

}  // namespace huecry::fault
