#pragma once

#include <map>
#include <set>

#include "domain/duties.hpp"
#include "domain/mailbox.hpp"
#include "domain/relay_watch.hpp"
#include "domain/snapshots.hpp"
#include "huecry/directory/build.hpp"
#include "net/blob_transfer.hpp"
#include "net/link.hpp"
#include "net/session.hpp"

// The heart of the client: what comes from the relay goes to the directory, the mailbox and the
// channels; what is due goes out. No sockets, threads or clocks of its own: link, transfers and
// scheduler are handed in, so that it runs in a simulation as it is. engine.cpp is what comes in,
// engine_follow.cpp what the directory brings about, engine_out.cpp what goes out,
// engine_letters.cpp what devices tell each other alone. Everything on the scheduler's thread.
namespace huecry::domain {

using MakeLink = std::function<std::unique_ptr<net::Link>(net::LinkListener&)>;
using MakeBlobs = std::function<std::unique_ptr<net::BlobTransfer>()>;

class Engine final : net::LinkListener {
public:
    Engine(Context context, const MakeLink& make_link, const MakeBlobs& make_blobs);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// Reads everything that is kept. Errors of the store.
    Result<void> load();
    void start();
    /// Tells the relay what has been processed, then closes.
    void stop();
    /// Called after anything has changed that somebody may wait for.
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

    [[nodiscard]] bool online() const { return ready_; }
    /// Everything that waits at the relay is here, and everything that can go out is out.
    [[nodiscard]] bool settled();
    /// Why the connection is down for good, or down right now.
    [[nodiscard]] const std::optional<Error>& trouble() const { return trouble_; }
    [[nodiscard]] bool will_retry() const { return will_retry_; }
    void reconnect();
    /// Something that has expired is still in the write-ahead log; it is tried again each second.
    [[nodiscard]] bool erasure_overdue() const { return erasure_overdue_; }

    [[nodiscard]] const DirectorySync& directory() const { return directory_; }
    [[nodiscard]] const Channel* channel(const ChannelId& id) const;
    [[nodiscard]] SyncStore& store() { return store_; }

    /// Signs with this device, sends, and calls back once the entry has been applied here.
    using StatementDone = std::function<void(Result<std::uint64_t> index)>;
    void submit_statement(directory::Body body, StatementDone done);
    /// The same of a statement that others have signed (the root, a device that comes).
    void submit_signed(const directory::SignedStatement& statement, StatementDone done);
    /// Saves a message with its photos, to go out as soon as possible. Its own transaction.
    Result<void> enqueue(const Outgoing& message, std::vector<Projection::Sealed> photos);

    /// The relay's count of an own message.
    struct Counts {
        std::uint32_t readers = 0, delivered = 0;
    };
    void delivery(const MessageId& id, std::function<void(Result<Counts>)> done);
    /// Share and ciphertext of a photo, opened; before the watermark.
    void fetch_photo(Projection::PhotoKey key, std::function<void(Result<SecretBytes>)> done);
    /// A document of the directory (an agreement's text).
    void put_document(const BlobId& id, Bytes bytes, std::function<void(Result<void>)> done);

private:
    // net::LinkListener
    void up(const v1::Ready& ready, std::uint64_t relay_time_ms) override;
    void frame(const v1::Frame& frame) override;
    void down(const Error& why, bool will_retry, std::chrono::milliseconds retry_in) override;

    // coming in
    void handle_deliver(const v1::Deliver& frame);
    void handle_missed(const v1::Missed& frame);
    void handle_queue_empty(const v1::QueueEmpty& frame);
    void directory_moved(bool new_entries);
    void follow_directory();
    void refuse_unreadable();
    void leave(ChannelId id);
    void removed_from_partnership();
    void taken(const StreamRef& stream, Result<Taken> result);
    // engine_honesty.cpp
    void distrust(const StreamRef& stream, const Error& error);
    void say(const RelayWatch::Said& said);
    void look_at(const StreamRef& stream, const Channel& channel, const Taken& result);
    void look_again(const StreamRef& stream);
    void ask_later();
    void put_back(std::uint64_t kept_index);
    void store_restored(std::uint64_t accepted_ms);
    void look_for_silence();
    void ask_for_head();

    // engine_letters.cpp
    Result<void> load_letters();
    void take_letters();
    void take_skipped(const DeviceId& from, const content::v1::Skipped& letter);
    void take_wanted(const DeviceId& from, const content::v1::SnapshotWanted& letter);
    void take_part(const DeviceId& from, const content::v1::SnapshotPart& letter);
    void send_letter(const DeviceId& to, const content::v1::Directed& body);
    void tell_skipped(const StreamRef& stream, const std::vector<Taken::Skip>& skipped);
    void ask_for_snapshots();
    void give_wanted();
    void give(const ChannelId& channel, const DeviceId& device, std::uint64_t until_ms,
              bool records);
    Result<void> must_say_again(const ChannelId& channel);
    void say_again();

