#pragma once

#include <unordered_map>

#include "blobs/lease_store.hpp"
#include "delivery/batch.hpp"
#include "delivery/connection.hpp"
#include "delivery/core.hpp"
#include "delivery/partnership.hpp"
#include "delivery/relay_time.hpp"
#include "huecry/v1/frame.pb.h"

namespace huecry::relay {

/// A refusal with the numbers that Failure carries.
struct Refusal {
    Errc code = Errc::internal;
    std::uint64_t handshake_seq = 0;
    std::uint64_t directory_index = 0;
    std::uint64_t retry_after_ms = 0;
};
/// Empty: go on.
using Verdict = std::optional<Refusal>;

/// The core's insides. One handler per frame, each in the file of its name.
class CoreImpl final : public Registry, public BlobRights {
public:
    CoreImpl(Core::Parts parts, std::uint64_t floor_ms, bool clock_held);
    [[nodiscard]] Result<void> load();

    // core.cpp
    ConnectionId opened(Outlet& outlet, const Handshake::Exporter& exporter, const Peer& peer);
    void closed(ConnectionId id);
    [[nodiscard]] std::size_t frame_limit(ConnectionId id) const;
    void writable(ConnectionId id);
    void drain(std::uint32_t spread_ms);
    [[nodiscard]] std::string allow_partnership(std::uint64_t valid_for_ms);

    // dispatch.cpp
    void received(ConnectionId id, BytesView bytes);

    // commit.cpp
    [[nodiscard]] bool has_batch() const;
    [[nodiscard]] std::unique_ptr<Batch> take_batch();
    void commit(Batch& batch);
    void finish(std::unique_ptr<Batch> batch);
    [[nodiscard]] std::optional<Errc> broken() const { return broken_; }

    // expiry.cpp
    void tick();
    void confirm_clock();

    // rights.cpp
    [[nodiscard]] Result<Known> look_up(const PartnershipId& partnership, ClientKind kind,
                                        BytesView subject) const override;
    [[nodiscard]] bool may_write(const Principal& who, const StreamRef& audience) const override;
    [[nodiscard]] bool may_read(const Principal& who, const StreamRef& audience) const override;
    [[nodiscard]] std::uint64_t room(const PartnershipId& partnership) const override;
    [[nodiscard]] std::uint64_t now_ms() const override { return time_.now(); }
    [[nodiscard]] bool low_room() const override { return low_room_; }
    /// May this principal be given entries of the stream?
    [[nodiscard]] bool subscribes(const Principal& who, const StreamRef& stream) const;

    Core::Parts parts_;
    Counters counters_;
    mutable RelayTime time_;

private:
    using Connections = std::unordered_map<ConnectionId, std::unique_ptr<Connection>>;

    // dispatch.cpp
    void dispatch(Connection& c, v1::Frame& frame);
    void dispatch_device(Connection& c, v1::Frame& frame);
    void charge_refusal(ConnectionId id);
    [[nodiscard]] bool too_many_queries(Connection& c);
    void answer(Connection& c, std::uint64_t request, v1::Frame frame);
    void refuse(Connection& c, std::uint64_t request, const Refusal& refusal);
    void close(Connection& c, Errc code, std::uint32_t reconnect_after_ms);
    void send(Connection& c, const v1::Frame& frame);
    /// Held back until the current batch is on disk.
    Batch::Answer& answer_later(Connection& c, std::uint64_t request);

    // handlers
    void handle_hello(Connection& c, const v1::Hello& hello);
    void handle_prove(Connection& c, const v1::Prove& prove);
    void handle_create(Connection& c, std::uint64_t request, const v1::CreatePartnership& create);
    void handle_submit(Connection& c, std::uint64_t request, v1::Submit& submit);
    void handle_subscribe(Connection& c, std::uint64_t request, const v1::Subscribe& subscribe);
    void handle_ack(Connection& c, const v1::Ack& ack);
    void handle_head_query(Connection& c, std::uint64_t request, const v1::HeadQuery& query);
    void handle_delivery_query(Connection& c, std::uint64_t request,
                               const v1::DeliveryQuery& query);
    void handle_put_key_packages(Connection& c, std::uint64_t request,
                                 const v1::PutKeyPackages& put);
    void handle_take_key_packages(Connection& c, std::uint64_t request,
                                  const v1::TakeKeyPackages& take);
    /// A hint to the device, when half of its stock is gone.
    void tell_low_stock(PartnershipState& p, const DeviceId& device);
    void handle_put_lease(Connection& c, std::uint64_t request, const v1::PutLease& put);
    void handle_take_leases(Connection& c, std::uint64_t request, const v1::TakeLeases& take);
    void handle_drop_blob(Connection& c, std::uint64_t request, const v1::DropBlob& drop);

