#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "huecry/directory/state.hpp"
#include "huecry/wire/signing.hpp"
#include "sim/node.hpp"

// Sees everything that passes and everything that is shown, and says what must not be. The cheap
// invariants are looked at after every event, the rest at `audit` (each restart of the relay, the
// end) and `finish`. witness.cpp: what is seen; witness_audit.cpp: what is compared.
namespace huecry::sim {

class World;

class Witness final : public NodeWatcher {
public:
    Witness(World& world, bool honest) : world_(world), honest_(honest) {}

    void fail(std::string what);
    [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }
    /// Of every frame, its time and its direction: equal for equal runs.
    [[nodiscard]] Digest trace_hash();
    /// Log lines and warnings with this in them are no failure of an honest world.
    void expect(std::string text) { expected_.push_back(std::move(text)); }

    /// This node's software is not ours any more: nothing is asked of it, and void commits are
    /// life.
    void distrust(const Node& node);
    [[nodiscard]] bool distrusts(const Node& node) const {
        return distrusted_.contains(node.number());
    }
    /// An alert that a person has sent: it must be shown to whom it may concern.
    void sent_alert(const Node& by, const ChannelId& channel, const MessageId& id);
    /// The relay's streams as its store has them now: numbers, chain, nothing acknowledged lost.
    void audit();
    /// Why the world has not come to rest; empty when it has.
    [[nodiscard]] std::string unrest();
    /// When all is quiet: everybody agrees, everybody has been shown what was theirs.
    void finish();

    void after_event();
    /// Log lines and warnings, newest last; for reading a failure and for tests of misbehaviour.
    [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
    [[nodiscard]] bool noted(std::size_t node, std::string_view text) const;
    void keep_notes(bool keep) { keep_notes_ = keep; }
    /// How often the alert was shown on the node.
    [[nodiscard]] std::size_t times_shown(std::size_t node, const MessageId& alert) const;
    struct Counts {
        std::uint64_t alerts = 0, shown = 0, entries = 0, commits = 0;
    };
    [[nodiscard]] const Counts& counts() const { return counts_; }

    // NodeWatcher
    void logged(std::size_t node, int level, std::string_view line) override;
    void shown(std::size_t node, const Event& event) override;
    void read_all(std::size_t node) override;
    void frame_sent(std::size_t node, const v1::Frame& frame) override;
    void frame_from_relay(std::size_t node, const v1::Frame& frame) override;

private:
    struct Alert {
        std::size_t node = 0;
        ChannelId channel;
    };
    struct Seen {  // of one entry in a stream of the relay
        Header header;
        Digest chain;
    };
    struct Place {  // a node in a channel, as last seen
        std::uint32_t incarnation = 0;
        domain::ChannelStatus status = domain::ChannelStatus::joining;
        std::uint64_t cursor = 0, handshake = 0, floor = 0;
        MessageId awaited;
    };
    struct Passed {  // a range of entries that a node has gone through
        std::size_t node = 0;
        StreamRef stream;
        std::uint64_t after = 0, upto = 0;
        MessageId awaited;
        std::uint64_t read_ms = 0;  // when its person has read what came of it
    };
    struct Entitled {  // shown to a node: had it the right?
        std::size_t node = 0;
        ChannelId channel;
        DeviceId from;
        MessageId id;
    };
    using Shown = std::tuple<std::size_t, ChannelId, DeviceId, MessageId>;

    void look_at(Node& node);
    void look_at_channel(Node& node, const domain::Channel& channel);
    void look_at_directory(Node& node);
    void left(Node& node, const ChannelId& id, const Place& place);
    void accepted(const v1::Submit& submit, const v1::SubmitResult& result, std::size_t node);
    void audit_stream(const StreamRef& stream);
    void check_passed();
    void check_entitled();
    [[nodiscard]] std::string unrest_of(Node& node);
    [[nodiscard]] bool is_expected(std::string_view text) const;
    void add_to_trace(std::size_t node, char direction, const v1::Frame& frame);

    World& world_;
    bool honest_, keep_notes_ = false;
    std::vector<std::string> failures_, notes_, expected_;
    Sha256 trace_;
    Counts counts_;

    std::map<MessageId, Alert> alerts_;
    std::map<MessageId, std::uint64_t> directory_index_;  // that a submission acted upon
    std::map<std::pair<std::size_t, std::uint64_t>, v1::Submit> asked_;
    std::map<std::pair<StreamRef, std::uint64_t>, MessageId> acknowledged_;
    std::map<std::tuple<StreamRef, DeviceId, MessageId>, std::uint64_t> answered_;
    std::map<StreamRef, std::vector<Seen>> streams_;  // [seq - 1]
    std::set<StreamRef> known_streams_;
    std::set<std::size_t> distrusted_;
    std::map<std::tuple<StreamRef, DeviceId, MessageId>, std::uint64_t> places_of_;
    std::map<std::uint64_t, Digest> directory_hashes_;
    std::map<std::size_t, std::uint64_t> directory_at_;
    std::map<std::pair<std::size_t, ChannelId>, Place> places_;
    std::map<std::tuple<StreamRef, std::uint64_t>, Bytes> authenticators_;  // by epoch
    std::vector<Passed> passed_;
    std::vector<Entitled> entitled_;
    std::map<Shown, std::uint64_t> shown_;  // → the event's number
    std::map<std::pair<std::size_t, std::uint64_t>, MessageId> shown_numbers_;
    std::map<std::size_t, std::uint64_t> last_shown_;  // the event's number, by node
    std::map<std::pair<std::size_t, ChannelId>, std::vector<std::pair<DeviceId, MessageId>>>
        shown_order_;
};

}  // namespace huecry::sim
