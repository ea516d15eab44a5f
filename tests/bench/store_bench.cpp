// How the relay's store behaves when it is large: what opening, loading, one commit, catching up
// and housekeeping cost beside so many header rows and so many remembered submissions.
//
//   store_bench [--rows N]...   (100,000 and 1,000,000)
//   store_bench --smoke

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <stdexcept>

#include "huecry/wire/signing.hpp"
#include "sim/seeded_random.hpp"
#include "store/sqlcipher_store.hpp"
#include "support/temporary_directory.hpp"

namespace {

using namespace huecry;
using namespace huecry::relay;

constexpr std::uint64_t begin_ms = 1'800'000'000'000;
constexpr std::uint64_t life_ms = 3'600'000;
constexpr std::size_t a_commit = 1000;
constexpr std::size_t channels = 200;
constexpr std::size_t devices = 600;
constexpr std::size_t channels_of_a_device = 3;
constexpr std::size_t body_size = 1024;

void must(const Result<void>& done) {
    if (!done) throw std::runtime_error("the store has failed: " + done.error().detail);
}
template <class T>
T must(Result<T> value) {
    if (!value) throw std::runtime_error("the store has failed: " + value.error().detail);
    return std::move(*value);
}

double milliseconds(const std::function<void()>& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
        .count();
}

std::size_t heap_kib() { return mallinfo2().uordblks / 1024; }

/// A town that has said much: rows in the order in which a relay would write them.
class Town {
public:
    Town() {
        for (auto& c : channels_) c.stream = StreamRef::channel(random_.id<ChannelId>(), 1);
        for (auto& d : devices_) d = random_.id<DeviceId>();
    }

    [[nodiscard]] const PartnershipId& partnership() const { return partnership_; }
    [[nodiscard]] StreamRef channel() const { return channels_[0].stream; }

    [[nodiscard]] std::vector<Write> found() const {
        return {write::Partnership{partnership_, begin_ms}};
    }

    /// One submission, a second after the last.
    void submit(std::vector<Write>& out) {
        const auto by = random_.below(devices);
        auto& to = channels_[(by + random_.below(channels_of_a_device)) % channels];
        if (to.seq == 0) to.chain = chain_start(partnership_, to.stream);
        now_ms_ += 1000;
        Bytes body(body_size);
        random_.fill(body);
        Header h;
        h.stream = to.stream;
        h.seq = ++to.seq;
        h.submitter = devices_[by];
        h.kind = EntryKind::application;
        h.message_id = random_.id<MessageId>();
        h.accepted_ms = now_ms_;
        h.expiry_ms = now_ms_ + life_ms;
        h.length = static_cast<std::uint32_t>(body.size());
        h.digest = sha256(body);
        auto bytes = h.encode();
        const auto chain = chain_next(to.chain, bytes);
        out.emplace_back(
            write::Entry{partnership_, h, std::move(bytes), to.chain, std::move(body), {}});
        to.chain = chain;
        out.emplace_back(write::Acceptance{
            partnership_,
            {h.stream, h.submitter, h.message_id, h.digest, Bytes(24), h.seq, h.accepted_ms}});
    }

    /// What expires by itself goes, as the relay's clock would have it.
    void expire(std::vector<Write>& out, Store& store) const {
        for (const auto& due : must(store.due(now_ms_, 10 * a_commit)))
            out.emplace_back(write::DropBodies{due.partnership, due.stream, due.seq, due.seq, ~0U});
    }

    [[nodiscard]] std::uint64_t now_ms() const { return now_ms_; }

private:
    struct Channel {
        StreamRef stream;
        std::uint64_t seq = 0;
        Digest chain;
    };
    sim::SeededRandom random_{1, 0};
    PartnershipId partnership_ = random_.id<PartnershipId>();
    std::array<Channel, channels> channels_;
    std::array<DeviceId, devices> devices_;
    std::uint64_t now_ms_ = begin_ms;
};

void measure(std::size_t rows) {
    const test::TemporaryDirectory folder;
    const auto file = folder.path() / "relay.db";
    const Bytes key(32, 7);
    Town town;
    auto store = must(open_sqlcipher_store(file, key));
    must(store->commit(town.found()));
    std::vector<Write> writes;
    const auto filled = milliseconds([&] {
        for (std::size_t n = 0; n < rows; n += a_commit) {
            writes.clear();
            town.expire(writes, *store);
            for (std::size_t i = 0; i < a_commit; ++i) town.submit(writes);
            must(store->commit(writes));
        }
    });
    (void)must(store->truncate_log());
    store.reset();
    malloc_trim(0);

    const auto heap = heap_kib();
    const auto opened = milliseconds([&] { store = must(open_sqlcipher_store(file, key)); });
    const auto loaded = milliseconds([&] { (void)must(store->load(town.partnership())); });
    const auto held = heap_kib() - heap;
    const auto lone = milliseconds([&] {
        for (int i = 0; i < 100; ++i) {
            writes.clear();
            town.submit(writes);
            must(store->commit(writes));
        }
    });
    const auto caught_up = milliseconds([&] {
        (void)must(store->entries(town.partnership(), town.channel(), 0, a_commit, SIZE_MAX));
    });
    // A tenth of all headers and memories has reached its age.
    const auto tenth = begin_ms + (town.now_ms() - begin_ms) / 10;
    const auto pruned = milliseconds([&] {
        const std::vector<Write> old{write::Prune{tenth, tenth, 0, 0}};
        must(store->commit(old));
    });
    double checked = 0;
    checked = milliseconds([&] { must(store->check()); });
    fmt::print(
        "{:>9} rows, {:>5} MiB: filled {:6.1f} us a row; opened {:7.1f} ms, partnership loaded "
        "{:7.1f} ms, {:6.1f} B of memory a row; lone commit {:5.2f} ms; 1,000 entries {:5.1f} ms; "
        "a tenth forgotten {:8.1f} ms; checked {:8.1f} ms\n",
        rows, std::filesystem::file_size(file) >> 20U, 1000 * filled / static_cast<double>(rows),
        opened, loaded, 1024.0 * static_cast<double>(held) / static_cast<double>(rows), lone / 100,
        caught_up, pruned, checked);
    (void)std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::size_t> sizes;
    for (int i = 1; i < argc; ++i) {
        const std::string arg = argv[i];
        if (arg == "--smoke") {
            sizes.push_back(2000);
        } else if (arg == "--rows" && i + 1 < argc) {
            sizes.push_back(std::max(a_commit, std::strtoul(argv[++i], nullptr, 10)));
        } else {
            fmt::print(stderr, "usage: store_bench [--rows N]... | --smoke\n");
            return arg == "--help" ? 0 : 2;
        }
    }
    if (sizes.empty()) sizes = {100'000, 1'000'000};
    try {
        for (const auto rows : sizes) measure(rows);
    } catch (const std::exception& e) {
        fmt::print(stderr, "{}\n", e.what());
        return 1;
    }
    return 0;
}
