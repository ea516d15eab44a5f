#pragma once

#include "delivery/core.hpp"
#include "huecry/directory/build.hpp"
#include "huecry/v1/frame.pb.h"
#include "net/link.hpp"
#include "sim/relay_host.hpp"

namespace huecry::sim {

/// A connection without line or engine: frames by hand, answers at once. For founding, enrolment,
/// and whoever does not play by the rules. A device that connects so takes its own engine's place.
class RawPeer final : public relay::Outlet {
public:
    RawPeer(RelayHost& relay, SeededRandom& random, net::Identity identity);
    ~RawPeer() override;
    RawPeer(const RawPeer&) = delete;
    RawPeer& operator=(const RawPeer&) = delete;

    Result<v1::Ready> connect();
    /// Not ended by the relay, which still runs.
    [[nodiscard]] bool alive() const;
    /// The answer to this frame, once it is durable.
    Result<v1::Frame> ask(v1::Frame frame);
    Result<v1::Frame> state(const directory::SignedStatement& statement);
    /// What came without being asked for, taken out.
    [[nodiscard]] std::vector<v1::Frame> pushed();

    // relay::Outlet
    void send(relay::EncodedFrame frame) override;
    [[nodiscard]] std::size_t queued_bytes() const override { return 0; }
    void close(Errc code, std::uint32_t reconnect_after_ms) override;

private:
    RelayHost& relay_;
    SeededRandom& random_;
    net::Identity identity_;
    relay::ConnectionId id_ = 0;
    std::uint64_t life_ = 0, request_ = 0;
    std::vector<v1::Frame> frames_;
    std::optional<Errc> goodbye_;
};

/// A submission to the directory with this statement.
[[nodiscard]] v1::Frame statement_frame(const directory::SignedStatement& statement,
                                        const MessageId& id);

}  // namespace huecry::sim
