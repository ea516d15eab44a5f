#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "crypto/ed25519.hpp"
#include "crypto/random.hpp"
#include "huecry/result.hpp"
#include "huecry/wire/bytes.hpp"
#include "huecry/wire/secret.hpp"
#include "mls/cipher_suite.hpp"
#include "mls/extension.hpp"
#include "mls/leaf_node.hpp"
#include "mls/storage.hpp"
#include "mls/types.hpp"

// The whole interface of the MLS engine (RFC 9420) for the domain. Everything is a value or a call
// on one Group; nothing here does I/O, reads a clock or draws randomness by itself.
//
// Rules of use
//  - One Group belongs to one thread at a time.
//  - A call changes the group in memory. `flush()` then lists what changed; the caller writes that
//    in the same transaction as its own rows BEFORE a ciphertext leaves or a plaintext is shown. If
//    the transaction fails, the object is thrown away and `load()`ed again.
//  - A call that returns an error has changed nothing, not one byte of the saved form. The one
//    exception is named at `process()`.
namespace huecry::mls {

/// What every operation needs. The suite, the generator and the key outlive the group.
struct Environment {
    const CipherSuite* suite;  // chacha20_suite() in the product
    crypto::Random* random;
    const crypto::SigningKey* signer;  // the device's key: it signs every leaf of this device
    Limits limits{};
};

/// What a new leaf of ours says about us. Capabilities are those of this engine, plus what is
/// added.
struct LeafOptions {
    Bytes identity;                                 // of a BasicCredential (section 5.3)
    std::vector<ExtensionType> extra_extensions{};  // beyond huecry_join, which is always listed
    std::vector<ProposalType> extra_proposals{};
    std::vector<CredentialType> extra_credentials{};
    std::vector<Extension> extensions{};  // of the leaf, e.g. application_id
};

// ---- key packages (section 10)

/// The halves that stay here. The signature key is the device's and is not among them.
struct KeyPackageSecrets {
    SecretBytes init_key;
    SecretBytes encryption_key;
    /// For the store: opaque, versioned.
    [[nodiscard]] SecretBytes save() const;
    [[nodiscard]] static Result<KeyPackageSecrets> load(BytesView saved);
    [[nodiscard]] KeyPackageSecrets clone() const;
};
struct KeyPackageOptions {
    LeafOptions leaf;
    Lifetime lifetime;
    bool last_resort = false;             // adds the extension last_resort
    std::vector<Extension> extensions{};  // of the package
};
struct NewKeyPackage {
    Bytes message;  // MLSMessage(KeyPackage)
    Bytes ref;      // KeyPackageRef, 32 bytes
    KeyPackageSecrets secrets;
};
[[nodiscard]] Result<NewKeyPackage> make_key_package(const Environment& env,
                                                     const KeyPackageOptions& options);

/// What a key package says, once its two signatures and its form have been verified.
struct KeyPackageInfo {
    Bytes ref;
    Bytes identity;
    Bytes signature_key;
    Bytes encryption_key;
    Bytes init_key;
    Lifetime lifetime;
    bool last_resort = false;
    std::vector<Extension> extensions;
    Bytes message_hash;  // of the MLSMessage(KeyPackage), with the suite's hash
};
/// `message` is an MLSMessage(KeyPackage), or the bare KeyPackage. With `now` (seconds since 1970)
/// its lifetime is checked too: the committer does, receivers do not. Errors: mls_malformed,
/// mls_unsupported, mls_unauthentic, mls_invalid, expired.
[[nodiscard]] Result<KeyPackageInfo> inspect_key_package(const CipherSuite& suite,
                                                         BytesView message,
                                                         std::optional<std::uint64_t> now);

// ---- who is in the group

struct Member {
    LeafIndex leaf;
    Bytes identity;  // of a BasicCredential; empty for another kind
    CredentialType credential = credential_type::basic;
    Bytes signature_key;
    Bytes encryption_key;
};

// ---- proposals (section 12.1)

/// PreSharedKeyID without its nonce (section 8.4).
struct PskReference {
    enum class Usage : std::uint8_t { application = 1, reinit = 2, branch = 3 };
    bool external = true;
    Bytes id;  // external: the application's name of it
    Usage usage = Usage::application;
    Bytes group_id{};  // resumption
    std::uint64_t epoch = 0;
};
/// Finds a pre-shared key; empty when this device has none of that name. Resumption keys of the
/// group's own epochs are found by the group itself first.
using PskLookup = std::function<std::optional<SecretBytes>(const PskReference&)>;

struct AddMember {
    Bytes key_package;  // MLSMessage(KeyPackage) or the bare one
};
struct RemoveMember {
    LeafIndex leaf;
};
/// A member's own new leaf, to be committed by another member.
struct UpdateSelf {};
struct AddPsk {
    PskReference psk;
};
/// Replaces the whole list; an empty one clears it (section 12.1.7).
struct SetExtensions {
    std::vector<Extension> extensions;
};
struct Reinitialise {
    Bytes group_id;
    CipherSuiteId suite = CipherSuiteId::chacha20poly1305;
    std::vector<Extension> extensions;
};
using ProposalRequest =
    std::variant<AddMember, RemoveMember, UpdateSelf, AddPsk, SetExtensions, Reinitialise>;

// ---- making a commit (section 12.4.1)

struct FramingOptions {
    /// PrivateMessage in the product; PublicMessage for peers that want it.
    WireFormat wire_format = WireFormat::private_message;
    Bytes authenticated_data{};
    std::size_t padding = 0;  // zero bytes after the content (section 6.3.1)
};
/// Called with the encoded ratchet tree of the new epoch; the result goes into the Welcome's
/// GroupInfo (the product puts the uploaded tree's key and digest there).
using WelcomeExtensions = std::function<Result<std::vector<Extension>>(BytesView ratchet_tree)>;

struct CommitOptions {
    std::vector<ProposalRequest> proposals{};  // by value; UpdateSelf is not allowed here
    /// Also commits what has been received by reference in this epoch.
    bool by_reference = true;
    /// A path also where section 12.4 asks for none.
    bool force_path = false;
    FramingOptions framing{};
    bool tree_in_welcome = true;
    /// Only called when someone is added.
    WelcomeExtensions welcome_extensions{};
    PskLookup psks{};
    /// Seconds since 1970: added key packages must be valid then. Empty: not checked.
    std::optional<std::uint64_t> now{};
};
struct NewCommit {
    Bytes message;                 // MLSMessage(PublicMessage or PrivateMessage)
    std::optional<Bytes> welcome;  // MLSMessage(Welcome) when someone is added
    bool has_path = false;
    std::uint64_t epoch = 0;  // the one that it begins
};

// ---- judging and receiving (section 12.4.2)

struct SeenAdd {
    KeyPackageInfo key_package;
    bool by_value = true;
};
struct SeenRemove {
    Member member;  // as it was before the commit
    bool by_value = true;
};
/// Update, PreSharedKey, ReInit, ExternalInit, GroupContextExtensions or one that is unknown.
struct SeenOther {
    ProposalType type = 0;
    bool by_value = true;
    std::optional<LeafIndex> sender{};  // who proposed it, when a member did
};
/// An authentic commit, before anything of it has been applied.
struct IncomingCommit {
    std::uint64_t epoch = 0;
    /// Empty for an external commit; `committer` then describes the new leaf, with index 0.
    std::optional<LeafIndex> sender;
    Member committer;  // as it was before the commit
    BytesView authenticated_data;
    std::vector<SeenAdd> adds;
    std::vector<SeenRemove> removes;
    std::vector<SeenOther> others;
    bool has_path = false;
    /// The identity and signature key of the committer's leaf after the path, when they change.
    std::optional<Member> changed_committer;
    bool removes_me = false;
};
enum class Judgement : std::uint8_t { apply, make_void };
using Judge = std::function<Judgement(const IncomingCommit&)>;

enum class Verdict : std::uint8_t {
    /// Commit: the group is in the next epoch. Others: taken.
    applied,
    /// Authentic, but void by the judge or by a rule of RFC 9420 that everyone checks alike. Its
    /// generation is consumed, nothing else has changed.
    void_commit,
    /// Authentic, and only this device's part of it cannot be used (its path secret, a pre-shared
    /// key or a proposal that it lacks). Its generation is consumed; the epoch stays.
    failed,
};
struct Received {
    ContentType content_type = ContentType::application;
    Verdict verdict = Verdict::applied;
    std::optional<LeafIndex> sender;  // empty: not a member
    Bytes sender_identity;            // of the sender's leaf when the message was made
    Bytes authenticated_data;
    SecretBytes plaintext;         // application only
    std::uint32_t generation = 0;  // PrivateMessage only
    bool removed_me = false;       // applied, and this device is no longer in the group
    Errc reason = Errc::internal;  // void or failed: why
    std::string detail;
};

struct NewMessage {
    Bytes message;  // MLSMessage(PrivateMessage)
    std::uint64_t epoch = 0;
    std::uint32_t generation = 0;
};
/// The epoch in which something is made: the current one, or the one that the pending commit
/// begins.
enum class At : std::uint8_t { current, pending };

// ---- joining

struct GroupOptions {
    Bytes group_id;
    LeafOptions leaf;
    Lifetime lifetime;                    // of the creator's leaf, which came in no key package
    std::vector<Extension> extensions{};  // of the GroupContext
};
struct ExternalJoinOptions {
    Bytes group_info;                     // MLSMessage(GroupInfo)
    std::optional<Bytes> ratchet_tree{};  // when it is not inside
    LeafOptions leaf;
    FramingOptions framing{};  // always a PublicMessage (section 12.4.3.2)
    std::vector<PskReference> psk_ids{};
    PskLookup psks{};
    /// Also removes the leaf with the same identity and signature key (a resync).
    bool replace_own_leaf = false;
};
struct ExternalJoin;

class Group {
public:
    Group(Group&&) noexcept;
    Group& operator=(Group&&) noexcept;
    ~Group();

