#pragma once

#include <doctest/doctest.h>

#include <map>

#include "sim/rogue.hpp"

// A town with honest members (the founder, bob, carol, maybe more), one rogue (eve), and all who
// have no business in its channel: for the tests of who is kept out.
namespace huecry::sim {

/// Somebody with a key package who must not come in, and how the honest say so.
struct Ghost {
    std::string name;
    Leaf leaf;
    DeviceId device;   // whose name the leaf has
    std::string said;  // part of what an honest device notes of a commit that adds it
};

/// What of an honest device must not change: its directory, its group but for the ratchets that a
/// void commit uses up, its floor.
struct Mark {
    Bytes directory;
    std::uint64_t epoch = 0, floor = 0;
    Bytes authenticator, tree;
    std::map<std::string, Bytes> rows;
    bool operator==(const Mark&) const = default;
};

class GhostTown {
public:
    /// `members`: how many honest ones, at least three.
    explicit GhostTown(std::uint64_t seed, std::size_t members = 3);

    /// A device of the directory without a client of ours. `in_person` false: it stays pending.
    SigningKey admit(directory::Role role, bool in_person = true);
    /// The device that an invite's one-time key has let in.
    SigningKey redeem(const SigningKey& one_time);
    /// An invite that nobody has redeemed; both of its keys are here.
    SigningKey invite(directory::Role role, std::uint64_t lifetime_ms, bool in_person);
    void signed_by_founder(directory::Body body);

    /// All ghosts; the last one is nobody's fault: an honest newcomer, as the control.
    std::vector<Ghost> ghosts();
    [[nodiscard]] Bytes identity(const DeviceId& device) const {
        return credential_identity(world.partnership(), device);
    }

    [[nodiscard]] Mark mark(Node& node);
    [[nodiscard]] std::vector<Mark> marks();
    /// The founder says something: how many of the other honest members are shown it.
    struct Said {
        std::size_t shown = 0;
        std::uint64_t seq = 0;  // the last entry before it
    };
    Said say(const std::string& text, Node* by = nullptr);
    /// Can the group read any application entry after `seq`?
    [[nodiscard]] bool reads(mls::Group& group, std::uint64_t seq);
    /// The ghost's group from a Welcome, if it opens.
    [[nodiscard]] std::optional<mls::Group> joins(const Leaf& leaf, BytesView welcome);
    /// What an honest device has noted since the last call has this in it.
    [[nodiscard]] bool noted(const std::string& text);
    void forget_notes() { notes_from_ = world.witness().notes().size(); }
    [[nodiscard]] std::uint64_t last_seq();
    /// All honest members have gone through the stream up to this entry.
    [[nodiscard]] bool all_at(std::uint64_t seq) const;

    World world;
    ChannelId channel;
    Node *bob, *carol;
    std::unique_ptr<Rogue> eve;
    std::vector<Node*> honest;

private:
    std::size_t notes_from_ = 0;
};

}  // namespace huecry::sim
