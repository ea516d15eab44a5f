#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "blobs/lease_store.hpp"
#include "delivery/core.hpp"

// What clients do to a relay, byte for byte, and what it answers: recorded, written down, played
// to any relay core. Exporter and the relay's nonce of each connection are part of it, so that
// proofs that were signed once are good again.
namespace huecry::test {

struct TapeStep {
    enum class Kind : std::uint8_t { open, in, commit, pass, close };
    Kind kind = Kind::commit;
    unsigned connection = 0;
    Bytes bytes{};         // open: exporter (32) and nonce (32); in: a frame
    std::uint64_t ms = 0;  // pass: so much time, then a tick
    bool operator==(const TapeStep&) const = default;
};

/// Who said what, in order; an empty text is the relay's end of a connection.
using TapeAnswers = std::vector<std::pair<unsigned, Bytes>>;

struct Tape {
    Bytes relay_seed;           // of its identity, 32 bytes
    Bytes member_seed;          // of a device that may post: for who signs proofs of its own
    std::uint64_t time_ms = 0;  // the clock at the beginning
    std::vector<TapeStep> steps;
    std::vector<TapeAnswers> answers{};  // to each step; empty when nobody listened

    /// Lines: "relay", "member", "time", then one for each step and answer.
    [[nodiscard]] std::string text() const;
    /// Throws std::runtime_error, naming the line.
    static Tape from_text(const std::string& text);
    /// Steps only, as fuzz targets take them; whatever the bytes are, some steps come out.
    [[nodiscard]] static Bytes pack(const std::vector<TapeStep>& steps);
    [[nodiscard]] static std::vector<TapeStep> unpack(BytesView bytes);
};

/// A relay core without a network, to which a tape is played.
class TapePlayer {
public:
    /// `store` and `folder` (leases, blobs) outlive it. Throws when the core does not open.
    TapePlayer(relay::Store& store, const std::string& folder, BytesView relay_seed,
               std::uint64_t time_ms);
    ~TapePlayer();
    TapePlayer(const TapePlayer&) = delete;
    TapePlayer& operator=(const TapePlayer&) = delete;

    TapeAnswers play(const TapeStep& step);
    [[nodiscard]] relay::Core& core();
    [[nodiscard]] relay::BlobService& blobs();
    [[nodiscard]] const relay::Clock& clock() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace huecry::test
