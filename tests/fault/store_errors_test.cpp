#include <doctest/doctest.h>
#include <sqlite3.h>

#include <cstdio>

#include "fault/power_cut.hpp"
#include "fault/store_story.hpp"
#include "sim/disk.hpp"
#include "store/sqlcipher_store.hpp"

// A disk that fails at its k-th call, for each k: what was acknowledged stays, what failed is said
// to have failed, and a full disk with room again is as if nothing had been.
using namespace huecry;
using namespace huecry::fault;
using sim::DiskFault;

namespace {

constexpr int past = 12;   // transactions before the failing one
constexpr int future = 4;  // and after it
constexpr std::uint64_t farthest = 240;

class Failing {
public:
    explicit Failing(std::uint64_t seed) : story_(seed), dice_(seed, 2), seed_(seed) {
        disk().journal(folder_);
    }
    ~Failing() {
        store_.reset();
        disk().erase(folder_);
    }
    Failing(const Failing&) = delete;
    Failing& operator=(const Failing&) = delete;

    void open() {
        auto opened = relay::open_sqlcipher_store(folder_ + "relay.db", key_);
        REQUIRE_MESSAGE(opened.ok(), (opened ? std::string() : opened.error().text()));
        store_ = std::move(*opened);
    }
    /// A commit, and now and then a truncation. The store's answer.
    Result<void> step() {
        const auto writes = story_.transaction(model_);
        next_ = model_;
        REQUIRE(next_->commit(writes).ok());
        HUECRY_TRY(store_->commit(writes));
        model_ = std::move(*std::exchange(next_, std::nullopt));
        if (dice_.chance(30)) {
            HUECRY_TRY_ASSIGN(const bool whole, store_->truncate_log());
            REQUIRE(whole);
        }
        return {};
    }
    /// What there is must be what was acknowledged; where `in_flight`, also with what failed.
    void compare(bool in_flight) {
        auto wrong = difference(*store_, model_, story_.names());
        if (in_flight && next_ && !wrong.empty()) {
            wrong = difference(*store_, *next_, story_.names());
            if (wrong.empty()) model_ = *next_;
        }
        next_.reset();
        CHECK_MESSAGE(wrong.empty(), "seed " << seed_ << ": " << wrong);
        CHECK(store_->check().ok());
    }
    /// The process ends; the power too, if it must.
    void end(std::optional<Cut> cut) {
        store_.reset();
        disk().heal(folder_);
        if (cut) disk().write(folder_, after_cut(disk().read(folder_), *cut, dice_));
    }
    void fail(DiskFault fault) { disk().fail(folder_, fault); }
    std::uint64_t heal() { return disk().heal(folder_); }
    sim::SeededRandom& dice() { return dice_; }

private:
    static sim::Disk& disk() { return sim::Disk::get(); }
    std::string folder_ = "/failing/";
    StoreStory story_;
    sim::SeededRandom dice_;
    std::uint64_t seed_;
    Bytes key_ = Bytes(32, 7);
    sim::MemoryStore model_;
    std::optional<sim::MemoryStore> next_;
    std::unique_ptr<relay::Store> store_;
};

/// Runs until the k-th call fails. False when the story was over before.
bool run_into(Failing& f, DiskFault fault, Errc expected) {
    f.open();
    for (int i = 0; i < past; ++i) REQUIRE(f.step().ok());
    f.fail(fault);
    for (int i = 0; i < 8; ++i) {
        const auto done = f.step();
        if (done) continue;
        CHECK(done.error().code == expected);
        return true;
    }
    return f.heal() != 0;
}

}  // namespace

TEST_CASE("an I/O error at each write and sync: what was acknowledged is there after a new start") {
    REQUIRE(initialise_crypto());
    std::uint64_t tried = 0;
    for (std::uint64_t k = 1; k < farthest; ++k) {
        Failing f(k);
        const bool sync = k % 3 == 0;
        // The disk stays broken, or only hiccups: after a failed sync that is the same.
        DiskFault fault{k / (sync ? 3 : 1) + 1, f.dice().chance(50) ? 1ULL : 1'000'000ULL,
                        sync ? SQLITE_IOERR_FSYNC : SQLITE_IOERR_WRITE,
                        sync ? DiskFault::Calls::syncs : DiskFault::Calls::writes};
        if (!run_into(f, fault, Errc::store_failed)) continue;
        ++tried;
        // The relay ends now; perhaps the machine goes down with it.
        constexpr std::array cuts{std::optional<Cut>(), std::optional(Cut::dropped),
                                  std::optional(Cut::ordered), std::optional(Cut::shuffled)};
        f.end(cuts[f.dice().below(cuts.size())]);
        f.open();
        f.compare(true);
        for (int i = 0; i < future; ++i) REQUIRE(f.step().ok());
        f.compare(false);
    }
    std::printf("I/O errors: %llu places\n", static_cast<unsigned long long>(tried));
    CHECK(tried > 80);
}

TEST_CASE("a full disk at each write: no acknowledgement, and it goes on once there is room") {
    REQUIRE(initialise_crypto());
    std::uint64_t tried = 0;
    for (std::uint64_t k = 1; k < farthest; k += 2) {
        Failing f(1000 + k);
        const DiskFault full{k, 1'000'000, SQLITE_FULL, DiskFault::Calls::writes};
        if (!run_into(f, full, Errc::no_room)) continue;
        ++tried;
        f.heal();
        f.compare(false);  // the same process reads on; nothing of what failed is there
        for (int i = 0; i < future; ++i) REQUIRE(f.step().ok());
        f.compare(false);
        f.end(Cut::dropped);
        f.open();
        f.compare(false);
    }
    std::printf("full disks: %llu places\n", static_cast<unsigned long long>(tried));
    CHECK(tried > 50);
}
