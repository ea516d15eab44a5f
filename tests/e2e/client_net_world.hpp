#pragma once

#include <doctest/doctest.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "crypto/random.hpp"
#include "huecry/directory/build.hpp"
#include "net/runtime.hpp"
#include "net/session.hpp"
#include "support/process.hpp"
#include "support/temporary_directory.hpp"

// What the tests of the connection share: a relay, a founder, a listener to wait on.
namespace huecry::test {

/// The real relay on a port of its own, in a folder that goes with it.
class Relay {
public:
    Relay();
    /// kill -9, and the same installation again on the same port.
    void kill();
    void start();
    [[nodiscard]] const RelayAddress& address() const { return address_; }
    [[nodiscard]] Process& process() { return *process_; }

private:
    TemporaryDirectory folder_;
    RelayAddress address_;
    std::unique_ptr<Process> process_;
};

/// Remembers what a link tells and lets a test wait for it.
class Listener final : public net::LinkListener {
public:
    struct Down {
        Errc why;
        bool will_retry;
        std::chrono::milliseconds retry_in;
    };
    void up(const v1::Ready& ready, std::uint64_t relay_time_ms) override;
    void frame(const v1::Frame& frame) override;
    void down(const Error& why, bool will_retry, std::chrono::milliseconds retry_in) override;

    /// True when the n-th `up` (from 1) has come in time.
    bool wait_up(int n);
    /// The n-th `down` (from 1). Throws std::runtime_error when it does not come.
    Down wait_down(std::size_t n);
    /// A frame that `wanted` likes. Throws as above.
    v1::Frame wait_frame(const std::function<bool(const v1::Frame&)>& wanted);
    std::uint64_t relay_time_ms();
    std::size_t downs();

private:
    template <class Predicate>
    bool wait(Predicate predicate);
    std::mutex mutex_;
    std::condition_variable changed_;
    int ups_ = 0;
    std::uint64_t time_ms_ = 0;
    std::vector<Down> downs_;
    std::vector<v1::Frame> frames_;
};

/// A partnership of one device: its keys and its genesis.
struct Founder {
    explicit Founder(const RelayAddress& relay);
    [[nodiscard]] net::Identity as(ClientKind kind) const;
    [[nodiscard]] StreamRef all_members() const { return StreamRef::channel(channel, 1); }

    RelayAddress relay;
    PartnershipId partnership;
    DeviceId device;
    ChannelId channel;
    std::shared_ptr<const SigningKey> key;
    std::string genesis;
};

/// Runs a function on the runtime's thread and waits for it.
void on_thread(net::Runtime& runtime, const std::function<void()>& f);

/// Creates the partnership at the relay.
void found(net::Runtime& runtime, const Founder& founder);

}  // namespace huecry::test
