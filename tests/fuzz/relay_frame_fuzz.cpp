#include <cstdio>
#include <filesystem>
#include <optional>

#include "huecry/v1/frame.pb.h"
#include "sim/memory_store.hpp"
#include "support/recorded_town.hpp"
#include "support/temporary_directory.hpp"

// Frames of clients to the relay's real core: a tape (tests/support/relay_tape.hpp), played either
// to an empty relay or to one with a partnership, by connections that have proved themselves and
// by such that have not. Whatever is said: every answer is a frame, nothing follows the end of a
// connection, the chains of all streams hold, and a relay that starts on what is stored then opens.
using namespace huecry;
using namespace huecry::test;

namespace {

constexpr std::size_t longest = 200;  // steps

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

const TemporaryDirectory& folder() {
    static const TemporaryDirectory made;
    return made;
}

/// All streams: no holes, one chain.
void check_streams(sim::MemoryStore& store) {
    const auto known = store.partnerships();
    for (const auto& p : *known) {
        const auto rows = store.load(p);
        for (const auto& row : rows->streams) {
            const auto entries = store.entries(p, row.stream, 0, 4000, 1 << 30);
            std::optional<Digest> chain;
            std::uint64_t seq = 0;
            for (const auto& e : *entries) {
                if (chain) require(e.seq == seq + 1 && e.previous == *chain, "a chain is broken");
                chain = chain_next(e.previous, e.header);
                seq = e.seq;
            }
            if (chain) require(seq == row.seq && *chain == row.chain, "the end of a chain");
        }
    }
}

void play(sim::MemoryStore& store, const Bytes& seed, std::uint64_t time_ms,
          std::span<const TapeStep> steps) {
    std::uint64_t now = time_ms;
    {
        TapePlayer player(store, folder().path().string(), seed, time_ms);
        const auto listen = [](const TapeAnswers& answers) {
            for (const auto& [connection, bytes] : answers) {
                v1::Frame frame;
                require(frame.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
                            frame.body_case() != v1::Frame::BODY_NOT_SET,
                        "an answer that is no frame");
            }
        };
        for (const auto& step : steps) {
            if (step.kind == TapeStep::Kind::pass) now += step.ms;
            listen(player.play(step));
        }
        listen(player.play({TapeStep::Kind::commit}));
        listen(player.play({.kind = TapeStep::Kind::pass, .ms = 2000}));
        listen(player.play({TapeStep::Kind::commit}));
    }
    check_streams(store);
    const TapePlayer again(store, folder().path().string(), seed, now + 2000);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const RecordedTown town(HUECRY_SESSIONS, folder().path().string());
    if (size < 1) return 0;
    auto steps = Tape::unpack({data + 1, size - 1});
    if (steps.size() > longest) steps.resize(longest);
    const bool empty = data[0] % 2 == 0;
    auto store = empty ? sim::MemoryStore() : town.store();
    play(store, town.relay_seed(), empty ? town.founded_ms() : town.time_ms(), steps);
    return 0;
}
