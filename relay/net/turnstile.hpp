#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "net/counters.hpp"

namespace huecry::relay {

namespace asio = boost::asio;

/// Everything that a connection makes the relay do before its client has proved itself, one step at
/// a time: its acceptance, what came first, a part of the TLS handshake, a request. Between two
/// steps the loop turns once and the core goes first, so that whoever is in already waits for one
/// step at most, however many stand outside. The next is who comes from an address where somebody
/// has proved itself, else from the one that has had the fewest turns lately, so that few who ask
/// much do not hold up many who ask once. Network thread only.
class Turnstile {
public:
    using Timer = asio::steady_timer::rebind_executor<asio::io_context::executor_type>::other;
    /// Known or not, the turns that it has had, the order of coming.
    using Place = std::tuple<bool, std::uint32_t, std::uint64_t>;

    using Clock = std::chrono::steady_clock;
    /// While `pressing` is true members wait for the core or for the disk, whose thread may need
    /// this processor: strangers then have one turn in a millisecond.
    Turnstile(asio::io_context& io, NetCounters& counters, std::function<bool()> pressing,
              std::function<Clock::time_point()> now = Clock::now);

    /// Empty when it is this caller's turn now. Otherwise it waits for `turn`, which never expires
    /// and is cancelled when it is; who does not wait so long gives its place back with `leave`.
    /// Without an address: the listener, who goes before all.
    [[nodiscard]] std::optional<Place> enter(std::optional<std::uint64_t> address, Timer& turn);
    void leave(const Place& place);
    /// After `pressing` has become false.
    void resume();
    /// A client at this address has proved itself: who comes from there goes before strangers.
    void proved(std::uint64_t address);

private:
    [[nodiscard]] bool held();
    void turn_later();
    void next();
    [[nodiscard]] Place place_of(std::optional<std::uint64_t> address);

    asio::io_context& io_;
    NetCounters& counters_;
    std::function<bool()> pressing_;
    std::map<Place, Timer*> waiting_;
    std::unordered_map<std::uint64_t, std::uint32_t> turns_;
    std::unordered_set<std::uint64_t> known_;
    std::function<Clock::time_point()> now_;
    Clock::time_point forget_at_{}, served_at_{};
    Timer patience_;
    std::uint64_t come_ = 0;
    bool turning_ = false;  // this turn of the loop is somebody's
    bool holding_ = false;  // until patience ends
};

}  // namespace huecry::relay
