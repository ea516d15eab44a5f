#pragma once

#include <deque>
#include <memory>

#include "sim/clockwork.hpp"
#include "sim/node.hpp"
#include "sim/raw_peer.hpp"
#include "sim/relay_host.hpp"
#include "sim/witness.hpp"

// One partnership in one thread: the real relay core, real client engines, virtual time, one seed.
// README.md in this folder says how to write a test with it.
namespace huecry::sim {

class World {
public:
    struct Options {
        std::uint64_t seed = 1;
        /// The relay over SQLCipher on the simulated disk, where power cuts lose what is not
        /// synced.
        bool real_store = false;
        /// Clients' disks remember what was not synced: their power may go.
        bool client_journals = false;
        /// False for a relay or members that misbehave: the witness records, and reports only what
        /// holds then too.
        bool honest = true;
        /// Clients' clocks differ by up to a few minutes.
        bool wrong_clocks = false;
        StoreWrapper wrap{};
        /// Called with each new node, before it starts for the first time and after each restart.
        std::function<void(Node&)> tamper{};
    };
    /// Relay running, partnership founded, the founder (a coordinator) online: node 0.
    explicit World(Options options);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // -- time
    bool step(Moment limit);
    void run(Moment duration);
    /// False when `limit` has passed first.
    bool run_until(const std::function<bool()>& done, Moment limit);
    Clockwork clockwork;
    SeededRandom network, story;

    // -- the relay
    [[nodiscard]] RelayHost& relay() { return *relays_.front(); }
    /// A second core that shares the past of the first and has the same key. Nodes go to it by
    /// `node.line.relay = &fork` and `node.cut(0, 0)`. Memory store only.
    RelayHost& fork();
    [[nodiscard]] const PartnershipId& partnership() const { return partnership_; }
    [[nodiscard]] const ChannelId& all_members() const { return all_members_; }
    [[nodiscard]] const SigningKey& root() const { return root_; }
    /// The directory as the first relay's store has it; of that moment.
    [[nodiscard]] const directory::State& directory();

    // -- people
    [[nodiscard]] Node& founder() { return *nodes_.front(); }
    [[nodiscard]] Node& node(std::size_t number) { return *nodes_.at(number); }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    /// Null for an id that is no node's.
    [[nodiscard]] Node* find(const DeviceId& id);
    struct Invitation {
        directory::Role role = directory::Role::retailer;
        bool in_person = true;
        std::vector<ChannelId> channels{};
    };
    /// The inviter's engine issues the invite; the newcomer redeems it at the relay, and its node
    /// starts. Goes on by itself; given up when the invite is refused.
    void begin_join(Node& inviter, const Invitation& invitation);
    /// The same, running the world until the newcomer is there. Null when it does not get there.
    Node* join(const Invitation& invitation);
    Node* join(directory::Role role = directory::Role::retailer) {
        return join(Invitation{.role = role});
    }
    /// A statement by a node's engine, running the world until it is done.
    Result<std::uint64_t> state(Node& by, directory::Body body);
    [[nodiscard]] directory::Channel channel(const Node& creator, directory::RoleMask roles);
    /// Signed by anybody's key upon the directory as it is; submitted past every engine.
    Result<v1::Frame> state_raw(const directory::SignedStatement& statement, const Node& as);
    bool restart(Node& node);

    // -- in the end
    /// Everything is healed: relay and nodes up, lines good. True when all of them have come to
    /// rest and agree within `limit`; else the witness knows why.
    bool quiet(Moment limit = 15 * minute);
    [[nodiscard]] Witness& witness() { return *witness_; }
    [[nodiscard]] const std::vector<std::string>& failures() const { return witness_->failures(); }

private:
    void found();
    void redeem(std::shared_ptr<struct Newcomer> newcomer, unsigned tries);
    [[nodiscard]] std::string folder(std::size_t slot) const;
    Node& add_node(SigningKey device, std::vector<content::v1::NameRecord> names);

    Options options_;
    SigningKey root_, relay_key_;
    std::unique_ptr<Witness> witness_;
    std::deque<std::unique_ptr<RelayHost>> relays_;
    std::deque<std::unique_ptr<Node>> nodes_;
    PartnershipId partnership_;
    ChannelId all_members_;
    std::optional<directory::State> directory_;
};

}  // namespace huecry::sim
