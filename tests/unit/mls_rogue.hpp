#pragma once

#include <doctest/doctest.h>

#include "mls/state.hpp"
#include "unit/mls_support.hpp"

// A member who breaks the rules: it has a device's key and, from its saved form, the secrets of the
// epoch, so that what it sends is authentic and wrong in one place only.
namespace huecry::test {

template <class T>
T must(Result<T> r) {
    REQUIRE_MESSAGE(r.ok(), (r.ok() ? std::string() : r.error().text()));
    return std::move(r).value();
}
/// The words of the check that refused.
template <class T>
std::string why(const Result<T>& r) {
    return r.ok() ? std::string("accepted") : r.error().detail;
}
/// The same of a message: a verdict other than applied has words too.
inline std::string why(const Result<mls::Received>& r) {
    if (!r.ok()) return r.error().detail;
    return r->verdict == mls::Verdict::applied ? std::string("accepted") : r->detail;
}

/// ann, bob and eve are the leaves 0, 1 and 2 of one group.
struct Trio {
    explicit Trio(std::vector<mls::Extension> extensions = {}, mls::Limits limits_of_ann = {});
    mls::Group join(Device& device, const mls::NewKeyPackage& package, const mls::NewCommit& made);

    SeededRandom random{31};
    Device ann, bob, eve;
    std::vector<mls::Group> groups;  // in the order of the leaves
    mls::Group& a() { return groups[0]; }
    mls::Group& b() { return groups[1]; }
    mls::Group& c() { return groups[2]; }
};

class Rogue {
public:
    Rogue(mls::Group& group, const Device& device);

    /// Content of this epoch from this member, unsigned.
    [[nodiscard]] mls::AuthenticatedContent say(
        std::variant<SecretBytes, mls::Proposal, mls::Commit> what) const;
    /// Signed by `signer` (by default the device's), with a membership tag when a member sends it.
    [[nodiscard]] Bytes in_public(mls::AuthenticatedContent content,
                                  const crypto::SigningKey* signer = nullptr) const;
    /// What `plain` is made of is up to the caller: FramedContent's content, its authentication,
    /// padding. `sender_data` replaces the true one.
    struct Sealing {
        mls::ContentType type = mls::ContentType::application;
        std::optional<mls::LeafIndex> leaf{};  // another one than our own
        std::optional<Bytes> sender_data{};
    };
    [[nodiscard]] Bytes in_private(BytesView plain, const Sealing& how);
    /// The plaintext of an honest application message.
    [[nodiscard]] Bytes plain(std::string_view text) const;

    /// A commit with an empty list and a path, made by hand; `change` sees it before it is
    /// encrypted (path secrets) and after (the commit).
    using ChangePath = std::function<void(mls::NewPath&)>;
    using ChangeCommit = std::function<void(mls::Commit&, const mls::RatchetTree&)>;
    [[nodiscard]] Bytes path_commit(const ChangePath& before, const ChangeCommit& after = {});
    /// Signs the leaf of a path again.
    void sign_leaf(mls::LeafNode& leaf) const;

    mls::GroupContext context;
    Bytes encoded_context;
    mls::LeafIndex own;
    mls::EpochSecrets secrets;
    mls::SecretTree secret_tree;
    mls::RatchetTree tree;

private:
    const Device& device_;
};

}  // namespace huecry::test
