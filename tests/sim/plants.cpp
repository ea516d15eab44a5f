#include "sim/plants.hpp"

namespace huecry::sim {
namespace {

using relay::Store;
using relay::Write;

/// Passes everything on; what reads lets `before_reading` go first.
class PassingStore : public Store {
public:
    explicit PassingStore(Store& inner) : inner_(inner) {}
    Result<void> commit(std::span<const Write> writes) override { return inner_.commit(writes); }
    Result<bool> truncate_log() override { return reading().truncate_log(); }
    Result<std::vector<PartnershipId>> partnerships() override { return reading().partnerships(); }
    Result<relay::PartnershipRows> load(const PartnershipId& p) override {
        return reading().load(p);
    }
    Result<std::vector<relay::StoredEntry>> entries(const PartnershipId& p, const StreamRef& s,
                                                    std::uint64_t from, std::size_t n,
                                                    std::size_t bytes) override {
        return reading().entries(p, s, from, n, bytes);
    }
    Result<std::uint64_t> body_bytes(const PartnershipId& p, const StreamRef& s, std::uint64_t a,
                                     std::uint64_t b) override {
        return reading().body_bytes(p, s, a, b);
    }
    Result<std::optional<relay::AcceptanceRow>> acceptance(const PartnershipId& p,
                                                           const StreamRef& s, const DeviceId& d,
                                                           const MessageId& id) override {
        return reading().acceptance(p, s, d, id);
    }
    Result<std::optional<Bytes>> key_package(const PartnershipId& p, const DeviceId& d,
                                             const Digest& digest) override {
        return reading().key_package(p, d, digest);
    }
    Result<std::vector<relay::BlobRow>> blobs() override { return reading().blobs(); }
    Result<std::vector<relay::DueEntry>> due(std::uint64_t now, std::size_t max) override {
        return reading().due(now, max);
    }
    Result<std::optional<std::uint64_t>> code(const Digest& d) override {
        return reading().code(d);
    }
    Result<std::optional<std::uint64_t>> meta(std::string_view n) override {
        return reading().meta(n);
    }
    Result<void> check() override { return reading().check(); }

protected:
    virtual void before_reading() {}
    Store& inner() { return inner_; }

private:
    Store& reading() {
        before_reading();
        return inner_;
    }
    Store& inner_;
};

class LateStore final : public PassingStore {
public:
    using PassingStore::PassingStore;
    Result<void> commit(std::span<const Write> writes) override {
        before_reading();
        late_.assign(writes.begin(), writes.end());
        return {};
    }

protected:
    void before_reading() override {
        if (late_.empty()) return;
        const auto writes = std::exchange(late_, {});
        if (auto done = inner().commit(writes); !done) std::abort();
    }

private:
    std::vector<Write> late_;
};

class ForgetfulStore final : public PassingStore {
public:
    using PassingStore::PassingStore;
    Result<void> commit(std::span<const Write> writes) override {
        std::vector<Write> kept;
        for (const auto& w : writes)
            if (!std::holds_alternative<relay::write::Acceptance>(w)) kept.push_back(w);
        return inner().commit(kept);
    }
};

template <class T>
StoreWrapper wrapper() {
    return [](Store& inner) -> std::unique_ptr<Store> { return std::make_unique<T>(inner); };
}

std::function<void(Node&)> trigger(std::string sql) {
    return [sql = std::move(sql)](Node& node) {
        if (auto done = node.db().execute(sql); !done) std::abort();
    };
}

}  // namespace

Run planted(const std::string& bug, std::uint64_t seed) {
    Run run{.seed = seed};
    if (bug == "ack_before_commit") run.wrap = wrapper<LateStore>();
    if (bug == "no_dedup") run.wrap = wrapper<ForgetfulStore>();
    if (bug == "lost_cursor")
        run.tamper = trigger(
            "CREATE TEMP TRIGGER lost BEFORE INSERT ON main.cursor WHEN NEW.kind = 2 AND EXISTS "
            "(SELECT 1 FROM main.cursor AS c WHERE c.kind = NEW.kind AND c.id = NEW.id AND "
            "c.incarnation = NEW.incarnation) BEGIN SELECT RAISE(IGNORE); END");
    if (bug == "nonce_not_persisted")
        run.tamper = trigger(
            "CREATE TEMP TRIGGER lost BEFORE INSERT ON main.group_state WHEN NEW.key LIKE "
            "'s/%/r/%' AND EXISTS (SELECT 1 FROM main.group_state AS g WHERE g.channel = "
            "NEW.channel AND g.incarnation = NEW.incarnation AND g.key = NEW.key) BEGIN SELECT "
            "RAISE(IGNORE); END");
    return run;
}

}  // namespace huecry::sim