    /// A group of one (section 11).
    [[nodiscard]] static Result<Group> create(const Environment& env, const GroupOptions& options);
    /// External commit (section 12.4.3.2). The group is in its new epoch as if accepted: it is
    /// stored only once the message has been.
    [[nodiscard]] static Result<ExternalJoin> join_externally(const Environment& env,
                                                              const ExternalJoinOptions& options);
    /// Errors: store_damaged, store_newer.
    [[nodiscard]] static Result<Group> load(const Environment& env, StateSource& source);

    // -- what is
    [[nodiscard]] BytesView group_id() const;
    [[nodiscard]] std::uint64_t epoch() const;
    [[nodiscard]] LeafIndex own_leaf() const;
    /// False once a commit that removes this device has been applied.
    [[nodiscard]] bool active() const;
    [[nodiscard]] std::vector<Member> members() const;
    [[nodiscard]] std::optional<Member> member(LeafIndex leaf) const;
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] const std::vector<Extension>& extensions() const;
    [[nodiscard]] Bytes epoch_authenticator() const;
    [[nodiscard]] Bytes tree_hash() const;
    [[nodiscard]] Bytes ratchet_tree(At at = At::current) const;
    /// MLS-Exporter (section 8.5).
    [[nodiscard]] SecretBytes export_secret(std::string_view label, BytesView context,
                                            std::size_t length, At at = At::current) const;
    [[nodiscard]] SecretBytes resumption_psk() const;
    /// How many generations this device has used in the epoch for application messages.
    [[nodiscard]] std::uint32_t generations_used() const;
    /// MLSMessage(GroupInfo), signed, for external joiners (section 12.4.3).
    [[nodiscard]] Result<Bytes> group_info(bool with_tree, bool with_external_pub,
                                           const std::vector<Extension>& extra = {});

