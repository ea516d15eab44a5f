#include "delivery/core.hpp"

#include "delivery/core_impl.hpp"
#include "huecry/limits.hpp"
#include "huecry/wire/bytes.hpp"

namespace huecry::relay {

CoreImpl::CoreImpl(Core::Parts parts, std::uint64_t floor_ms, bool clock_held)
    : parts_(std::move(parts)),
      time_(parts_.clock, floor_ms, clock_held),
      current_(std::make_unique<Batch>()) {}

Result<void> CoreImpl::load() {
    HUECRY_TRY_ASSIGN(const auto ids, parts_.store.partnerships());
    for (const auto& id : ids) {
        HUECRY_TRY_ASSIGN(auto p, load_partnership(parts_.store, id));
        if (!p) return Error{Errc::store_damaged, "partnership without a genesis"};
        time_.raise(p->newest_ms);  // "time" is noted once a minute
        partnerships_[id] = std::move(p);
    }
    counters_.partnerships = partnerships_.size();
    held_noted_ = time_.held();
    counters_.clock_held = held_noted_ ? 1 : 0;
    HUECRY_TRY_ASSIGN(auto rows, parts_.store.blobs());
    for (const auto& row : rows) counters_.blob_bytes += row.size;
    parts_.blobs.attach(*this);
    HUECRY_TRY(announce_restore());
    truncate_due_ = true;  // what a crash may have left in the log
    return parts_.blobs.load(std::move(rows));
}

ConnectionId CoreImpl::opened(Outlet& outlet, const Handshake::Exporter& exporter,
                              const Peer& peer) {
    const auto id = next_connection_++;
    if (draining_) {
        outlet.close(Errc::draining, 1000);
        return id;
    }
    if (connections_.size() >= limits::max_connections ||
        (peer.address_hash != 0 &&
         unproved_[peer.address_hash] >= limits::connections_per_address)) {
        ++counters_.refusals;
        ++counters_.goodbyes[Errc::overloaded];
        outlet.close(Errc::overloaded, 5000);
        return id;
    }
    if (peer.address_hash != 0) ++unproved_[peer.address_hash];
    connections_[id] = std::make_unique<Connection>(
        id, outlet, peer, Handshake(parts_.options.identity, *this, parts_.random, exporter));
    ++counters_.connections;
    return id;
}

void CoreImpl::forget(Connection& c) {
    while (!c.subscriptions.empty()) {
        const auto stream = c.subscriptions.begin()->first;  // by value: it goes with its node
        unsubscribe(c, stream);
    }
    if (c.who) {
        --counters_.proved;
        const auto mine = by_device_.find({c.who->partnership, c.who->device});
        if (mine != by_device_.end() && mine->second == c.id) by_device_.erase(mine);
    } else if (c.peer.address_hash != 0) {
        const auto found = unproved_.find(c.peer.address_hash);
        if (found != unproved_.end() && --found->second == 0) unproved_.erase(found);
    }
    --counters_.connections;
    connections_.erase(c.id);
}

void CoreImpl::closed(ConnectionId id) {
    if (auto* c = connection(id)) forget(*c);
}

void CoreImpl::close(Connection& c, Errc code, std::uint32_t reconnect_after_ms) {
    ++counters_.goodbyes[code];
    c.outlet->close(code, reconnect_after_ms);
    forget(c);
}

std::size_t CoreImpl::frame_limit(ConnectionId id) const {
    const auto found = connections_.find(id);
    if (found == connections_.end() || !found->second->who) return limits::max_frame_before_proof;
    // A founder whose first frame was good may hand over a whole log.
    const auto& c = *found->second;
    return c.who->kind == ClientKind::founder && !c.handing_over ? limits::max_genesis_frame
                                                                 : limits::max_frame;
}

Connection* CoreImpl::connection(ConnectionId id) {
    const auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : found->second.get();
}
Connection* CoreImpl::device_connection(const PartnershipId& p, const DeviceId& d) {
    const auto found = by_device_.find({p, d});
    return found == by_device_.end() ? nullptr : connection(found->second);
}
PartnershipState* CoreImpl::partnership(const PartnershipId& id) {
    const auto found = partnerships_.find(id);
    return found == partnerships_.end() ? nullptr : found->second.get();
}
const PartnershipState* CoreImpl::partnership(const PartnershipId& id) const {
    const auto found = partnerships_.find(id);
    return found == partnerships_.end() ? nullptr : found->second.get();
}

void CoreImpl::drain(std::uint32_t spread_ms) {
    draining_ = true;
    drain_spread_ms_ = spread_ms;
    store_cursors();
    close_drained();
}

/// Once nothing waits for its commit any more.
void CoreImpl::close_drained() {
    if (!draining_ || batch_out_ || !current_->empty() || connections_.empty()) return;
    std::vector<ConnectionId> all;
    for (const auto& [id, c] : connections_) all.push_back(id);
    std::uint64_t i = 0;
    for (const auto id : all)
        close(*connection(id), Errc::draining,
              static_cast<std::uint32_t>(1 + drain_spread_ms_ * i++ / all.size()));
}

std::string CoreImpl::allow_partnership(std::uint64_t valid_for_ms) {
    std::array<std::uint8_t, 16> bytes{};
    // One that begins with "-" would be taken for an option on a command line.
    std::string code;
    do {
        parts_.random.fill(bytes);
        code = to_base64url(bytes);
    } while (code.starts_with('-'));
    current_->writes.emplace_back(
        write::Code{labelled_hash("huecry/1 creation code", view(code)), now_ms() + valid_for_ms});
    return code;
}

Core::Core(std::unique_ptr<CoreImpl> impl) : impl_(std::move(impl)) {}
Core::~Core() = default;

Result<std::unique_ptr<Core>> Core::open(Parts parts) {
    HUECRY_TRY_ASSIGN(const auto floor, parts.store.meta("time"));
    HUECRY_TRY_ASSIGN(const auto held, parts.store.meta("clock_held"));
    auto impl =
        std::make_unique<CoreImpl>(std::move(parts), floor.value_or(0), held.value_or(0) != 0);
    HUECRY_TRY(impl->load());
    return std::unique_ptr<Core>(new Core(std::move(impl)));
}

ConnectionId Core::opened(Outlet& outlet, const Handshake::Exporter& exporter, const Peer& peer) {
    return impl_->opened(outlet, exporter, peer);
}
void Core::received(ConnectionId connection, BytesView frame) {
    impl_->received(connection, frame);
}
std::size_t Core::frame_limit(ConnectionId connection) const {
    return impl_->frame_limit(connection);
}
void Core::writable(ConnectionId connection) { impl_->writable(connection); }
void Core::closed(ConnectionId connection) { impl_->closed(connection); }
void Core::tick() { impl_->tick(); }
bool Core::has_batch() const { return impl_->has_batch(); }
std::unique_ptr<Batch> Core::take_batch() { return impl_->take_batch(); }
void Core::commit(Batch& batch) { impl_->commit(batch); }
void Core::finish(std::unique_ptr<Batch> batch) { impl_->finish(std::move(batch)); }
void Core::flush() {
    while (auto batch = impl_->take_batch()) {
        impl_->commit(*batch);
        impl_->finish(std::move(batch));
    }
}
void Core::drain(std::uint32_t spread_ms) { impl_->drain(spread_ms); }
Result<Registry::Known> Core::look_up(const PartnershipId& partnership, ClientKind kind,
                                      BytesView subject) const {
    return impl_->look_up(partnership, kind, subject);
}
const SigningKey& Core::identity() const { return impl_->parts_.options.identity; }
std::string Core::allow_partnership(std::uint64_t valid_for_ms) {
    return impl_->allow_partnership(valid_for_ms);
}
std::optional<Errc> Core::broken() const { return impl_->broken(); }
bool Core::clock_held() const { return impl_->time_.held(); }
void Core::confirm_clock() { impl_->confirm_clock(); }
const Counters& Core::counters() const { return impl_->counters_; }
Counters& Core::counters() { return impl_->counters_; }

}  // namespace huecry::relay
