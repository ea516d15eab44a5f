#include "unit/mls_town.hpp"

// Rare things that have to outlast a restart, and what a device says about itself.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

// As after a restart: everything that is not in the store is gone.
void restart(Town& town, std::size_t i, MemoryStore& store) {
    town.groups[i].flush(store);
    town.groups[i] = must(Group::load(town.devices[i]->env, store));
}

}  // namespace

TEST_CASE("keys of messages that are late are kept over restarts, each for one use") {
    Town town(2);
    MemoryStore store;
    restart(town, 1, store);
    std::vector<NewMessage> sent;
    for (std::uint8_t i = 0; i < 10; ++i)
        sent.push_back(must(town.groups[0].protect(Bytes{i}, {})));
    CHECK(must(town.groups[1].process(sent[9].message, {})).generation == 9);
    for (const std::size_t late : {3U, 0U, 8U}) {
        restart(town, 1, store);
        const auto seen = must(town.groups[1].process(sent[late].message, {}));
        CHECK(to_bytes(seen.plaintext.view()) == Bytes{static_cast<std::uint8_t>(late)});
        restart(town, 1, store);
        CHECK(town.groups[1].process(sent[late].message, {}).error().code == Errc::mls_generation);
    }
    for (const std::size_t late : {1U, 2U, 4U, 5U, 6U, 7U})
        CHECK(town.groups[1].process(sent[late].message, {}).ok());
    restart(town, 1, store);
    // Nothing is left of them.
    for (const auto& [key, value] : store.rows) CHECK(key.find("/w/") == std::string::npos);
    town.check_together();
}

TEST_CASE("a pending commit outlasts a restart with the messages already sent in its epoch") {
    Town town(3);
    MemoryStore store;
    const auto made = must(town.groups[0].commit({}));
    const auto early = must(town.groups[0].protect(view("early"), {}, 0, At::pending));
    restart(town, 0, store);
    REQUIRE(town.groups[0].has_pending());
    const auto second = must(town.groups[0].protect(view("second"), {}, 0, At::pending));
    CHECK(second.generation == early.generation + 1);
    must(town.groups[0].merge_pending());
    restart(town, 0, store);
    CHECK_FALSE(town.groups[0].has_pending());
    for (const std::size_t k : {1U, 2U}) {
        REQUIRE(must(town.groups[k].process(made.message, {})).verdict == Verdict::applied);
        CHECK(must(town.groups[k].process(second.message, {})).generation == second.generation);
        CHECK(must(town.groups[k].process(early.message, {})).generation == early.generation);
    }
    town.check_together();
    CHECK(must(town.groups[0].protect({}, {})).generation == second.generation + 1);
}

TEST_CASE("a pending commit that is given up leaves nothing in the store") {
    Town town(2);
    MemoryStore store;
    town.groups[0].flush(store);
    (void)must(town.groups[0].commit({}));
    town.groups[0].flush(store);
    const auto with = store.rows.size();
    town.groups[0].clear_pending();
    restart(town, 0, store);
    CHECK(store.rows.size() < with);
    CHECK_FALSE(town.groups[0].has_pending());
    town.commit(0);
    town.check_together();
}

TEST_CASE("a group shrinks and grows again over restarts") {
    Town town(6);
    std::vector<MemoryStore> stores(6);
    for (std::uint32_t left = 5; left >= 2; --left) {
        const auto made = must(town.groups[0].commit({.proposals = {RemoveMember{{left}}}}));
        must(town.groups[0].merge_pending());
        for (std::size_t k = 1; k < town.groups.size(); ++k)
            CHECK(must(town.groups[k].process(made.message, {})).removed_me == (k == left));
        town.groups.pop_back();
        for (std::size_t k = 0; k < town.groups.size(); ++k) restart(town, k, stores[k]);
        town.check_together();
    }
    CHECK(town.groups[0].size() == 2);
    for (int i = 0; i < 4; ++i) {
        Device& zoe = *town.devices.emplace_back(
            std::make_unique<Device>(chacha20_suite(), town.random, "zoe " + std::to_string(i)));
        auto joined = must(Group::join_externally(
            zoe.env, {.group_info = must(town.groups[0].group_info(false, true)),
                      .ratchet_tree = town.groups[0].ratchet_tree(),
                      .leaf = {to_bytes(view(zoe.name))}}));
        for (std::size_t k = 0; k < town.groups.size(); ++k) {
            CHECK(must(town.groups[k].process(joined.message, {})).verdict == Verdict::applied);
            restart(town, k, stores[k]);
        }
        town.groups.push_back(std::move(joined.group));
        town.check_together();
    }
}

