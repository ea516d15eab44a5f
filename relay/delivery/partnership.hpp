#pragma once

#include <deque>
#include <map>
#include <unordered_map>
#include <vector>

#include "auth/token_bucket.hpp"
#include "delivery/outlet.hpp"
#include "huecry/directory/state.hpp"
#include "huecry/v1/streams.pb.h"
#include "huecry/wire/header.hpp"
#include "store/store.hpp"

// What the core holds in memory of one partnership. Everything here can be read again from the
// store, except cursors that have moved within the last second and reservations.
namespace huecry::relay {

struct Connection;

/// One who may be given bodies of a channel, or the owner of a mailbox.
struct Reader {
    std::uint64_t cursor = 0;
    bool member = false;
    std::uint64_t joined = 0;
    std::uint64_t chain_from = 0;
    bool dirty = false;  // the cursor has moved since it was stored
};

struct LastAccepted {
    MessageId id;
    std::uint64_t seq = 0;
};

/// Frames as they went out, for whoever is behind: by the first seq in them.
struct TailFrame {
    std::uint64_t last = 0;
    EncodedFrame frame;
    std::uint64_t expiry_ms = 0;  // of the first of its bodies to expire; 0: none of them does
};

struct StreamState {
    StreamRef ref;
    // with what is being committed
    std::uint64_t seq = 0;
    Digest chain;
    std::uint64_t last_handshake = 0;
    // on disk: all that readers are told of
    std::uint64_t durable_seq = 0;
    Digest durable_chain;

    std::uint64_t acked = 0;  // bodies up to here went because everyone had them
    // Of the bodies of lengths_from…, 0 for one that went: what was not gathered since the start is
    // asked of the store. Not of the directory, which keeps its bodies.
    std::vector<std::uint32_t> lengths;
    std::uint64_t lengths_from = 0;
    void note_length(std::uint64_t at, std::uint32_t length);
    void forget_length(std::uint64_t at);
    /// Of all up to `last`, which are forgotten.
    std::uint64_t take_lengths(std::uint64_t last);
    bool acks_moved = false;
    std::unordered_map<DeviceId, Reader> readers;  // changed by the two calls below, cursors apart
    std::uint32_t members = 0;                     // of readers
    /// Makes the device a member; `joined` stays for one that is.
    Reader& let_in(const DeviceId& device, std::uint64_t joined);
    /// False when it was no reader.
    bool put_out(const DeviceId& device);
    std::unordered_map<DeviceId, LastAccepted> last_accepted;
    std::vector<Connection*> subscribers;
    std::map<std::uint64_t, TailFrame> tail;

    v1::SignedHead head;  // newest, at head_seq and head_time_ms
    std::uint64_t head_seq = 0;
    std::uint64_t head_time_ms = 0;
};

struct Reservation {
    DeviceId by;
    StreamRef channel;  // one package for one group: a device may add to several at a time
    std::uint64_t until_steady_ms = 0;
};

struct DeviceLimits {
    TokenBucket submissions;
    TokenBucket statements;
    TokenBucket requests;
    TokenBucket queries;
};

struct PartnershipState {
    explicit PartnershipState(directory::State state)
        : id(state.partnership()), directory(std::move(state)) {}

    PartnershipId id;
    directory::State directory;
    std::map<StreamRef, StreamState> streams;
    std::map<DeviceId, std::vector<KeyPackageRow>> packages;
    std::map<std::pair<DeviceId, Digest>, Reservation> reservations;
    std::unordered_map<DeviceId, DeviceLimits> limits;
    std::uint64_t newest_ms = 0;      // accepted time of the newest entry when it was loaded
    std::uint64_t message_bytes = 0;  // of bodies kept; exact at start, then counted up and down

    /// Made empty on first use.
    StreamState& stream(const StreamRef& ref);
    [[nodiscard]] StreamState* find(const StreamRef& ref);
    [[nodiscard]] const StreamState* find(const StreamRef& ref) const;
};

/// Replays the directory and reads the rest. Empty when the store has no such partnership.
/// Errors: relay_rejected_chain, store_damaged, store_failed.
[[nodiscard]] Result<std::unique_ptr<PartnershipState>> load_partnership(Store& store,
                                                                         const PartnershipId& id);

/// Between the protobuf form and ours; empty for one that is not well formed.
[[nodiscard]] std::optional<StreamRef> stream_from(const v1::Stream& stream);
void stream_to(const StreamRef& ref, v1::Stream& out);

}  // namespace huecry::relay
