#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "mls/framing.hpp"
#include "mls/group.hpp"
#include "mls/proposal_list.hpp"
#include "mls/ratchet_tree.hpp"
#include "mls/secret_tree.hpp"
#include "mls/tree_kem.hpp"
#include "mls/welcome.hpp"

// What a group is made of inside: one or two epochs (State) and what belongs to both (Group::Impl).
namespace huecry::mls {

/// One epoch of one group.
struct State {
    GroupContext context;
    Bytes encoded_context;
    Bytes interim_transcript_hash;
    Bytes confirmation_tag;
    RatchetTree tree;
    LeafIndex own;
    TreeKeys keys;
    EpochSecrets secrets;  // without `encryption` and `confirmation`, which have been consumed
    SecretTree secret_tree;
    std::optional<ReInit> reinit;  // the group is at its end

    // storage: this epoch's number among those ever kept, and which blocks of the tree are stored
    struct StoredBlock {
        std::shared_ptr<RatchetTree::Block> block;
        std::uint32_t version = 0;
    };
    std::uint32_t slot = 0;
    std::vector<StoredBlock> stored_blocks;
    bool stored = false;

    [[nodiscard]] Member member(LeafIndex leaf) const;
};

/// A tree and a context on the way to the next epoch.
struct Transition {
    RatchetTree tree;
    GroupContext context;  // group id and suite, next epoch, new extensions, old transcript hash
    TreeKeys keys;
    LeafIndex own;
};
[[nodiscard]] Transition begin_transition(const State& from);

/// Ends a transition: section 8 from init_secret, commit_secret and psk_secret.
struct NextEpoch {
    std::unique_ptr<State> state;
    SecretBytes joiner_secret;
};
[[nodiscard]] NextEpoch finish_transition(const CipherSuite& suite, Transition transition,
                                          BytesView interim_before, BytesView confirmed_input,
                                          BytesView init_secret, BytesView commit_secret,
                                          BytesView psk_secret);
/// The rest of a State whose context, tree, own leaf and keys are there, from its epoch_secret.
void enter_epoch(const CipherSuite& suite, State& state, BytesView epoch_secret);

struct CachedProposal {
    Bytes ref;
    std::shared_ptr<const Proposal> proposal;
    Sender sender;
    Bytes content;  // the encoded AuthenticatedContent, for storage
};

struct Group::Impl {
    Environment env;
    std::unique_ptr<State> current;
    std::unique_ptr<State> pending;
    bool active = true;
    std::vector<CachedProposal> proposals;
    std::map<Bytes, SecretBytes> update_keys;  // of our own Updates, by public key
    std::deque<std::pair<std::uint64_t, SecretBytes>> resumption;  // of past epochs

    // storage
    std::uint32_t next_slot = 1;
    std::uint32_t next_version = 1;
    std::set<std::uint32_t> stored_slots;
    std::set<std::pair<std::uint32_t, std::uint32_t>> stored_blocks;  // block, version
    bool dirty = true;

    explicit Impl(const Environment& e) : env(e) {}
    [[nodiscard]] const CipherSuite& suite() const { return *env.suite; }
    [[nodiscard]] State& at(At which) { return which == At::pending ? *pending : *current; }
    [[nodiscard]] Result<void> may_send() const;
    /// The next epoch becomes the current one; what the old one held is wiped.
    void advance(std::unique_ptr<State> next);
    void keep(std::unique_ptr<State> next);  // as pending

    /// Sections 6.2 and 6.3: signs, then protects in the epoch of `state`.
    struct Framed {
        Bytes message;
        std::uint32_t generation = 0;
    };
    [[nodiscard]] Result<AuthenticatedContent> author(
        const State& state, std::variant<SecretBytes, Proposal, Commit> content,
        const FramingOptions& framing) const;
    [[nodiscard]] Result<Framed> frame(State& state, const AuthenticatedContent& content,
                                       std::size_t padding);

    [[nodiscard]] std::optional<SecretBytes> find_psk(const PreSharedKeyId& id,
                                                      const PskLookup& lookup) const;
    /// Error: mls_path_failed when one is missing.
    [[nodiscard]] Result<SecretBytes> combine_psks(const std::vector<PreSharedKeyId>& ids,
                                                   const PskLookup& lookup) const;
    [[nodiscard]] Result<Proposal> realise(const ProposalRequest& request);
    [[nodiscard]] std::vector<ListedProposal> cached_for_commit(const PskLookup& psks) const;
    /// Section 12.2, its last point too: the tree after these proposals is a valid one.
    [[nodiscard]] bool fit_together(const std::vector<ListedProposal>& list) const;

    /// group_process.cpp
    struct Opened;
    [[nodiscard]] Result<Opened> open(BytesView message) const;
    [[nodiscard]] Result<Received> take_proposal(Opened& opened);
    [[nodiscard]] Received take_commit(Opened& opened, const Judge& judge, const PskLookup& psks);
};

/// The lookup of PreSharedKeyId by the application's callback (section 8.4).
[[nodiscard]] std::optional<SecretBytes> ask(const PskLookup& lookup, const PreSharedKeyId& id);

/// The tree of a GroupInfo, inside it or beside it, verified as a joiner must (section 12.4.3.1).
[[nodiscard]] Result<RatchetTree> verified_tree(const CipherSuite& suite, const Limits& limits,
                                                const GroupInfo& info,
                                                std::optional<BytesView> ratchet_tree);

/// GroupInfo of an epoch, unsigned (section 12.4.3).
[[nodiscard]] GroupInfo describe_epoch(const State& state);

}  // namespace huecry::mls
