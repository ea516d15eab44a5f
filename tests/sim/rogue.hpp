#pragma once

#include <memory>

#include "mls/state.hpp"
#include "sim/raw_peer.hpp"
#include "sim/world.hpp"

// A member whose software is its own: it has a device's keys, follows a channel by itself, and
// makes commits that are authentic and break the rules, with every tag and key as the protocol
// wants them. What such a commit brings about in whoever applies it is therefore real.
namespace huecry::sim {

/// A key package and all of its secrets.
struct Leaf {
    crypto::SigningKey signer;
    mls::NewKeyPackage package;
};

class Rogue {
public:
    /// Takes the place of a node's engine, which must be stopped for good (its last state is where
    /// the rogue begins).
    Rogue(World& world, Node& node, const ChannelId& channel);
    ~Rogue();

    struct Plan {
        /// By value; the committer's own are not checked by anybody here.
        std::vector<mls::Proposal> proposals{};
        std::vector<Bytes> references{};
        bool path = true;
        /// The committer's new leaf before it is signed, by `leaf_signer` if that is set.
        std::function<void(mls::LeafNode&)> leaf{};
        const crypto::SigningKey* leaf_signer = nullptr;
        std::optional<Bytes> leaf_key{};  // its encryption key, when it is not to be a good one
        /// The commit before it is signed: what is changed here counts in the transcript.
        std::function<void(mls::Commit&)> change{};
        /// What is authenticated with it, in the place of the honest bytes.
        std::function<void(AuthenticatedData&)> data{};
        std::function<void(Head&)> change_head{};  // then signed by the relay
        std::optional<Bytes> raw_data{};
        /// In the Welcome, in the place of what is true.
        std::function<void(JoinInfo&)> join_info{};
        std::function<void(mls::GroupInfo&)> group_info{};
        mls::WireFormat format = mls::WireFormat::private_message;
        SecretBytes psk_secret{};  // when a PreSharedKey is among the proposals
        std::size_t padding = 0;
    };
    struct Made {
        MessageId id;
        Bytes message;
        std::optional<Bytes> welcome;  // when there are Adds
        mls::Group after;              // the group as it is for whoever applies it
        std::uint64_t at = 0;          // the last entry that had been processed
    };
    [[nodiscard]] Made commit(Plan plan);
    /// An application message, in this epoch or in that which a commit begins.
    [[nodiscard]] Bytes message(mls::Group& group, const MessageId& id, const std::string& text,
                                const std::function<void(AuthenticatedData&)>& change = {});

    /// To the relay, as the device; `joiners`: device and package for each mailbox. It follows its
    /// own commit into the next epoch when `applied`.
    Result<v1::Frame> submit(Made& made,
                             const std::vector<std::pair<DeviceId, Bytes>>& joiners = {});
    /// What was made is what everybody has applied.
    void follow(Made& made);
    /// Goes through the stream as an honest device would.
    void catch_up();
    [[nodiscard]] mls::Group& group() { return *group_; }
    [[nodiscard]] const mls::State& state();
    [[nodiscard]] AuthenticatedData data(const MessageId& id);
    [[nodiscard]] v1::Frame frame(EntryKind kind, const MessageId& id, BytesView body);
    RawPeer& peer();
    [[nodiscard]] mls::LeafIndex leaf_of(const DeviceId& device);
    [[nodiscard]] const Node& node() const { return node_; }

private:
    World& world_;
    Node& node_;
    ChannelId channel_;
    std::uint32_t incarnation_;
    std::optional<mls::Group> group_;
    std::uint64_t cursor_, handshake_;
    Digest hash_;
    std::set<MessageId> own_;
    std::unique_ptr<RawPeer> peer_;
};

/// A key package of anybody's making. `change` sees it before it is signed (init key, leaf).
[[nodiscard]] Leaf make_leaf(SeededRandom& random, const SigningKey& key, BytesView identity,
                             const std::function<void(mls::KeyPackage&)>& change = {});
/// Every entry of the channel that the first relay's store has, from 1.
[[nodiscard]] std::vector<relay::StoredEntry> entries_of(World& world, const StreamRef& stream);
/// What a malicious relay puts into a stream by itself: header, chain and store are in order.
void plant_entry(World& world, const StreamRef& stream, EntryKind kind, const DeviceId& submitter,
                 const MessageId& id, BytesView body, std::uint64_t accepted_ms = 0);

}  // namespace huecry::sim
