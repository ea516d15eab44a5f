#include "huecry/wire/join_info.hpp"
#include "sim/ghost_town.hpp"

// The ghost-member matrix, way (iii): a newcomer is let in by a rogue, into a group in which there
// is somebody else.
using namespace huecry;
using namespace huecry::sim;

namespace {

/// A newcomer whom nobody but eve can let in for now.
struct Arrival {
    GhostTown& town;
    Node* frank = nullptr;
    Bytes package;

    explicit Arrival(GhostTown& of) : town(of) {
        for (auto* node : town.honest)
            node->line.to_relay = [](v1::Frame frame) -> std::vector<v1::Frame> {
                if (frame.has_take_key_packages()) return {};
                return {std::move(frame)};
            };
        frank = town.world.join();
        REQUIRE(frank != nullptr);
        town.world.run(5 * second);
        v1::Frame take;
        auto& ask = *take.mutable_take_key_packages();
        ask.mutable_channel()->set_kind(static_cast<std::uint32_t>(StreamKind::channel));
        ask.mutable_channel()->set_id(to_string(town.channel.view()));
        ask.mutable_channel()->set_incarnation(1);
        ask.add_devices(to_string(frank->id().view()));
        const auto answer = town.eve->peer().ask(std::move(take));
        REQUIRE(answer.ok());
        REQUIRE(answer->key_packages().packages_size() == 1);
        package = to_bytes(view(answer->key_packages().packages(0).package()));
    }
    ~Arrival() { open_doors(); }
    Arrival(const Arrival&) = delete;
    Arrival& operator=(const Arrival&) = delete;
    void open_doors() {
        for (auto* node : town.honest) node->line.to_relay = {};
    }
    [[nodiscard]] bool joined() const {
        const auto* there = frank->engine().channel(town.channel);
        return there != nullptr && there->joined();
    }
    /// He is where the others are.
    [[nodiscard]] bool with_us() const {
        if (!joined()) return false;
        auto his = frank->group(town.channel);
        auto ours = town.bob->group(town.channel);
        return his && ours && his->epoch_authenticator() == ours->epoch_authenticator();
    }
    void gone() {
        town.signed_by_founder(directory::DeviceRevoked{frank->id()});
        town.world.run(20 * second);
        town.eve->catch_up();
    }
};

mls::Proposal addition(BytesView message) {
    const auto package = mls::parse_key_package(message);
    REQUIRE(package.ok());
    return {mls::Add{*package}};
}

/// In the end he reads and is read, and the ghost does not.
void check_end(GhostTown& town, Arrival& arrival, std::optional<mls::Group>& inside,
               std::uint64_t seq) {
    CHECK(arrival.with_us());
    const auto id = arrival.frank->send(town.channel, "frank is here");
    REQUIRE(id.ok());
    town.world.run(10 * second);
    for (auto* node : town.honest)
        CHECK(town.world.witness().times_shown(node->number(), *id) == 1);
    const auto ours = town.world.founder().send(town.channel, "welcome");
    REQUIRE(ours.ok());
    town.world.run(10 * second);
    CHECK(town.world.witness().times_shown(arrival.frank->number(), *ours) == 1);
    town.eve->catch_up();
    if (inside) CHECK_FALSE(town.reads(*inside, seq));
}

}  // namespace

TEST_CASE("a newcomer does not go into a group with a ghost in it") {
    GhostTown town(441);
    for (const auto& ghost : town.ghosts()) {
        CAPTURE(ghost.name);
        if (ghost.said.empty()) continue;
        Arrival arrival(town);
        const auto before = town.marks();
        auto made = town.eve->commit(
            {.proposals = {addition(ghost.leaf.package.message), addition(arrival.package)}});
        town.forget_notes();
        const auto seq = town.last_seq();
        REQUIRE(town.eve->submit(made, {{arrival.frank->id(), arrival.package}}).ok());
        auto inside = town.joins(ghost.leaf, *made.welcome);
        REQUIRE(town.world.run_until([&] { return town.all_at(seq + 1); }, minute));
        // He may have found out and asked to be let in already.
        if (town.world.directory().rejoin(arrival.frank->id(), town.channel) == nullptr)
            CHECK(town.marks() == before);
        CHECK(town.noted(ghost.said));
        arrival.open_doors();
        CHECK(town.say("who is there").shown == 2);
        CHECK(town.say("who is there", town.bob).shown == 2);
        town.world.run(5 * minute);
        check_end(town, arrival, inside, seq);
        arrival.gone();
    }
}

