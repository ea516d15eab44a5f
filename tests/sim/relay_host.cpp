#include "sim/relay_host.hpp"

#include "delivery/batch.hpp"
#include "sim/disk.hpp"
#include "sim/wire.hpp"
#include "store/sqlcipher_store.hpp"

namespace huecry::sim {

RelayHost::RelayHost(Clockwork& clockwork, SeededRandom& network, std::uint64_t seed,
                     SigningKey identity, Options options)
    : clock(clockwork),
      clockwork_(clockwork),
      network_(network),
      random_(seed, 2),
      identity_(std::move(identity)),
      options_(std::move(options)),
      key_(32, 7),
      memory_(std::make_unique<MemoryStore>()) {
    if (options_.real_store) Disk::get().journal(options_.folder);
}

RelayHost::~RelayHost() {
    crash();
    Disk::get().erase(options_.folder);
    std::error_code ignored;
    std::filesystem::remove_all(options_.folder + "blobs", ignored);
}

bool RelayHost::open_store() {
    // Making the schema anew for each world would cost more than the rest of most worlds.
    static DiskImage empty;
    auto& disk = Disk::get();
    if (!empty.empty() && !disk.exists(options_.folder + "leases.db")) {
        auto image = disk.read(options_.folder);
        for (const auto& [name, file] : empty) image[name] = file;
        disk.write(options_.folder, std::move(image));
    }
    store_ = memory_.get();
    if (options_.real_store) {
        auto opened = relay::open_sqlcipher_store(options_.folder + "relay.db", key_);
        if (!opened) {
            trouble_ = "store: " + opened.error().text();
            return false;
        }
        opened_ = std::move(*opened);
        store_ = opened_.get();
    }
    if (options_.wrap) {
        wrapped_ = options_.wrap(*store_);
        store_ = wrapped_.get();
    }
    auto leases = relay::LeaseStore::open(options_.folder + "leases.db", key_, random_);
    if (!leases) {
        trouble_ = "leases: " + leases.error().text();
        return false;
    }
    leases_ = std::move(*leases);
    if (empty.empty()) {
        for (auto& [name, file] : disk.read(options_.folder))
            if (name.starts_with("leases.db")) empty[name] = file;
    }
    return true;
}

bool RelayHost::start() {
    if (up()) return true;
    trouble_.clear();
    if (!open_store()) return false;
    blobs_ = std::make_unique<relay::BlobService>(options_.folder + "blobs", clock);
    auto core = relay::Core::open({{identity_.clone(), true, options_.quota},
                                   clock,
                                   random_,
                                   *store_,
                                   *leases_,
                                   *blobs_,
                                   [](auto, auto, auto) {}});
    if (!core) {
        trouble_ = "core: " + core.error().text();
        return false;
    }
    core_ = std::move(*core);
    tick();
    return true;
}

void RelayHost::crash(bool power_cut) {
    ++life_;
    scheduled_ = committing_ = false;
    core_.reset();
    for (const auto& wire : std::exchange(wires_, {})) wire->relay_gone();
    auto& disk = Disk::get();
    // Closing would tidy up: what a killed process leaves is what was there before.
    auto image = disk.read(options_.folder);
    blobs_.reset();
    leases_.reset();
    wrapped_.reset();
    opened_.reset();
    if (power_cut) image = Disk::after_power_cut(std::move(image), random_);
    disk.write(options_.folder, std::move(image));
}

bool RelayHost::restore(MemoryStore snapshot, bool declared) {
    crash();
    if (declared) {
        const std::array<relay::Write, 1> mark{relay::write::Meta{"restored", 1}};
        if (!snapshot.commit(mark)) return false;
    }
    *memory_ = std::move(snapshot);
    return start();
}

void RelayHost::kick() {
    if (!up() || scheduled_ || committing_ || !core_->has_batch()) return;
    scheduled_ = true;
    clockwork_.at(network_.below(200), [this, life = life_] {
        if (life == life_) take();
    });
}

/// As relay/net/core_driver.cpp, with moments at which the relay can die in between.
void RelayHost::take() {
    scheduled_ = false;
    if (committing_) return;
    auto batch = core_->take_batch();
    if (!batch) return;
    committing_ = true;
    const std::shared_ptr<relay::Batch> shared = std::move(batch);
    // A disk that now and then takes its time.
    const auto sync = network_.below(network_.chance(5) ? 3 * second : 3 * ms);
    clockwork_.at(sync, [this, life = life_, shared] {
        if (life != life_) return;
        core_->commit(*shared);
        clockwork_.at(network_.below(2 * ms), [this, life, shared] {
            if (life != life_) return;
            committing_ = false;
            core_->finish(std::make_unique<relay::Batch>(std::move(*shared)));
            kick();
        });
    });
}

void RelayHost::flush() {
    if (!up() || committing_) return;
    while (core_->has_batch()) core_->flush();
}

void RelayHost::tick() {
    const auto wait = clockwork_.now() < minute ? second : 5 * second;
    clockwork_.at(wait, [this, life = life_] {
        if (life != life_) return;
        core_->tick();
        kick();
        tick();
    });
}

void RelayHost::attach(const std::shared_ptr<Wire>& wire) { wires_.push_back(wire); }
void RelayHost::detach(Wire& wire) {
    std::erase_if(wires_, [&](const auto& one) { return one.get() == &wire; });
}

}  // namespace huecry::sim
