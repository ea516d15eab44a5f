#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

#include "net/tls_stream.hpp"

namespace huecry::relay {

/// Closes a connection that takes too long. One timer, set anew for each stage.
class Deadline {
public:
    Deadline(std::shared_ptr<TlsStream> stream, std::uint64_t& closed)
        : stream_(std::move(stream)), closed_(closed), timer_(stream_->get_executor()) {}

    void within(std::chrono::steady_clock::duration time) {
        timer_.expires_after(time);
        timer_.async_wait([stream = stream_, &closed = closed_](ErrorCode error) {
            if (error || !stream->is_open()) return;
            ++closed;
            stream->close();
        });
    }
    void cancel() { timer_.cancel(); }

private:
    std::shared_ptr<TlsStream> stream_;
    std::uint64_t& closed_;
    LoopTimer timer_;
};

}  // namespace huecry::relay