    // handle_prove.cpp
    void send_ready(Connection& c);

    // handle_create.cpp
    [[nodiscard]] Verdict creation_allowed(const Connection& c, const std::string& code);
    void found(Connection& c, std::uint64_t request, const v1::CreatePartnership& create,
               Header header);

    // handle_hand_over.cpp
    void handle_hand_over(Connection& c, std::uint64_t request, const v1::HandOver& hand_over);
    void move_here(Connection& c, std::uint64_t request, HandingOver& log, Bytes moved);

    // submit_*.cpp
    struct Submission;
    [[nodiscard]] Verdict submit_statement(PartnershipState& p, Submission& s);
    // own_statements.cpp
    /// False when the directory's rules do not take it.
    bool enter(PartnershipState& p, directory::Body statement_body);
    void raise_alarm(PartnershipState& p, Bytes evidence);
    [[nodiscard]] Result<void> announce_restore();

    [[nodiscard]] Verdict submit_channel(PartnershipState& p, Submission& s);
    [[nodiscard]] Verdict submit_mailbox(PartnershipState& p, Submission& s);
    [[nodiscard]] Verdict check_channel(PartnershipState& p, const Submission& s);
    [[nodiscard]] Verdict check_items(const StreamRef& stream, const Submission& s) const;
    [[nodiscard]] Verdict check_stale(PartnershipState& p, const Submission& s);
    [[nodiscard]] Verdict check_welcome(PartnershipState& p, const Submission& s);
    void store_welcome(PartnershipState& p, Submission& s, std::uint64_t commit_seq);
    [[nodiscard]] Verdict check_room(const PartnershipState& p, const Submission& s) const;
    /// True when the submission has been answered as a repeat or refused as id_reused.
    [[nodiscard]] bool answer_repeat(Connection& c, std::uint64_t request, Submission& s);
    void accept(Connection& c, std::uint64_t request, PartnershipState& p, Submission& s);
    /// Gives the next seq; the entry goes into the current batch.
    const Header& append(PartnershipState& p, Header header, Bytes body,
                         std::optional<MessageId> shared = std::nullopt);
    void gather(PartnershipState& p, const Header& header, Bytes header_bytes, Bytes body,
                std::optional<MessageId> shared);

    // follow_directory.cpp
    void follow(PartnershipState& p, const directory::Applied& applied);
    void settle(const PartnershipState& p, const DeviceId& device);
    void lose_channel(PartnershipState& p, const DeviceId& device, const ChannelId& channel);
    void forget_stock(PartnershipState& p, const DeviceId& device, const ChannelId& channel);
    void revoke(PartnershipState& p, const DeviceId& device);

    // pusher.cpp
    void pump(Connection& c, PartnershipState& p, StreamState& s, Subscription& sub);
    void pump_all(Connection& c);
    [[nodiscard]] bool pump_from_store(Connection& c, PartnershipState& p, StreamState& s,
                                       Subscription& sub);
    void encode_fresh(const Batch& batch, PartnershipState& p, StreamState& s,
                      const std::vector<const Batch::Fresh*>& fresh);
    void keep(PartnershipState& p, StreamState& s, std::uint64_t first, TailFrame frame);
    void give(Connection& c, Subscription& sub, const EncodedFrame& frame, std::uint64_t last,
              std::size_t entries);
    void drop_tail(const PartnershipId& p, StreamState& s, std::uint64_t seq);
    [[nodiscard]] static bool has_window(const Connection& c);
    void tell_empty(Connection& c, PartnershipState& p, StreamState& s, std::uint64_t request);
    [[nodiscard]] const v1::SignedHead& head(const PartnershipState& p, StreamState& s);
    [[nodiscard]] v1::SignedHead sign_head(const PartnershipState& p, const StreamRef& stream,
                                           std::uint64_t seq, const Digest& chain) const;
    void unsubscribe(Connection& c, const StreamRef& stream);

