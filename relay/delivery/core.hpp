#pragma once

#include <array>
#include <memory>
#include <string>

#include "auth/environment.hpp"
#include "auth/handshake.hpp"
#include "blobs/blob_service.hpp"
#include "delivery/observe.hpp"
#include "delivery/outlet.hpp"
#include "huecry/wire/header.hpp"
#include "store/store.hpp"

namespace huecry::relay {

class LeaseStore;
class CoreImpl;
struct Batch;

using ConnectionId = std::uint64_t;

/// Where a connection comes from, as far as the core may know it.
struct Peer {
    bool loopback = false;
    /// A keyed hash of the address (the key changes daily); 0 when not known.
    std::uint64_t address_hash = 0;
};

struct CoreOptions {
    /// The relay's identity. Cloned from the embedder's.
    SigningKey identity;
    /// Anybody on loopback may create a partnership; false asks for a code there too.
    bool open_on_loopback = true;
    // 0: as limits.def has it.
    std::uint64_t partnership_bytes = 0;
    std::uint64_t submissions_per_minute = 0;
    std::uint64_t statements_per_minute = 0;
    std::uint64_t max_hand_over = 0;
};

/// Everything that the relay decides, without sockets, clocks, threads or files of its own.
///
/// One thread (or strand) calls all of it, except `commit`, which may run on another thread while
/// the first goes on calling `received`. The life of a submission:
///   received → checked, given its number, gathered
///   take_batch → commit (one transaction, synced) → finish: answers first, then pushes
/// Nothing is answered or delivered before its transaction is on disk. If a commit fails, all of
/// its submissions and those gathered meanwhile are answered with the failure, and the state is
/// what it was before.
class Core : public Registry {
public:
    struct Parts {
        CoreOptions options;
        const Clock& clock;
        Random& random;
        Store& store;
        LeaseStore& leases;
        BlobService& blobs;
        Log log;
        /// Bytes that are free on the disk. Any thread; empty: enough.
        std::function<std::uint64_t()> free_bytes{};
    };
    /// Reads the store and replays each directory.
    /// Errors: store_damaged, store_failed, relay_rejected_chain.
    [[nodiscard]] static Result<std::unique_ptr<Core>> open(Parts parts);
    ~Core() override;

    /// A connection after TLS and upgrade. `outlet` lives until `closed` has been called.
    ConnectionId opened(Outlet& outlet, const Handshake::Exporter& exporter, const Peer& peer);
    /// One whole binary message (net refuses those above max_frame, and above
    /// max_frame_before_proof / max_genesis_frame before `proved`, unread).
    void received(ConnectionId connection, BytesView frame);
    /// The largest message that this connection may send now.
    [[nodiscard]] std::size_t frame_limit(ConnectionId connection) const;
    /// After Outlet::tell_when_writable: the core goes on with a reader that had fallen behind.
    /// Harmless at any other time.
    void writable(ConnectionId connection);
    /// The connection is gone, whoever ended it. Unknown ids are ignored.
    void closed(ConnectionId connection);

    /// Once a second or so: expiry, lazy cursors, deletion of what everybody has.
    void tick();
    /// True when there is something to commit.
    [[nodiscard]] bool has_batch() const;
    /// What has been gathered; null when nothing. At most one batch may be out at a time.
    [[nodiscard]] std::unique_ptr<Batch> take_batch();
    /// Any thread, one at a time; touches only the store, the leases and blob files.
    void commit(Batch& batch);
    /// Answers, then pushes.
    void finish(std::unique_ptr<Batch> batch);
    /// take_batch, commit and finish in one: for an embedder with one thread.
    void flush();

    /// Takes no further submission (draining) and tells every connection to come back after a
    /// delay of its own, up to `spread_ms`. Call flush after it.
    void drain(std::uint32_t spread_ms);

    // Registry
    [[nodiscard]] Result<Known> look_up(const PartnershipId& partnership, ClientKind kind,
                                        BytesView subject) const override;
    [[nodiscard]] const SigningKey& identity() const;

    /// Set once the disk has failed under a commit. Nothing is taken, committed or acknowledged any
    /// more: what a failed sync has left on the disk is not known. The process is to end, and to
    /// begin again from what is there.
    [[nodiscard]] std::optional<Errc> broken() const;

    /// For `huecry-relay allow`: a new one-time code, durable with the next flush.
    [[nodiscard]] std::string allow_partnership(std::uint64_t valid_for_ms);
    /// After a clock jump of more than relay_clock_jump_s: nothing expires until this.
    [[nodiscard]] bool clock_held() const;
    void confirm_clock();

    [[nodiscard]] const Counters& counters() const;
    [[nodiscard]] Counters& counters();

private:
    explicit Core(std::unique_ptr<CoreImpl> impl);
    std::unique_ptr<CoreImpl> impl_;
};

}  // namespace huecry::relay
