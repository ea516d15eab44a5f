#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string_view>
#include <variant>

#include "huecry/result.hpp"
#include "huecry/wire/ids.hpp"

// What the core tells its operator: counters, histograms, log events. No personal data.
namespace huecry::relay {

/// Bucket i counts durations below 64 µs · 2^i; the last one counts the rest.
struct Histogram {
    static constexpr std::size_t size = 20;
    std::array<std::uint64_t, size> buckets{};
    std::uint64_t count = 0;
    std::uint64_t sum_us = 0;
    void add(std::uint64_t us);
    [[nodiscard]] static std::uint64_t upper_us(std::size_t bucket) { return 64ULL << bucket; }
};

// HUECRY_COUNTER(name, gauge, help): a gauge goes up and down, a counter only up.
#define HUECRY_COUNTERS(X)                                                            \
    X(connections, true, "connections that have not closed")                          \
    X(proved, true, "connections whose client has proved itself")                     \
    X(partnerships, true, "partnerships kept here")                                   \
    X(frames_in, false, "frames received")                                            \
    X(frames_bad, false, "frames that could not be read or were out of place")        \
    X(submissions, false, "submissions accepted")                                     \
    X(repeats, false, "submissions answered with their first answer")                 \
    X(stale, false, "submissions refused as stale")                                   \
    X(refusals, false, "requests refused, all reasons")                               \
    X(rate_limited, false, "requests refused by a rate limit")                        \
    X(quota_refused, false, "requests refused by a quota")                            \
    X(proofs_failed, false, "handshakes that failed")                                 \
    X(entries_stored, false, "stream entries made durable")                           \
    X(deliveries, false, "entries handed to connections")                             \
    X(encodings, false, "Deliver frames encoded")                                     \
    X(tail_hits, false, "deliveries served from frames in memory")                    \
    X(store_reads, false, "deliveries that had to read the store")                    \
    X(acks, false, "acknowledgements received")                                       \
    X(batches, false, "group commits")                                                \
    X(batches_failed, false, "group commits that the store refused")                  \
    X(disk_full, true, "1 while the last group commit found no room on the disk")     \
    X(read_failures, false, "reads of the store that failed: damage, or the disk")    \
    X(expired_entries, false, "entries whose body was deleted at expiry")             \
    X(acknowledged_entries, false, "entries whose body was deleted after all had it") \
    X(expired_blobs, false, "blobs deleted at expiry")                                \
    X(expired_leases, false, "shares shredded at expiry")                             \
    X(leases_taken, false, "shares released")                                         \
    X(wal_blocked, false, "truncations of the write-ahead log that were blocked")     \
    X(erasures_overdue, true, "erasures whose bytes may still be in the log")         \
    X(clock_held, true, "1 while expiry waits for the operator after a clock jump")   \
    X(gathered, true, "submissions that wait for the next group commit")              \
    X(message_bytes, true, "bytes of messages kept")                                  \
    X(tail_bytes, true, "bytes of encoded frames in memory")                          \
    X(blob_bytes, true, "bytes of finished blobs")

/// Plain integers, read on the core's thread.
struct Counters {
#define X(name, gauge, help) std::uint64_t name = 0;
    HUECRY_COUNTERS(X)
#undef X
    Histogram commit_us;   // one group commit: files, shares, store, log
    Histogram store_us;    // of it, the store's transaction with its fsync
    Histogram sync_us;     // of it, and of truncations of the log: each sync of the disk
    Histogram push_us;     // handing one durable batch to its readers
    Histogram answer_us;   // from a submission's arrival to its answer
    Histogram batch_size;  // submissions of one group commit (unit: submissions · 64 µs buckets)

    std::map<Errc, std::uint64_t> refused;   // requests, by the code of their Failure
    std::map<Errc, std::uint64_t> goodbyes;  // connections closed, by the code of their Goodbye

    /// f(name, value, gauge, help) for each integer.
    template <class F>
    void each(F&& f) const {
#define X(name, gauge, help) f(std::string_view(#name), name, gauge, std::string_view(help));
        HUECRY_COUNTERS(X)
#undef X
    }
};

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// A value that is safe to log: numbers, codes, texts from the source, ids cut to 8 characters.
struct LogField {
    std::string_view name;
    std::variant<std::uint64_t, Errc, std::string_view, std::array<char, 8>> value;

    static LogField number(std::string_view name, std::uint64_t n) { return {name, n}; }
    static LogField code(std::string_view name, Errc code) { return {name, code}; }
    /// `text` is a literal of the program, never anything received.
    static LogField text(std::string_view name, std::string_view text) { return {name, text}; }
    template <class Tag, std::size_t N>
    static LogField id(std::string_view name, const Id<Tag, N>& id) {
        std::array<char, 8> out{};
        const auto hex = id.short_hex();
        std::copy_n(hex.begin(), 8, out.begin());
        return {name, out};
    }
};

/// Called on the core's thread; `event` and the fields live for the call only.
using Log = std::function<void(LogLevel level, std::string_view event,
                               std::initializer_list<LogField> fields)>;

}  // namespace huecry::relay