    // -- changing
    /// A standalone proposal; it is also kept for a commit of our own.
    [[nodiscard]] Result<Bytes> propose(const ProposalRequest& proposal,
                                        const FramingOptions& framing);
    /// Leaves the epoch as it is and keeps the next one pending. Errors: mls_pending (there is
    /// one), mls_invalid, mls_not_member, expired, too_large, and those of the key packages.
    [[nodiscard]] Result<NewCommit> commit(const CommitOptions& options);
    /// Would a commit with these by value be valid? Changes nothing.
    [[nodiscard]] bool fits(const std::vector<ProposalRequest>& proposals) const;
    [[nodiscard]] bool has_pending() const;
    /// The pending commit has found its place: its epoch becomes the current one, with every
    /// message key already used in it. Error: mls_pending when there is none.
    [[nodiscard]] Result<void> merge_pending();
    void clear_pending();
    /// What has been proposed by reference and not yet been committed goes.
    void clear_proposals();

    // -- messages
    /// Errors: mls_not_member, mls_pending (At::pending without one), too_large, mls_generation.
    [[nodiscard]] Result<NewMessage> protect(BytesView plaintext, BytesView authenticated_data,
                                             std::size_t padding = 0, At at = At::current);
    /// An MLSMessage from the channel. On an error (mls_malformed, mls_wrong_epoch,
    /// mls_unauthentic, mls_generation, mls_not_member; mls_invalid: our own message) nothing has
    /// changed; every authentic message gives a value. An applied commit drops a pending one.
    [[nodiscard]] Result<Received> process(BytesView message, const Judge& judge,
                                           const PskLookup& psks = {});