    // commit.cpp
    void fail(Batch& batch, Errc code);
    void fail_all(std::unique_ptr<Batch> batch, Errc code);
    void reload(const PartnershipId& id);
    void mark_durable(Batch& batch);
    void say_answers(Batch& batch);
    void push(Batch& batch);
    void cut(const Batch& batch);
    void note_truncation(bool done);
    void commit_failed(std::unique_ptr<Batch> batch);
    [[nodiscard]] bool is_room_low() const;

    // expiry.cpp
    void store_cursors();
    void drop_acknowledged(PartnershipState& p, StreamState& s);
    void drop_bodies(const PartnershipId& p, const StreamRef& stream, std::uint64_t first,
                     std::uint64_t last, bool roughly);
    /// Of what waits to be dropped, about as much as the batch before has brought.
    void drop_ahead();
    void drop_waiting();
    void expire();
    void send_unreadable_away();
    void prune(std::uint64_t now, std::uint64_t steady);

    [[nodiscard]] Connection* connection(ConnectionId id);
    [[nodiscard]] Connection* device_connection(const PartnershipId& p, const DeviceId& d);
    [[nodiscard]] PartnershipState* partnership(const PartnershipId& id);
    [[nodiscard]] const PartnershipState* partnership(const PartnershipId& id) const;
    [[nodiscard]] Verdict rate(PartnershipState& p, const DeviceId& device,
                               TokenBucket DeviceLimits::* bucket, std::uint64_t per_minute);
    void forget(Connection& c);
    void close_drained();

    std::unordered_map<PartnershipId, std::unique_ptr<PartnershipState>> partnerships_;
    Connections connections_;
    std::map<std::pair<PartnershipId, DeviceId>, ConnectionId> by_device_;
    std::unordered_map<std::uint64_t, std::size_t> unproved_;  // by address
    ConnectionId next_connection_ = 1;
    std::unique_ptr<Batch> current_;
    bool batch_out_ = false;
    /// Of batches that failed, what nobody will ask for again: codes that an operator has been
    /// shown, and whether the clock is held. With the next tick; at once, the disk would be as
    /// full as it was.
    std::vector<Write> owed_;
    std::map<Batch::AcceptanceKey, AcceptanceRow> in_flight_;
    std::deque<std::pair<StreamKey, std::uint64_t>> tail_order_;  // oldest first
    std::optional<Errc> broken_;
    bool low_room_ = false;
    std::vector<ConnectionId>
        unreadable_;  // whose streams could not be read; closed with the next tick
    bool draining_ = false;
    std::uint32_t drain_spread_ms_ = 0;
    bool held_noted_ = false;  // the clock's jump, in the store
    bool truncate_due_ = false;
    std::size_t erasures_ = 0;  // committed since the log was last truncated
    /// Bodies that everybody has: they go with the batches of the next second, whose bodies then
    /// take their places, so that those are not written twice.
    struct Waiting {
        PartnershipId partnership;
        StreamRef stream;
        std::uint64_t first = 0;
        std::uint64_t last = 0;
    };
    std::deque<Waiting> to_drop_;
    std::size_t last_fresh_ = 0;  // entries of the batch before
    bool bodies_went_ = false;    // after acknowledgements; the log is truncated a little later
    bool expiry_out_ = false;
    std::size_t expire_at_once_ = 0;
    std::uint64_t last_prune_ms_ = 0;
    std::uint64_t last_header_prune_ms_ = 0;
    std::uint64_t last_truncate_ms_ = 0;
};

/// A Submit after its fields have been checked for form.
struct CoreImpl::Submission {
    struct Item {
        MessageId id;
        EntryKind kind = EntryKind::statement;
        std::uint64_t lifetime_ms = 0;
        Bytes body;
        Digest digest;  // of the body
    };
    struct Joiner {
        DeviceId device;
        Digest key_package;
    };
    struct Welcome {
        MessageId id;
        std::vector<Joiner> joiners;
        Bytes body;
        std::uint64_t chain_from = 0;
    };

    /// Errors: bad_frame, invalid_argument, too_large.
    [[nodiscard]] static Result<Submission> read(v1::Submit& submit);
    [[nodiscard]] Digest digest() const;

    Principal who;
    DeviceId submitter;
    StreamRef stream;
    std::vector<Item> items;
    std::optional<Welcome> welcome;
    std::uint64_t handshake_seq = 0;
    std::uint64_t directory_index = 0;
    Digest fingerprint;       // digest(), taken before the bodies move into the batch
    v1::SubmitResult result;  // filled while it is accepted
};

}  // namespace huecry::relay
