#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "fault/power_cut.hpp"
#include "fault/store_story.hpp"
#include "store/sqlcipher_store.hpp"
#include "support/sqlcipher_pages.hpp"

// The relay's stores on a disk whose power goes at any write: what they have said is done is there
// afterwards, what was not is there whole or not at all, and what had to go does not come back.
//
//   HUECRY_FAULT_CUTS=10000 power_cut_test   more cuts
//   HUECRY_FAULT_SEED=17 power_cut_test      one machine's life again, with every cut
using namespace huecry;
using namespace huecry::fault;

namespace {

constexpr std::uint64_t cuts_a_life = 25;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Totals {
    std::map<std::string, std::uint64_t> cuts;  // by what was going on, and by kind
    std::uint64_t commits = 0, kept = 0, undone = 0, searched = 0;
};

/// One machine: its disk, its stores, and what they should hold.
class Machine {
public:
    /// With a `lying` disk a sync saves nothing.
    Machine(std::uint64_t seed, Totals& totals, bool lying = false)
        : seed_(seed),
          story_(seed),
          dice_(seed, 2),
          lease_dice_(seed, 3),
          totals_(totals),
          lying_(lying) {
        disk().journal(folder_);
    }
    ~Machine() {
        close();
        disk().erase(folder_);
    }
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    /// The first thing that is wrong; empty when all is well.
    std::string live(bool talk) {
        talk_ = talk;
        std::uint64_t done = 0;
        while (done < cuts_a_life) {
            // Near, so that opening and recovery are cut too; or far, so that there is a past.
            constexpr std::array<std::uint64_t, 4> reach{10, 80, 400, 1200};
            disk().arm(folder_, 1 + dice_.below(reach[dice_.below(reach.size())]));
            auto wrong = until_cut();
            if (!wrong.empty())
                return "seed " + std::to_string(seed_) + ", after cut " + std::to_string(done) +
                       " (" + last_ + "): " + wrong;
            ++done;
        }
        return {};
    }

private:
    static sim::Disk& disk() { return sim::Disk::get(); }

    std::string until_cut() {
        if (!store_)
            if (auto wrong = open(); !wrong.empty()) return wrong;
        if (cut("opening")) return {};
        if (auto wrong = settle(); !wrong.empty()) return wrong;
        // As the core does at its start: what a crash has left in the log.
        if (auto wrong = truncate(); !wrong.empty()) return wrong;
        if (cut("truncation at the start")) return {};
        if (dice_.chance(20))
            if (auto wrong = search(); !wrong.empty()) return wrong;
        for (;;) {
            std::string wrong;
            const char* what = "commit";
            const auto kind = dice_.below(10);
            if (kind < 7) {
                wrong = commit();
            } else if (kind < 9) {
                what = "commit of leases";
                wrong = commit_leases();
            } else {
                what = "truncation";
                wrong = truncate();
            }
            if (!wrong.empty()) return wrong;
            if (cut(what)) return {};
            accept();
        }
    }

    std::string open() {
        auto store = relay::open_sqlcipher_store(folder_ + "relay.db", key_);
        if (!store) return "relay.db does not open: " + store.error().text();
        store_ = std::move(*store);
        auto leases = relay::LeaseStore::open(folder_ + "leases.db", key_, lease_dice_);
        if (!leases) return "leases.db does not open: " + leases.error().text();
        leases_ = std::move(*leases);
        return {};
    }
    void close() {
        leases_.reset();
        store_.reset();
    }

    std::string commit() {
        const auto writes = story_.transaction(model_);
        next_ = model_;
        if (const auto ok = next_->commit(writes); !ok) return "model: " + ok.error().text();
        if (const auto ok = store_->commit(writes); !ok) return "commit: " + ok.error().text();
        ++totals_.commits;
        return {};
    }
    std::string commit_leases() {
        const auto changes = story_.lease_transaction(lease_model_);
        next_leases_ = lease_model_.copy();
        next_leases_->apply(changes);
        if (const auto ok = leases_->commit(changes); !ok)
            return "commit of leases: " + ok.error().text();
        ++totals_.commits;
        return {};
    }
    std::string truncate() {
        const auto a = store_->truncate_log();
        if (!a || !*a) return "truncation: " + (a ? "a reader is in the way" : a.error().text());
        const auto b = leases_->truncate_log();
        if (!b || !*b) return "truncation of leases";
        return {};
    }
    /// The commit has returned and the power is still there: acknowledged.
    void accept() {
        if (next_) model_ = std::move(*std::exchange(next_, std::nullopt));
        if (next_leases_) lease_model_ = std::move(*std::exchange(next_leases_, std::nullopt));
    }

