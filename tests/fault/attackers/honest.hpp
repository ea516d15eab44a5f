#pragma once

#include <memory>
#include <vector>

#include "fault/raw_session.hpp"

namespace huecry::fault {

/// Milliseconds, as they were measured.
class Latencies {
public:
    void add(double ms) { all_.push_back(ms); }
    void add(const Latencies& other) {
        all_.insert(all_.end(), other.all_.begin(), other.all_.end());
    }
    /// Of 0 … 1; 0 when nothing was measured.
    [[nodiscard]] double quantile(double part) const;
    [[nodiscard]] std::size_t size() const { return all_.size(); }

private:
    std::vector<double> all_;
};

struct Measured {
    Latencies alerts;      // sent → durable and acknowledged → received by another member
    Latencies logins;      // connect → let in, of a member that was away
    std::size_t lost = 0;  // logins that were refused, or cut off
};

/// Members who go on with their day: one posts after the other, so that nobody meets its rate; one
/// reads; one comes and goes. Their connections stay while others attack.
class Honest {
public:
    Honest(const test::RelayProcess& relay, std::size_t senders);

    /// For so long, an alert each `pause`, a login each half second.
    Measured measure(std::chrono::milliseconds time, std::chrono::milliseconds pause);

private:
    void alert(Measured& into);
    void log_in(Measured& into);

    const test::RelayProcess& relay_;
    RawTown town_;
    std::vector<std::unique_ptr<RawSession>> senders_;
    std::unique_ptr<RawSession> reader_;
    std::size_t next_ = 0;
    std::uint32_t logins_ = 0;
    std::uint64_t read_ = 0;
};

}  // namespace huecry::fault