TEST_CASE("a newcomer whose Welcome leads elsewhere than the commit finds back") {
    GhostTown town(442);
    for (const auto& ghost : town.ghosts()) {
        CAPTURE(ghost.name);
        // The commit is good, and applied by all; the Welcome that comes with it is of a group of
        // eve's own, with the ghost in it (or, the last one, with nobody but eve).
        Arrival arrival(town);
        auto made = town.eve->commit({.proposals = {addition(arrival.package)}});
        Rogue::Plan plan;
        plan.join_info = [&](JoinInfo& info) { info.commit_id = made.id; };
        if (!ghost.said.empty()) plan.proposals.push_back(addition(ghost.leaf.package.message));
        plan.proposals.push_back(addition(arrival.package));
        auto other = town.eve->commit(std::move(plan));
        auto inside = town.joins(ghost.leaf, *other.welcome);
        made.welcome = other.welcome;
        const auto seq = town.last_seq();
        REQUIRE(town.eve->submit(made, {{arrival.frank->id(), arrival.package}}).ok());
        town.eve->follow(made);
        REQUIRE(town.world.run_until([&] { return town.all_at(seq + 1); }, minute));
        arrival.open_doors();
        CHECK(town.say("who is there").shown == 2);
        CHECK(town.say("who is there", town.bob).shown == 2);
        town.world.run(5 * minute);
        check_end(town, arrival, inside, seq);
        arrival.gone();
    }
}

TEST_CASE("a newcomer led elsewhere while nobody speaks finds out by the next anchor") {
    GhostTown town(445);
    Arrival arrival(town);
    auto made = town.eve->commit({.proposals = {addition(arrival.package)}});
    Rogue::Plan plan;
    plan.proposals.push_back(addition(arrival.package));
    plan.join_info = [&](JoinInfo& info) { info.commit_id = made.id; };
    made.welcome = town.eve->commit(std::move(plan)).welcome;
    const auto seq = town.last_seq();
    REQUIRE(town.eve->submit(made, {{arrival.frank->id(), arrival.package}}).ok());
    town.eve->follow(made);
    town.forget_notes();
    town.world.run(minute);
    arrival.open_doors();
    CHECK_FALSE(arrival.with_us());
    town.world.run(day + hour);
    CHECK(town.noted("is not the one that a coordinator has recorded"));
    town.eve->catch_up();
    std::optional<mls::Group> nobody;
    check_end(town, arrival, nobody, seq);
}