    bool cut(const char* what) {
        auto image = disk().sprung(folder_);
        if (!image) return false;
        constexpr std::array kinds{Cut::kill,    Cut::dropped,  Cut::dropped, Cut::ordered,
                                   Cut::ordered, Cut::shuffled, Cut::shuffled};
        const auto kind = kinds[dice_.below(kinds.size())];
        last_ = std::string(what) + ", " + name_of(kind);
        ++totals_.cuts[what];
        ++totals_.cuts[name_of(kind)];
        close();
        if (lying_) {
            if (saved_.empty()) saved_ = after_cut(*image, Cut::kill, dice_);
            image = saved_;
        }
        disk().write(folder_, after_cut(std::move(*image), kind, dice_));
        if (talk_) std::printf("  cut during %s\n", last_.c_str());
        return true;
    }

    /// Which of the two states that are right has come back.
    std::string settle() {
        if (const auto sound = store_->check(); !sound) return "check: " + sound.error().text();
        auto wrong = difference(*store_, model_, story_.names());
        if (!wrong.empty() && next_ && difference(*store_, *next_, story_.names()).empty()) {
            wrong.clear();
            model_ = std::move(*next_);
            ++totals_.kept;
        } else if (next_) {
            ++totals_.undone;
        }
        next_.reset();
        if (!wrong.empty()) return wrong;
        wrong = difference(*leases_, lease_model_, story_.leases());
        if (!wrong.empty() && next_leases_ &&
            difference(*leases_, *next_leases_, story_.leases()).empty()) {
            wrong.clear();
            lease_model_ = std::move(*next_leases_);
            ++totals_.kept;
        } else if (next_leases_) {
            ++totals_.undone;
        }
        next_leases_.reset();
        return wrong;
    }

    /// Beneath the encryption: bodies that had to go are in no page, no free space, no log.
    std::string search() {
        const auto image = disk().read(folder_);
        const auto bytes = [&](const char* name) {
            const auto found = image.find(name);
            return found == image.end() ? Bytes() : found->second.content;
        };
        ++totals_.searched;
        const auto pages = test::decrypted_pages(bytes("relay.db"), bytes("relay.db-wal"),
                                                 SecretBytes(BytesView(key_)));
        const auto ghosts = StoreStory::ghosts(pages, model_);
        return ghosts.empty() ? std::string() : "a body that went is still there: " + ghosts[0];
    }

    std::uint64_t seed_;
    std::string folder_ = "/fault/" + std::to_string(seed_) + "/";
    StoreStory story_;
    sim::SeededRandom dice_, lease_dice_;
    Totals& totals_;
    Bytes key_ = Bytes(32, 7);
    sim::MemoryStore model_;
    std::optional<sim::MemoryStore> next_;
    LeaseModel lease_model_;
    std::optional<LeaseModel> next_leases_;
    std::unique_ptr<relay::Store> store_;
    std::unique_ptr<relay::LeaseStore> leases_;
    std::string last_ = "nothing yet";
    bool lying_;
    sim::DiskImage saved_;  // the only thing that a lying disk has ever saved
    bool talk_ = false;
};

}  // namespace

TEST_CASE("power cuts: what was acknowledged is there, what went does not come back") {
    REQUIRE(initialise_crypto());
    const auto begun = std::chrono::steady_clock::now();
    const auto wanted = number_from("HUECRY_FAULT_CUTS", 1000);
    const auto one = number_from("HUECRY_FAULT_SEED", 0);
    Totals totals;
    const auto first = one != 0 ? one : 1;
    const auto last = one != 0 ? one : (wanted + cuts_a_life - 1) / cuts_a_life;
    for (auto seed = first; seed <= last; ++seed) {
        Machine machine(seed, totals);
        const auto wrong = machine.live(one != 0);
        CHECK_MESSAGE(wrong.empty(), wrong << "; again with HUECRY_FAULT_SEED=" << seed);
    }
    const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun);
    std::printf(
        "power cuts: seeds %llu to %llu, %.1f s, %llu commits; commits in flight: %llu kept, "
        "%llu undone; %llu searches beneath the encryption\n",
        static_cast<unsigned long long>(first), static_cast<unsigned long long>(last), took.count(),
        static_cast<unsigned long long>(totals.commits),
        static_cast<unsigned long long>(totals.kept),
        static_cast<unsigned long long>(totals.undone),
        static_cast<unsigned long long>(totals.searched));
    for (const auto& [what, n] : totals.cuts)
        std::printf("  %6llu %s\n", static_cast<unsigned long long>(n), what.c_str());
}

TEST_CASE("a disk that says it has synced and has not is found out") {
    REQUIRE(initialise_crypto());
    Totals totals;
    Machine machine(1, totals, true);
    CHECK_FALSE(machine.live(false).empty());
}
