#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "net/network.hpp"
#include "net/websocket.hpp"

namespace huecry::relay {

/// One WebSocket connection: the core's outlet, and what reads for it. It writes whenever the core
/// has finished a step; what the socket does not take at once waits in the stream's queue, whose
/// length the core watches. Network thread only.
class WsSession final : public Outlet,
                        public CoreDriver::Flushable,
                        public WebSocket::Receiver,
                        public std::enable_shared_from_this<WsSession> {
public:
    /// `accepted`: when the connection was; its proof is due by then.
    WsSession(Network& network, std::shared_ptr<TlsStream> stream, Admission::Ticket ticket,
              const Handshake::Exporter& exporter, std::chrono::steady_clock::time_point accepted);

    /// Also ends it for the core, if the loop was stopped under it.
    ~WsSession() override;

    /// The upgrade; from then on what reads owns the session, until the connection is closed.
    static asio::awaitable<void> serve(std::shared_ptr<WsSession> session, HttpHead head);

    void send(EncodedFrame frame) override;
    void hurry() override { stream_->flush(); }
    [[nodiscard]] std::size_t queued_bytes() const override;
    void tell_when_writable() override { room_wanted_ = true; }
    void close(Errc code, std::uint32_t reconnect_after_ms) override;

    void flush_now() override;

    [[nodiscard]] std::size_t limit() override;
    void message(BytesView bytes) override;
    void ended(Errc why) override;

private:
    static asio::awaitable<void> finish(std::shared_ptr<WsSession> self);
    void note_proof();
    void note_refused(Errc why);
    void arm(std::chrono::steady_clock::duration time);
    void on_timer();
    void want_flush();
    void tell_writable();

    Network& network_;
    std::shared_ptr<TlsStream> stream_;
    Admission::Ticket ticket_;
    Handshake::Exporter exporter_;
    WebSocket websocket_;
    LoopTimer timer_;
    ConnectionId id_ = 0;
    bool opened_ = false;
    bool proved_ = false;
    bool founder_ = false;
    bool closing_ = false;
    bool flush_wanted_ = false;
    bool room_wanted_ = false;  // by the core
    std::chrono::steady_clock::time_point accepted_;
    std::chrono::seconds quiet_{};
};

}  // namespace huecry::relay