TEST_CASE(
    "a newcomer whose Welcome names another floor than its commit has everybody's in the end") {
    GhostTown town(443);
    for (const int back : {0, 1}) {
        CAPTURE(back);
        Arrival arrival(town);
        (void)town.invite(directory::Role::retailer, 60'000, true);
        town.world.run(5 * second);
        Rogue::Plan plan;
        plan.proposals.push_back(addition(arrival.package));
        plan.join_info = [&](JoinInfo& info) {
            auto head = Head::decode(info.directory_head.head).value();
            head.seq -= static_cast<std::uint64_t>(back);
            head.hash = *town.world.directory().running_hash(head.seq);
            info.directory_head = town.world.relay().sign(head);
        };
        auto made = town.eve->commit(std::move(plan));
        const auto seq = town.last_seq();
        town.forget_notes();
        REQUIRE(town.eve->submit(made, {{arrival.frank->id(), arrival.package}}).ok());
        town.eve->follow(made);
        REQUIRE(town.world.run_until([&] { return town.all_at(seq + 1); }, minute));
        arrival.open_doors();
        town.world.run(minute);
        town.eve->catch_up();
        CHECK(town.noted("is not that of its commit") == (back != 0));
        std::optional<mls::Group> nobody;
        check_end(town, arrival, nobody, seq);
        CHECK(arrival.frank->engine().channel(town.channel)->row().floor_index ==
              town.marks().front().floor);
        arrival.gone();
    }
}

namespace {

/// What is wrong with a Welcome, whoever it lets in.
struct Tampered {
    std::string name;
    std::function<void(GhostTown&, mls::GroupInfo&)> info{};
    std::function<void(GhostTown&, JoinInfo&)> join{};
};

mls::Extension& extension(mls::GroupInfo& info, mls::ExtensionType type) {
    for (auto& one : info.extensions)
        if (one.type == type) return one;
    FAIL("no such extension");
    return info.extensions.front();
}

std::vector<Tampered> all_tampered() {
    std::vector<Tampered> out;
    using mls::GroupInfo;
    out.push_back({"of the epoch before", [](auto&, GroupInfo& i) { --i.context.epoch; }});
    out.push_back({"of twenty epochs on", [](auto&, GroupInfo& i) { i.context.epoch += 20; }});
    out.push_back({"of another group", [](auto& town, GroupInfo& i) {
                       i.context.group_id = group_id(town.world.all_members(), 1);
                   }});
    out.push_back({"of the next incarnation", [](auto& town, GroupInfo& i) {
                       i.context.group_id = group_id(town.channel, 2);
                   }});
    out.push_back(
        {"with another tree hash", [](auto&, GroupInfo& i) { i.context.tree_hash[0] ^= 1; }});
    out.push_back({"with a truncated tree", [](auto&, GroupInfo& i) {
                       auto& tree = extension(i, mls::extension_type::ratchet_tree).data;
                       tree.resize(tree.size() / 2);
                   }});
    out.push_back({"with the tree before the commit", [](auto& town, GroupInfo& i) {
                       extension(i, mls::extension_type::ratchet_tree).data =
                           town.eve->group().ratchet_tree();
                   }});
    out.push_back(
        {"with another confirmation tag", [](auto&, GroupInfo& i) { i.confirmation_tag[0] ^= 1; }});
    out.push_back({"signed as another",
                   [](auto& town, GroupInfo& i) { i.signer = town.eve->leaf_of(town.bob->id()); }});
    out.push_back({"without its place", [](auto&, GroupInfo& i) {
                       extension(i, mls::extension_type::huecry_join).type = 0xfafa;
                   }});
    out.push_back({"with a head that the relay has not signed", {}, [](auto&, JoinInfo& j) {
                       j.directory_head.signature = Signature{};
                   }});
    out.push_back({"with a head of another past", {}, [](auto& town, JoinInfo& j) {
                       auto head = Head::decode(j.directory_head.head).value();
                       head.hash = town.world.story.template id<Digest>();
                       j.directory_head = town.world.relay().sign(head);
                   }});
    out.push_back({"from before the newcomer had any right", {}, [](auto& town, JoinInfo& j) {
                       auto head = Head::decode(j.directory_head.head).value();
                       head.seq = 5;
                       head.hash = *town.world.directory().running_hash(5);
                       j.directory_head = town.world.relay().sign(head);
                   }});
    return out;
}

}  // namespace

TEST_CASE("a Welcome that is not in order leads nowhere, and the newcomer gets in all the same") {
    GhostTown town(444);
    for (const auto& tampered : all_tampered()) {
        CAPTURE(tampered.name);
        Arrival arrival(town);
        Rogue::Plan plan;
        plan.proposals.push_back(addition(arrival.package));
        if (tampered.info)
            plan.group_info = [&](mls::GroupInfo& info) { tampered.info(town, info); };
        if (tampered.join) plan.join_info = [&](JoinInfo& info) { tampered.join(town, info); };
        auto made = town.eve->commit(std::move(plan));
        const auto seq = town.last_seq();
        town.forget_notes();
        REQUIRE(town.eve->submit(made, {{arrival.frank->id(), arrival.package}}).ok());
        town.eve->follow(made);
        REQUIRE(town.world.run_until([&] { return town.all_at(seq + 1); }, minute));
        CHECK_FALSE(arrival.joined());
        arrival.open_doors();
        town.world.run(minute);
        town.eve->catch_up();
        CHECK(town.noted("an invitation into a channel could not be used"));
        std::optional<mls::Group> nobody;
        check_end(town, arrival, nobody, seq);
        arrival.gone();
    }
}

TEST_CASE("what a newcomer said in a group of a rogue's own making is said once more to all") {
    GhostTown town(446);
    Arrival arrival(town);
    auto made = town.eve->commit({.proposals = {addition(arrival.package)}});
    Rogue::Plan plan;
    plan.proposals.push_back(addition(arrival.package));
    plan.join_info = [&](JoinInfo& info) { info.commit_id = made.id; };
    auto theirs = town.eve->commit(std::move(plan));
    made.welcome = theirs.welcome;
    REQUIRE(town.eve->submit(made, {{arrival.frank->id(), arrival.package}}).ok());
    town.eve->follow(made);
    town.world.run(10 * second);
    REQUIRE(arrival.joined());
    REQUIRE_FALSE(arrival.with_us());
    arrival.open_doors();
    // She speaks to him in it, so that he is not alone there.
    town.eve->catch_up();
    const auto lure = town.world.story.id<MessageId>();
    REQUIRE(town.eve->peer()
                .ask(town.eve->frame(EntryKind::application, lure,
                                     town.eve->message(theirs.after, lure, "we all hear you")))
                .ok());
    town.world.run(5 * second);
    REQUIRE(town.world.witness().times_shown(arrival.frank->number(), lure) == 1);
    // Nobody else speaks: those who could not read it tell him.
    const auto id = arrival.frank->send(town.channel, "help");
    REQUIRE(id.ok());
    const auto late =
        arrival.frank->send(town.channel, "gone in a minute", std::chrono::seconds(60));
    REQUIRE(late.ok());
    town.world.run(5 * minute);
    CHECK(town.noted("cannot read what this device sends"));
    CHECK(arrival.with_us());
    for (auto* node : town.honest) {
        CHECK(town.world.witness().times_shown(node->number(), *id) == 1);
        // An answer is to the alert that it was.
        REQUIRE(node->projection().alert(*id).has_value());
        CHECK(node->projection().alert(*id)->from.device == arrival.frank->id());
    }
    REQUIRE(town.bob->respond(*id, Answer::coming).ok());
    town.world.run(10 * second);
    const auto at_home = arrival.frank->projection().alert(*id);
    REQUIRE(at_home.has_value());
    CHECK(at_home->responses.size() == 1);
    // Expired meanwhile: it does not come back.
    for (auto* node : town.honest) CHECK_FALSE(node->projection().alert(*late).has_value());
    CHECK(arrival.frank->engine().store().outbox_size().value() == 0);
}
