#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/network.hpp"

namespace huecry::relay {

/// The relay's public port, and the loop that drives the core. All on one thread: the one that
/// runs the io_context.
class Server {
public:
    struct Parts {
        asio::io_context& io;
        Core& core;
        BlobService& blobs;
        const TlsContext& tls;
        const Clock& clock;
        Random& random;
        Log log;
        NetOptions options;
    };
    explicit Server(Parts parts);
    ~Server();

    /// As Listener::listen; begins to tick as well.
    Result<std::uint16_t> listen(const std::string& host, std::uint16_t port);

    /// Stops accepting, tells every client to come back after a delay of its own up to
    /// `spread_ms`, finishes what was submitted, closes. `done` is called once nothing is left,
    /// or after `longest`, whichever is first. A second call does nothing.
    void drain(std::uint32_t spread_ms, std::chrono::seconds longest, std::function<void()> done);

    /// Called once when the disk has failed: nothing is acknowledged from then on.
    void on_broken(std::function<void(Errc)> told);

    [[nodiscard]] const NetCounters& counters() const;
    [[nodiscard]] bool draining() const;
    /// After a call into the core from outside of net: `done` is called once it is on disk.
    void after_commit(std::function<void()> done);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace huecry::relay
