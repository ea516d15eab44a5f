#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

#include "net/counters.hpp"
#include "net/tls_stream.hpp"

namespace huecry::relay {

/// Closes a connection that takes too long. One timer, set anew for each stage.
class Deadline {
public:
    Deadline(std::shared_ptr<TlsStream> stream, NetCounters& counters)
        : stream_(std::move(stream)), counters_(counters), timer_(stream_->get_executor()) {}

    /// `stage` is counted when the time runs out.
    void at(std::chrono::steady_clock::time_point end, std::uint64_t NetCounters::* stage) {
        timer_.expires_at(end);
        timer_.async_wait([stream = stream_, &counters = counters_, stage](ErrorCode error) {
            if (error || !stream->is_open()) return;
            ++counters.deadline_closed;
            ++(counters.*stage);
            stream->close();
        });
    }
    void within(std::chrono::steady_clock::duration time, std::uint64_t NetCounters::* stage) {
        at(std::chrono::steady_clock::now() + time, stage);
    }
    void cancel() { timer_.cancel(); }

private:
    std::shared_ptr<TlsStream> stream_;
    NetCounters& counters_;
    LoopTimer timer_;
};

}  // namespace huecry::relay
