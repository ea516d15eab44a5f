#include "unit/mls_town.hpp"

// Which of the proposals that were sent by reference go into a commit (RFC 9420 section 12.4.1).
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

Bytes key_of(const Group& group, std::uint32_t leaf) {
    return group.member({leaf})->encryption_key;
}

SetExtensions senders_of(const Device& device) {
    return {{{extension_type::external_senders,
              encode_external_senders({{to_bytes(device.signer.public_key()),
                                        Credential::basic(to_bytes(view("police")))}})}}};
}

}  // namespace

TEST_CASE("of two Updates of one member the later is committed, and the key outlasts a restart") {
    Town town(3);
    const auto before = key_of(town.groups[0], 1);
    town.propose(1, UpdateSelf{});
    town.propose(1, UpdateSelf{});
    MemoryStore store;
    town.groups[1].flush(store);
    town.groups[1] = must(Group::load(town.devices[1]->env, store));
    const auto made = town.commit(0);
    CHECK(made.has_path);
    CHECK(key_of(town.groups[2], 1) != before);
    town.check_together();
    // Both keys have gone with the epoch: the next commit is opened with the new one.
    town.commit(2);
    town.check_together();
}

TEST_CASE("a Remove goes before an Update of the same leaf, whichever came first") {
    for (const bool remove_first : {true, false}) {
        Town town(4);
        if (remove_first) town.propose(0, RemoveMember{{3}});
        town.propose(3, UpdateSelf{});
        if (!remove_first) town.propose(0, RemoveMember{{3}});
        const auto made = must(town.groups[1].commit({}));
        must(town.groups[1].merge_pending());
        for (const std::size_t k : {0U, 2U, 3U}) {
            const auto seen = must(town.groups[k].process(made.message, {}));
            CHECK(seen.verdict == Verdict::applied);
            CHECK(seen.removed_me == (k == 3));
        }
        town.groups.pop_back();
        CHECK_FALSE(town.groups[0].member({3}).has_value());
        town.check_together();
    }
}

TEST_CASE("two Removes of one leaf are one, and nobody commits its own end") {
    Town town(3);
    town.propose(0, RemoveMember{{2}});
    town.propose(1, RemoveMember{{2}});
    // Whoever is to go commits without it.
    {
        const auto made = must(town.groups[2].commit({}));
        CHECK(made.has_path);
        town.groups[2].clear_pending();
    }
    const auto made = must(town.groups[1].commit({}));
    must(town.groups[1].merge_pending());
    CHECK(must(town.groups[0].process(made.message, {})).verdict == Verdict::applied);
    CHECK(must(town.groups[2].process(made.message, {})).removed_me);
    town.groups.pop_back();
    CHECK(town.groups[0].size() == 2);
    town.check_together();
}

TEST_CASE("a device that two members propose is added once") {
    Town town(3);
    Device zoe(chacha20_suite(), town.random, "zoe");
    const auto one = zoe.key_package(), two = zoe.key_package();
    town.propose(0, AddMember{one.message});
    town.propose(1, AddMember{two.message});
    const auto made = town.commit(2);
    CHECK_FALSE(made.has_path);
    CHECK(town.groups[0].size() == 4);
    town.groups.push_back(
        must(must(OpenedWelcome::open(zoe.env, *made.welcome, two.message, two.secrets.clone()))
                 .join()));
    CHECK(OpenedWelcome::open(zoe.env, *made.welcome, one.message, one.secrets).error().code ==
          Errc::not_found);
    town.check_together();
}

TEST_CASE("of two lists of extensions the later is committed; an empty one clears them") {
    Town town(3);
    town.propose(0, SetExtensions{});
    town.propose(1, senders_of(*town.devices[1]));
    town.commit(2);
    REQUIRE(town.groups[0].extensions().size() == 1);
    CHECK(town.groups[0].extensions()[0].type == extension_type::external_senders);
    town.check_together();
    town.commit(1, {.proposals = {SetExtensions{}}});
    CHECK(town.groups[2].extensions().empty());
    town.check_together();
}

TEST_CASE("an end of the group waits for everything else") {
    Town town(3);
    Reinitialise reinit;
    reinit.group_id = to_bytes(view("later"));
    town.propose(0, reinit);
    town.propose(1, UpdateSelf{});
    town.commit(2);
    // The Update went in and the ReInit did not: the group lives.
    town.check_together();
    town.propose(0, reinit);
    town.commit(2);
    CHECK(town.groups[1].protect({}, {}).error().code == Errc::mls_invalid);
}

TEST_CASE("proposals that are dropped are in no commit") {
    Town town(3);
    town.propose(1, RemoveMember{{2}});
    town.groups[0].clear_proposals();
    const auto made = must(town.groups[0].commit({}));
    must(town.groups[0].merge_pending());
    for (const std::size_t k : {1U, 2U})
        CHECK(must(town.groups[k].process(made.message, {})).verdict == Verdict::applied);
    CHECK(town.groups[0].size() == 3);
    town.check_together();
    // By value alone, although one by reference waits.
    town.propose(1, RemoveMember{{2}});
    town.commit(0, {.by_reference = false, .force_path = true});
    CHECK(town.groups[0].size() == 3);
}
