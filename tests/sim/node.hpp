#pragma once

#include <optional>

#include "domain/engine.hpp"
#include "sim/disk.hpp"
#include "sim/wire.hpp"

// One client: the real engine over the real encrypted database on a simulated disk, and a person
// who reads what it shows. It can be stopped, killed at any write, and lose its disk.
namespace huecry::sim {

/// What the directory has beside a node's device key; its private half is the node's own.
[[nodiscard]] PublicKey sealing_public(const SigningKey& device);

/// What a node has done, for whoever watches.
class NodeWatcher {
public:
    virtual ~NodeWatcher() = default;
    virtual void logged(std::size_t node, int level, std::string_view line) = 0;
    /// The person sees it: each event once, except that the last one may come again after a kill.
    virtual void shown(std::size_t node, const Event& event) = 0;
    /// The person has read everything that there is.
    virtual void read_all(std::size_t node) = 0;
    virtual void frame_sent(std::size_t node, const v1::Frame& frame) = 0;
    virtual void frame_from_relay(std::size_t node, const v1::Frame& frame) = 0;
};

class Node {
public:
    struct Options {
        std::size_t number = 0;
        std::string folder;  // a real one too: its marker says that the profile exists
        std::uint64_t seed = 0;
        PartnershipId partnership;
        PublicKey relay_key;
        std::int64_t clock_offset_ms = 0;
        std::vector<content::v1::NameRecord> names{};
        SigningKey device;
        bool journaled = false;  // its disk remembers what was not synced
    };
    Node(Clockwork& clockwork, SeededRandom& network, NodeWatcher& watcher, RelayHost& relay,
         Options options);
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// Opens the database and connects. False, with the reason in `trouble`, when it cannot.
    bool start();
    /// In order: acknowledges, closes.
    void stop();
    /// Killed between two events.
    void crash();
    /// Will be killed at its n-th write to the disk from now, in the middle of whatever it is
    /// doing: nothing that it sends after that write leaves it, nothing is shown. One that is
    /// closed will be killed while it opens, or later. `left`: what is on the disk then, of what
    /// was; for a power cut (the disk is to be `journaled`).
    using WhatIsLeft = std::function<DiskImage(DiskImage)>;
    void crash_at_write(std::uint64_t n, WhatIsLeft left = {});
    /// That write has come; it is dead, and closed with the end of the event.
    [[nodiscard]] bool died() const { return armed_ && Disk::get().has_sprung(folder_); }
    /// Called by the world after each event.
    void after_event();
    /// Its disk is gone for good; it never starts again.
    void lose_state();
    /// The disk as it is, and put back: a device restored from a copy, or cloned.
    [[nodiscard]] DiskImage disk() const { return Disk::get().read(folder_); }
    void restore_disk(DiskImage image);

    [[nodiscard]] bool running() const { return engine_ != nullptr; }
    [[nodiscard]] bool lost() const { return lost_; }
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    [[nodiscard]] std::size_t number() const { return number_; }
    [[nodiscard]] DeviceId id() const { return self_.device; }
    [[nodiscard]] const SigningKey& key() const { return *self_.key; }
    [[nodiscard]] const domain::Self& self() const { return self_; }
    /// Of the running client.
    [[nodiscard]] domain::Engine& engine() { return *engine_; }
    [[nodiscard]] domain::Projection& projection() { return *projection_; }
    [[nodiscard]] domain::Clock& clock() { return *clock_; }
    [[nodiscard]] store::Database& db() { return *db_; }
    [[nodiscard]] NodeScheduler& scheduler() { return *scheduler_; }
    [[nodiscard]] SeededRandom& random() { return random_; }
    [[nodiscard]] SimLink* link() { return link_; }
    [[nodiscard]] Wire* wire() { return link_ != nullptr ? link_->wire() : nullptr; }
    [[nodiscard]] domain::Context context();
    /// Has it taken this message out of the channel's stream?
    [[nodiscard]] bool read_itself(const ChannelId& channel, const DeviceId& from,
                                   const MessageId& id);
    Line line;

    // -- the line
    /// Breaks the connection, if any; what was under way is lost.
    void cut(Moment client_notice, Moment relay_notice);
    void stall() { line.stalled = true; }
    void resume();

    // -- what a person does. Errors as of Client's functions.
    Result<MessageId> send(const ChannelId& channel, const std::string& text,
                           std::optional<std::chrono::seconds> expiry = std::nullopt,
                           bool photo = false);
    Result<void> respond(const MessageId& alert, Answer answer);

    // -- misbehaviour: this device's own keys and groups, by hand
    /// A copy of the channel's MLS group as it stands on the disk; what is done to it changes
    /// nothing of the client's.
    [[nodiscard]] Result<mls::Group> group(const ChannelId& channel);
    [[nodiscard]] mls::Environment mls_environment();
    /// The authenticated data that an honest message would carry now.
    [[nodiscard]] Result<AuthenticatedData> authenticated_data(const ChannelId& channel,
                                                               const MessageId& id);
    /// A frame past the engine, over its connection; its answer goes to nobody but the filters.
    bool send_raw(v1::Frame frame);

private:
    void show();
    bool open();
    void close_files();

    Clockwork& clockwork_;
    SeededRandom& network_;
    NodeWatcher& watcher_;
    SeededRandom random_;
    std::size_t number_;
    std::string folder_;
    std::int64_t clock_offset_ms_;
    domain::Self self_;
    net::Identity identity_;
    SecretBytes db_key_;
    std::string trouble_;
    bool lost_ = false, showing_ = false, armed_ = false;
    WhatIsLeft left_;
    std::uint64_t raw_request_ = 1ULL << 40U;

    std::optional<store::Database> db_;
    std::unique_ptr<NodeScheduler> scheduler_;
    std::unique_ptr<domain::Clock> clock_;
    std::unique_ptr<domain::Projection> projection_;
    std::unique_ptr<domain::Engine> engine_;
    SimLink* link_ = nullptr;
};

}  // namespace huecry::sim
