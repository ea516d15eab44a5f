#pragma once

#include <map>
#include <optional>
#include <vector>

#include "mls/cipher_suite.hpp"
#include "mls/storage.hpp"
#include "mls/tree_math.hpp"

// The secret tree and its ratchets (RFC 9420 section 9). Node secrets are derived when a leaf below
// them is first used; what has been consumed is wiped at once (section 9.2).
namespace huecry::mls {

enum class RatchetType : std::uint8_t { handshake = 0, application = 1 };

struct MessageKey {
    SecretBytes key;
    SecretBytes nonce;
};

class SecretTree {
public:
    SecretTree() = default;
    SecretTree(const CipherSuite& suite, std::uint32_t width, SecretBytes encryption_secret);
    SecretTree(SecretTree&&) = default;
    SecretTree& operator=(SecretTree&&) = default;

    struct NextKey {
        std::uint32_t generation;
        MessageKey key;
    };
    /// The next unused generation of a ratchet, consumed. Error: mls_generation after 2^32 - 1.
    [[nodiscard]] Result<NextKey> next(const CipherSuite& suite, LeafIndex leaf, RatchetType type);

    /// A key found but not yet consumed. Nothing of the tree changes before `consume`.
    class Found {
    public:
        [[nodiscard]] const MessageKey& key() const { return key_; }

    private:
        friend class SecretTree;
        LeafIndex leaf_;
        RatchetType type_ = RatchetType::handshake;
        std::uint32_t generation_ = 0;
        MessageKey key_;
        bool skipped_ = false;                                  // it was among the kept ones
        bool fresh_leaf_ = false;                               // the leaf's ratchets begin here
        SecretBytes handshake_, application_;                   // then: their first secrets
        std::vector<std::pair<NodeIndex, SecretBytes>> nodes_;  // node secrets beside the way down
        NodeIndex used_node_ = 0;                               // the one from which they came
        SecretBytes next_secret_;                               // of the ratchet after this key
        std::vector<std::pair<std::uint32_t, MessageKey>> between_;  // generations skipped over
    };
    /// Errors: mls_generation (used already, or more than `max_skip` ahead).
    [[nodiscard]] Result<Found> find(const CipherSuite& suite, LeafIndex leaf, RatchetType type,
                                     std::uint32_t generation, std::uint32_t max_skip,
                                     std::uint32_t out_of_order) const;
    void consume(Found found, std::uint32_t out_of_order);

    /// How many generations of a ratchet are behind it.
    [[nodiscard]] std::uint32_t position(LeafIndex leaf, RatchetType type) const;

    /// Writes what changed since the last time (or everything) under `prefix`.
    void flush(StateSink& sink, const std::string& prefix, bool all);
    [[nodiscard]] static Result<SecretTree> load(StateSource& source, const std::string& prefix,
                                                 std::uint32_t width);

private:
    struct Ratchet {
        std::uint32_t generation = 0;  // of the next key
        bool exhausted = false;
        SecretBytes secret;
        std::map<std::uint32_t, MessageKey> skipped;
        bool dirty = true;
        bool skipped_dirty = false;
    };
    struct Leaf {
        Ratchet ratchets[2];
    };
    struct Node {
        SecretBytes secret;
        bool stored = false;
    };

    /// The nearest node above (or at) the leaf that still has a secret.
    [[nodiscard]] NodeIndex holder_of(LeafIndex leaf) const;
    void derive_leaf(const CipherSuite& suite, LeafIndex leaf, Found& out) const;
    void begin_leaf(Found& found);
    static MessageKey derive_key(const CipherSuite& suite, BytesView secret,
                                 std::uint32_t generation);

    std::uint32_t width_ = 0;
    std::map<NodeIndex, Node> nodes_;
    std::map<std::uint32_t, Leaf> leaves_;
    std::vector<NodeIndex> gone_;  // stored node secrets to erase
};

}  // namespace huecry::mls
