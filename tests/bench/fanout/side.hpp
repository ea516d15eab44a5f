#pragma once

#include <functional>
#include <stdexcept>

#include "bench/fanout/ledger.hpp"
#include "bench/fanout/line.hpp"

namespace huecry::bench {

/// Who reads what: reader r has the channels r·k … r·k+k−1 (modulo all), k = channels_of_reader.
struct Plan {
    std::size_t readers = 0;
    std::size_t channels = 1;
    std::size_t channels_of_reader = 1;
    std::size_t posters = 1;
    bool members = true;       // false: readers only connect and subscribe
    bool resubscribe = false;  // also whoever the server still knows
    bool by_poster = false;    // numbers run by poster, not by channel: several post to one

    [[nodiscard]] std::size_t channel(std::size_t reader, std::size_t slot) const {
        return (reader * channels_of_reader + slot) % channels;
    }
    /// What numbers run by, for one reader.
    [[nodiscard]] std::size_t runs() const { return by_poster ? posters : channels_of_reader; }
    [[nodiscard]] std::size_t readers_of_a_channel() const {
        return readers * channels_of_reader / channels;
    }
};

/// A run that is worth nothing, and why.
class Void : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The run was interrupted (SIGINT, SIGTERM): what was started is stopped on the way out.
struct Interrupted {};
void catch_interruptions();

/// One server under load with all of its clients, seen alike by every scenario. One thread.
class Side {
public:
    Side(asio::io_context& io, TlsClient& tls, const Plan& plan)
        : io_(io),
          tls_(tls),
          plan_(plan),
          ledger_(plan.readers, plan.runs()),
          numbers_(plan.by_poster ? plan.posters : plan.channels) {}
    virtual ~Side() = default;
    Side(const Side&) = delete;
    Side& operator=(const Side&) = delete;

    [[nodiscard]] virtual std::string name() const = 0;
    [[nodiscard]] virtual int process() const = 0;
    /// The server's own count of transactions made durable; 0 when it makes none.
    [[nodiscard]] virtual std::uint64_t commits() const { return 0; }
    virtual void connect_posters() = 0;
    /// Connects readers [first, first + count), at most `at_once` handshakes in flight, and
    /// subscribes each from where it stands. Returns when all are in.
    void connect_readers(std::size_t first, std::size_t count, std::size_t at_once = 64);
    virtual void drop_readers() = 0;
    /// Goes and comes back at once.
    virtual void reconnect(std::size_t reader) = 0;
    /// A photo's bytes from a poster to each of `fetchers` readers, on connections that stay open
    /// for it. Returns when all have it whole.
    virtual void photo(const std::string& bytes, std::size_t fetchers) = 0;
    /// The next alert of a channel; `on_accepted` follows once the server answers for it.
    virtual void post(std::size_t poster, std::size_t channel) = 0;

    /// Turns the loop until `done`; throws Void on a fault or after `longest` without any progress.
    void run_until(const std::function<bool()>& done, std::chrono::seconds longest);

    std::function<void(std::size_t poster)> on_accepted = [](std::size_t) {};
    [[nodiscard]] Ledger& ledger() { return ledger_; }
    [[nodiscard]] const Plan& plan() const { return plan_; }

protected:
    virtual void connect_reader(std::size_t reader) = 0;
    void reader_in() {
        ++readers_in_;
        progress();
    }
    void accepted(std::size_t poster) {
        progress();
        on_accepted(poster);
    }
    /// The place of a channel among a reader's; beyond channels_of_reader: not one of them.
    [[nodiscard]] std::size_t slot_of(std::size_t reader, std::size_t channel) const {
        const auto first = reader * plan_.channels_of_reader % plan_.channels;
        return (channel + plan_.channels - first) % plan_.channels;
    }
    void delivered(std::size_t reader, std::size_t channel, std::uint64_t number) {
        const auto slot =
            plan_.by_poster ? static_cast<std::size_t>(number >> 40) : slot_of(reader, channel);
        if (slot >= plan_.runs())
            return ledger_.fault("a reader was given a channel that is not its own");
        ledger_.delivered(reader, slot, number & ((std::uint64_t{1} << 40) - 1));
    }
    /// Of the next alert of this poster in this channel.
    [[nodiscard]] std::uint64_t next_number(std::size_t poster, std::size_t channel) {
        if (plan_.by_poster) return std::uint64_t{poster} << 40 | ++numbers_[poster];
        return ++numbers_[channel];
    }
    /// Addresses of loopback, in turn: one address has ports for some 28,000 connections only.
    [[nodiscard]] Tcp::endpoint local_address();
    void progress() { last_progress_ = std::chrono::steady_clock::now(); }

    asio::io_context& io_;
    TlsClient& tls_;
    Plan plan_;
    Ledger ledger_;

private:
    std::vector<std::uint64_t> numbers_;  // the last given, of each run
    std::size_t readers_in_ = 0;
    std::size_t addresses_ = 0;
    Time last_progress_{};
};

}  // namespace huecry::bench