TEST_CASE("a leaf says what it can do beyond what the engine can") {
    constexpr ExtensionType ours = 0xf0a1, of_package = 0xf0a2;
    SeededRandom random(5);
    Device ann(chacha20_suite(), random, "ann"), zoe(chacha20_suite(), random, "zoe");
    const LeafOptions able{.identity = to_bytes(view("zoe")),
                           .extra_extensions = {ours},
                           .extra_proposals = {0xf0b1},
                           .extra_credentials = {0xf0c1},
                           .extensions = {{ours, {1, 2, 3}}}};
    const auto package = must(make_key_package(
        zoe.env, {.leaf = able, .lifetime = test_lifetime, .extensions = {{of_package, {4}}}}));
    const auto seen = must(inspect_key_package(chacha20_suite(), package.message, test_now));
    REQUIRE(seen.extensions.size() == 1);
    CHECK(seen.extensions[0].type == of_package);
    CHECK_FALSE(seen.last_resort);
    CHECK(inspect_key_package(chacha20_suite(), package.message, test_lifetime.not_after + 1)
              .error()
              .code == Errc::expired);

    // A group that asks for all of that takes in who has it, and nobody else.
    RequiredCapabilities required;
    required.extensions = {ours};
    required.proposals = {0xf0b1};
    required.credentials = {0xf0c1};
    const std::vector<Extension> wanted{{extension_type::required_capabilities, required.encode()},
                                        {ours, {9}}};
    auto group = must(Group::create(ann.env, {.group_id = to_bytes(view("able")),
                                              .leaf = {.identity = to_bytes(view("ann")),
                                                       .extra_extensions = {ours},
                                                       .extra_proposals = {0xf0b1},
                                                       .extra_credentials = {0xf0c1}},
                                              .lifetime = test_lifetime,
                                              .extensions = wanted}));
    CHECK(group.extensions().size() == 2);
    const auto plain = zoe.key_package();
    CHECK(group.commit({.proposals = {AddMember{plain.message}}}).error().code ==
          Errc::mls_unsupported);
    Bytes tree_seen;
    const auto made = must(
        group.commit({.proposals = {AddMember{package.message}},
                      .tree_in_welcome = false,
                      .welcome_extensions = [&](BytesView tree) -> Result<std::vector<Extension>> {
                          tree_seen = to_bytes(tree);
                          return std::vector<Extension>{{ours, {7}}};
                      }}));
    must(group.merge_pending());
    const auto saved = package.secrets.save();
    auto opened = must(OpenedWelcome::open(zoe.env, *made.welcome, package.message,
                                           must(KeyPackageSecrets::load(saved.view()))));
    CHECK_FALSE(opened.has_tree());
    REQUIRE(opened.group_info_extensions().size() == 1);
    CHECK(opened.group_info_extensions()[0].data == Bytes{7});
    CHECK(opened.join().error().code == Errc::not_found);
    // The same Welcome again, with the tree beside it.
    CHECK(OpenedWelcome::open(zoe.env, *made.welcome, plain.message, plain.secrets).error().code ==
          Errc::not_found);
    auto other =
        must(OpenedWelcome::open(zoe.env, *made.welcome, package.message, package.secrets.clone()));
    opened = std::move(other);
    auto joined = must(opened.join(BytesView(tree_seen)));
    CHECK(joined.epoch_authenticator() == group.epoch_authenticator());
    CHECK(tree_seen == joined.ratchet_tree());
}

TEST_CASE("who is a member is told leaf by leaf") {
    Town town(3);
    CHECK_FALSE(town.groups[0].member({3}).has_value());
    CHECK_FALSE(town.groups[0].member({4000}).has_value());
    const auto all = town.groups[0].members();
    REQUIRE(all.size() == 3);
    for (std::uint32_t i = 0; i < 3; ++i) {
        CHECK(all[i].leaf == LeafIndex{i});
        CHECK(all[i].identity == to_bytes(view("member " + std::to_string(i))));
        CHECK(all[i].signature_key == to_bytes(town.devices[i]->signer.public_key()));
    }
    const auto at = [&](At when) {
        return town.groups[0].export_secret("label", view("context"), 32, when);
    };
    const auto now = at(At::current);
    (void)must(town.groups[0].commit({}));
    const auto next = at(At::pending);
    CHECK_FALSE(now == next);
    CHECK(town.groups[0].ratchet_tree(At::pending) != town.groups[0].ratchet_tree());
    must(town.groups[0].merge_pending());
    CHECK(at(At::current) == next);
}