    void compare_anchors(const std::vector<directory::Applied>& applied);
    void begin_channels();
    void end_incarnation(const ChannelId& id);
    void forget(Channel& channel);
    Result<void> load_channels();
    void mailbox_failed(const Error& error);
    Result<void> welcome(Mailbox::Welcomed welcomed);
    void report(const Error& error);
    void warn(const std::string& text);
    void subscribe(const StreamRef& stream, std::uint64_t from);
    void acknowledge(const StreamRef& stream, std::uint64_t seq);
    void flush_acks();
    Channel* find(const v1::Stream& stream);
    Channel* find(const StreamRef& stream);
    void changed();

    // going out
    void pump_soon();
    void pump();
    void pump_channel(Channel& channel);
    void send_submission(Channel& channel);
    void submission_answered(const ChannelId& id, Result<v1::Frame> answer);
    void submission_accepted(Channel& channel, const v1::SubmitResult& result);
    void submission_refused(Channel& channel, const Error& error);
    void back_off(const ChannelId& id, std::chrono::milliseconds wait);
    void refuse_message(const MessageId& id, const Error& why);
    void send_message(Channel& channel, const OutboxRow& row, const Channel::Due& due);
    void request_packages(Channel& channel, const std::vector<DeviceId>& devices);
    void give_snapshot(const ChannelId& id);
    void block_packages(const ChannelId& id);
    bool delay_over(const ChannelId& id, bool due);
    void pump_uploads();
    void upload_done(const UploadRow& row, Result<void> result);
    void upload_later();
    void put_lease(const UploadRow& row);
    void refill_keys(std::uint32_t left, bool has_last_resort);
    void fetch_agreement();
    void fetch_agreement_later();
    void offer_agreement();
    std::unique_ptr<net::Transfer> upload_document(const BlobId& id, Bytes bytes,
                                                   std::function<void(Result<void>)> done);
    void recover();
    void sign(Duties::Duty duty);
    bool caught_up();
    void finish_statements();
    void tick();
    void schedule_tick();

    Context context_;
    SyncStore store_;
    DirectorySync directory_;
    Mailbox mailbox_;
    KeyStock keys_;
    Duties duties_;
    RelayWatch watch_;
    Snapshots snapshots_;
    net::Session session_;
    std::unique_ptr<net::Link> link_;
    std::unique_ptr<net::BlobTransfer> blobs_;
    Duties::Channels channels_;
    /// Former incarnations, until what lies in their streams has been read.
    std::map<StreamRef, std::unique_ptr<Channel>> ending_;

    bool ready_ = false, will_retry_ = true, stopped_ = false, pumping_ = false;
    bool directory_caught_up_ = false, mailbox_caught_up_ = false, refilling_ = false;
    std::optional<Error> trouble_;
    std::map<StreamRef, std::uint64_t> acks_;
    std::size_t unacknowledged_ = 0;  // bytes delivered since acks_ went out
    bool ack_is_soon_ = false;
    std::unique_ptr<net::Timer> ack_timer_, pump_timer_, tick_timer_, upload_timer_;
    std::map<ChannelId, std::chrono::milliseconds> due_since_;
    /// Newcomers of a channel had no key package at the relay: asked again ever later.
    struct Blocked {
        std::chrono::milliseconds until{}, delay{};
    };
    std::map<ChannelId, Blocked> blocked_;
    std::set<ChannelId> sent_, asking_packages_;  // in this connection
    std::set<ChannelId> backing_off_;             // sent again when the timer has run
    std::unique_ptr<net::Timer> retry_timer_, duty_timer_, distrust_timer_;
    std::chrono::milliseconds distrust_delay_{};  // until what did not fit is asked for again
    std::string last_warning_;
    std::unique_ptr<net::Timer> snapshot_timer_, give_timer_;
    std::map<ChannelId, std::map<DeviceId, std::uint64_t>> to_give_;  // until when
    std::map<std::pair<ChannelId, DeviceId>, std::chrono::milliseconds> given_;
    /// Who could not decrypt what this device sent in its present epoch.
    struct Reports {
        std::uint64_t epoch = 0;
        std::set<DeviceId> from;
    };
    std::map<ChannelId, Reports> reports_;
    std::set<ChannelId> say_again_;    // as soon as this device is back in them
    std::set<ChannelId> waiting_for_;  // channels that waited for the directory a while ago
    bool duty_waited_ = false;
    std::chrono::milliseconds next_look_{};
    std::unique_ptr<net::Transfer> upload_, agreement_fetch_, document_, offer_;
    std::map<std::uint64_t, std::unique_ptr<net::Transfer>> photo_fetches_;
    std::uint64_t next_fetch_ = 1;
    std::unique_ptr<net::Timer> agreement_timer_;
    std::chrono::milliseconds agreement_delay_{};  // until the text is asked for again
    bool offered_ = false;                         // its text, in vain, in this connection
    bool uploading_ = false, signing_ = false, erasure_overdue_ = false;
    struct WaitingStatement {
        std::uint64_t index;
        StatementDone done;
    };
    std::vector<WaitingStatement> statements_;
    std::size_t statements_sent_ = 0;
    std::chrono::milliseconds commit_delay_{};
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    std::function<void()> changed_;
};

}  // namespace huecry::domain
