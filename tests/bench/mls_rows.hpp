#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/mls_meter.hpp"
#include "unit/mls_support.hpp"

// The operations of the MLS benchmark for one number of members, each with its floor.
namespace huecry::bench {

struct Row {
    std::string id;  // also the peer's name of it
    std::string title;
    std::size_t n = 0;
    Sample sample;
    Floor floor;
    std::size_t wire = 0;    // bytes of the message
    std::size_t stored = 0;  // bytes that the member who did it writes afterwards
};

class Rows {
public:
    Rows(std::size_t count, crypto::Random& random, const Primitives& p, std::vector<Row>& out);

    void mass_add();  // and join, and processing
    void fresh_tree();
    void full_tree();

    /// Of one group in memory, by operator new: right after joining, and with every node filled.
    std::size_t fresh_memory = 0, full_memory = 0;
    /// Bytes written for one message, beyond the first of an epoch; for the first; for one that
    /// comes late.
    std::size_t message_state = 0, first_state = 0, late_state = 0;
    /// MLSMessage(GroupInfo) of the full tree less two members, whose places two peers take.
    Bytes peer_group_info;

private:
    using Proposals = std::vector<mls::ProposalRequest>;
    struct Commit {
        std::string id, title;
        Proposals proposals{};
        bool tree_inside = false;
    };
    [[nodiscard]] double count() const { return static_cast<double>(n_); }
    [[nodiscard]] const mls::Environment& other() const { return devices_[n_ / 2]->env; }
    [[nodiscard]] int runs() const { return n_ > 1000 ? 5 : 9; }
    void add(Row row) { out_.push_back(std::move(row)); }

    void add_everyone();
    void join_fresh();
    void process_everyone();
    void commit_rows(const Commit& what, const Floor& create, const Floor& process);
    void path_rows(const std::string& id, const std::string& title);
    void change_members();
    void external_join();
    void make_peer_info();
    void messages();
    void skip();
    void storage(const std::function<mls::Group()>& unsaved);

    /// What every new epoch costs that begins with one commit: key schedule, message keys, the
    /// handshake ratchet of a leaf, sender data.
    [[nodiscard]] Floor epoch_floor() const;
    /// What a commit of so many bytes costs by its length: sealed or opened once, hashed for the
    /// transcript once and for the signature twice (made) or once (verified).
    [[nodiscard]] static Floor length_floor(std::size_t bytes, bool made);
    /// A path over this tree: keys, ciphertexts and hashes that there have to be.
    struct PathCost {
        Floor create, process;
    };
    [[nodiscard]] PathCost path_cost(mls::LeafIndex removed) const;

    std::size_t n_;
    crypto::Random& random_;
    const Primitives& p_;
    std::vector<Row>& out_;
    Pace pace_;
    double levels_;
    test::Device ann_;
    std::vector<std::unique_ptr<test::Device>> devices_;
    std::vector<mls::NewKeyPackage> packages_;
    Bytes welcome_;
    test::MemoryStore mine_, theirs_;  // the two members that the rows are about, as stored
};

/// Nobody is removed.
inline constexpr mls::LeafIndex no_leaf{0xffffffffU};

}  // namespace huecry::bench