    // -- keeping
    /// Writes what has changed since the last flush (or everything, the first time).
    void flush(StateSink& sink);

    /// Opaque: state.hpp, for the files of this folder and for tests.
    struct Impl;
    explicit Group(std::unique_ptr<Impl> impl);

private:
    std::unique_ptr<Impl> impl_;
};

struct ExternalJoin {
    Group group;
    Bytes message;  // MLSMessage(PublicMessage)
};

/// A Welcome whose GroupInfo has been decrypted (section 12.4.3.1): its extensions can be read (to
/// fetch the tree), then the group is joined, its roster is looked at, and only then is it stored.
class OpenedWelcome {
public:
    /// `welcome` and `key_package` are MLSMessages; the secrets are those of that package. Errors:
    /// mls_malformed, not_found (the package is not addressed), mls_unauthentic, mls_unsupported,
    /// mls_path_failed (a pre-shared key is missing).
    [[nodiscard]] static Result<OpenedWelcome> open(const Environment& env, BytesView welcome,
                                                    BytesView key_package,
                                                    const KeyPackageSecrets& secrets,
                                                    const PskLookup& psks = {});
    OpenedWelcome(OpenedWelcome&&) noexcept;
    OpenedWelcome& operator=(OpenedWelcome&&) noexcept;
    ~OpenedWelcome();

    [[nodiscard]] BytesView group_id() const;
    [[nodiscard]] std::uint64_t epoch() const;
    [[nodiscard]] const std::vector<Extension>& group_info_extensions() const;
    [[nodiscard]] LeafIndex adder() const;
    [[nodiscard]] bool has_tree() const;

    /// Verifies everything of section 12.4.3.1. `ratchet_tree` when it is not in the Welcome. May
    /// be called again after an error, e.g. with another tree.
    [[nodiscard]] Result<Group> join(std::optional<BytesView> ratchet_tree = std::nullopt) const;

private:
    struct Impl;
    explicit OpenedWelcome(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace huecry::mls
