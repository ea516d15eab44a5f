#include "huecry/directory/build.hpp"
#include "sim/ghost_town.hpp"

// Honest devices that read the same stream come to the same verdicts, in whatever order directory
// and channel reach them. One history, full of commits that are good, void, and good or void by the
// index that they name; one device that was away reads it again and again, each time otherwise.
using namespace huecry;
using namespace huecry::sim;

namespace {

/// From one image of bob's disk and one past of the relay, with deliveries that keep their order
/// within a stream only.
class Shuffled {
public:
    Shuffled(World& world, Node& node, std::uint64_t seed)
        : world_(world), node_(node), random_(seed, 77) {
        node.line.to_client = [this](v1::Frame frame) { return take(std::move(frame)); };
    }
    ~Shuffled() {
        *alive_ = false;
        node_.line.to_client = {};
    }
    Shuffled(const Shuffled&) = delete;
    Shuffled& operator=(const Shuffled&) = delete;

private:
    std::vector<v1::Frame> take(v1::Frame frame) {
        if (frame.has_queue_empty()) return hold(frame.queue_empty().stream().kind(), frame);
        if (!frame.has_deliver()) return {std::move(frame)};
        return hold(frame.deliver().stream().kind(), frame);
    }
    std::vector<v1::Frame> hold(std::uint32_t kind, const v1::Frame& frame) {
        auto& last = last_[kind];
        last = std::max(last, world_.clockwork.now()) +
               random_.below(random_.chance(20) ? 3 * second : 100 * ms);
        world_.clockwork.at(last - world_.clockwork.now(), [this, alive = alive_, frame] {
            if (*alive && node_.wire() != nullptr) node_.wire()->inject(frame);
        });
        return {};
    }
    World& world_;
    Node& node_;
    SeededRandom random_;
    std::map<std::uint32_t, Moment> last_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

struct History {
    GhostTown town;
    SeededRandom random;
    Node* frank = nullptr;
    SigningKey dave;
    Leaf dave_leaf;
    std::size_t applied = 0, refused = 0;
    DiskImage bobs;

    explicit History(std::uint64_t seed)
        : town(seed),
          random(seed, 3),
          dave(town.admit(directory::Role::retailer, false)),
          dave_leaf(
              make_leaf(town.world.story, dave, town.identity(device_id_of(dave.public_key)))) {
        frank = town.world.join();
        REQUIRE(frank != nullptr);
        town.world.run(30 * second);
        town.eve->catch_up();
        town.bob->stop();
        bobs = town.bob->disk();
        town.honest = {&town.world.founder(), town.carol};
    }

    std::uint64_t index_between() {
        const auto floor = town.mark(*town.carol).floor;
        return random.between(floor - 1, town.world.directory().index());
    }
    Rogue::Plan plan() {
        Rogue::Plan out;
        const auto at = index_between();
        out.change_head = [this, at](Head& head) {
            head.seq = at;
            head.hash = *town.world.directory().running_hash(at);
        };
        switch (random.below(6)) {
            case 0:
                out.proposals.push_back(
                    {mls::Add{mls::parse_key_package(dave_leaf.package.message).value()}});
                break;
            case 1: {
                const auto leaf = town.eve->leaf_of(frank->id());
                if (leaf.value != 0xffff) out.proposals.push_back({mls::Remove{leaf}});
                break;
            }
            case 2:
                out.references.push_back(random.crypto::Random::bytes(32));
                break;
            case 3:
                out.format = mls::WireFormat::public_message;
                break;
            default:
                break;
        }
        return out;
    }
    void eve_commits() {
        auto made = town.eve->commit(plan());
        const auto seq = town.last_seq();
        if (!town.eve->submit(made).ok())
            plant_entry(town.world, StreamRef::channel(town.channel, 1), EntryKind::handshake,
                        town.eve->node().id(), made.id, made.message);
        REQUIRE(town.world.run_until([&] { return town.all_at(seq + 1); }, 2 * minute));
        const auto theirs = town.mark(*town.carol);
        const bool taken = theirs.epoch == made.after.epoch() &&
                           theirs.authenticator == made.after.epoch_authenticator();
        ++(taken ? applied : refused);
        if (taken) town.eve->follow(made);
    }
    void step() {
        switch (random.below(5)) {
            case 0:
                (void)town.invite(directory::Role::retailer, 60'000, true);
                break;
            case 1:
                REQUIRE(town.say("and so on", town.carol).shown == 1);
                break;
            default:
                eve_commits();
        }
        town.world.run(random.below(2 * second));
        town.eve->catch_up();
    }
};

}  // namespace

TEST_CASE("whatever the order of directory and channel, everybody comes to the same verdicts") {
    std::size_t applied = 0, refused = 0;
    for (std::uint64_t seed = 501; seed <= 506; ++seed) {
        CAPTURE(seed);
        History history(seed);
        auto& town = history.town;
        for (int i = 0; i < 6; ++i) history.step();
        town.signed_by_founder(directory::DeviceApproved{device_id_of(history.dave.public_key)});
        for (int i = 0; i < 4; ++i) history.step();
        town.signed_by_founder(directory::DeviceRevoked{history.frank->id()});
        for (int i = 0; i < 6; ++i) history.step();
        town.world.run(10 * second);
        applied += history.applied;
        refused += history.refused;
        for (std::uint64_t again = 1; again <= 5; ++again) {
            CAPTURE(again);
            // The others rest meanwhile: nothing is added to the stream.
            const auto ours = town.mark(*town.carol);
            town.bob->restore_disk(history.bobs);
            Shuffled shuffled(town.world, *town.bob, seed * 100 + again);
            REQUIRE(town.bob->start());
            const auto last = town.last_seq();
            CHECK(town.world.run_until(
                [&] {
                    const auto* his = town.bob->engine().channel(town.channel);
                    return his != nullptr && his->cursor() >= last;
                },
                10 * minute));
            const auto his = town.mark(*town.bob);
            CHECK(his.epoch == ours.epoch);
            CHECK(his.authenticator == ours.authenticator);
            CHECK(his.floor == ours.floor);
            CHECK(his.tree == ours.tree);
            town.bob->crash();
            town.world.run(5 * second);
        }
        CHECK(town.mark(*town.carol).authenticator ==
              town.mark(town.world.founder()).authenticator);
    }
    CAPTURE(applied);
    CAPTURE(refused);
    CHECK(applied > 10);
    CHECK(refused > 20);
}
