#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "blobs/lease_store.hpp"
#include "delivery/core.hpp"
#include "sim/clockwork.hpp"
#include "sim/memory_store.hpp"
#include "sim/seeded_random.hpp"

// The real relay core on a simulated machine: its store, its group commits, its crashes.
namespace huecry::sim {

class Wire;

/// Wraps the store that a relay runs on; planted bugs are made of it.
using StoreWrapper = std::function<std::unique_ptr<relay::Store>(relay::Store& inner)>;

class RelayHost {
public:
    struct Options {
        std::string folder;  // of the Disk, and of real blob files
        /// The SQLCipher store on the simulated disk instead of maps.
        bool real_store = false;
        std::uint64_t quota = 0;
        StoreWrapper wrap{};
    };
    RelayHost(Clockwork& clockwork, SeededRandom& network, std::uint64_t seed, SigningKey identity,
              Options options);
    ~RelayHost();
    RelayHost(const RelayHost&) = delete;
    RelayHost& operator=(const RelayHost&) = delete;

    /// From what its disk holds. False with the reason in `trouble`.
    bool start();
    /// As killed: nothing is said, memory is gone. With `power_cut` also what was not synced (real
    /// store only).
    void crash(bool power_cut = false);
    [[nodiscard]] bool up() const { return core_ != nullptr; }
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

    [[nodiscard]] relay::Core& core() { return *core_; }
    [[nodiscard]] relay::Store& store() { return *store_; }
    [[nodiscard]] relay::BlobService& blobs() { return *blobs_; }
    [[nodiscard]] const SigningKey& identity() const { return identity_; }
    RelayClock clock;

    /// After every call into the core that may have gathered something.
    void kick();
    /// No commit is under way: a RawPeer is answered at once.
    [[nodiscard]] bool idle() const { return !committing_; }
    /// Commits at once, until nothing is gathered: for whoever cannot wait.
    void flush();

    // -- misbehaviour
    /// The whole store as it is now; memory store only.
    [[nodiscard]] MemoryStore snapshot() const { return *memory_; }
    /// Crashes, puts the snapshot in the store's place, starts again: a restored backup that
    /// nobody declared; or that its operator declared, as `huecry-relay restore` does.
    bool restore(MemoryStore snapshot, bool declared = false);
    /// The next commits fail with this; memory store only.
    void fail_commits(std::optional<Errc> failure) { memory_->failure = failure; }
    /// A head signed with the relay's own key, true or not.
    [[nodiscard]] SignedHead sign(const Head& head) const {
        return SignedHead::sign(head, identity_);
    }

    // For Wire.
    void attach(const std::shared_ptr<Wire>& wire);
    void detach(Wire& wire);
    [[nodiscard]] std::uint64_t life() const { return life_; }
    [[nodiscard]] const std::vector<std::shared_ptr<Wire>>& wires() const { return wires_; }

private:
    void take();
    void tick();
    bool open_store();

    Clockwork& clockwork_;
    SeededRandom& network_;
    SeededRandom random_;
    SigningKey identity_;
    Options options_;
    Bytes key_;
    std::unique_ptr<MemoryStore> memory_;
    std::unique_ptr<relay::Store> opened_, wrapped_;
    relay::Store* store_ = nullptr;
    std::unique_ptr<relay::LeaseStore> leases_;
    std::unique_ptr<relay::BlobService> blobs_;
    std::unique_ptr<relay::Core> core_;
    std::vector<std::shared_ptr<Wire>> wires_;  // in the order of their making
    std::string trouble_;
    std::uint64_t life_ = 0;  // grows with each crash: what belongs to an earlier one is void
    bool scheduled_ = false, committing_ = false;
};

}  // namespace huecry::sim
