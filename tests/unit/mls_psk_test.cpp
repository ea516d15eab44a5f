#include "unit/mls_town.hpp"

// Pre-shared keys (RFC 9420 sections 8.4 and 8.6) and what they connect: epochs, groups, joiners.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

PskReference named(std::string_view id) {
    PskReference out;
    out.id = to_bytes(view(id));
    return out;
}

PskReference of_epoch(const Group& group, std::uint64_t epoch,
                      PskReference::Usage usage = PskReference::Usage::application) {
    PskReference out;
    out.external = false;
    out.usage = usage;
    out.group_id = to_bytes(group.group_id());
    out.epoch = epoch;
    return out;
}

PskLookup knows(std::string_view id, std::uint8_t secret) {
    return [name = to_bytes(view(id)),
            secret](const PskReference& asked) -> std::optional<SecretBytes> {
        if (!asked.external || asked.id != name) return std::nullopt;
        return SecretBytes(BytesView(Bytes(32, secret)));
    };
}

}  // namespace

TEST_CASE("an external key goes into the epoch of whoever has it") {
    Town town(3);
    const auto before = town.groups[0].epoch_authenticator();
    town.commit(1, {.proposals = {AddPsk{named("paper")}}, .psks = knows("paper", 7)});
    town.check_together();
    CHECK(town.groups[0].epoch_authenticator() != before);

    // Who lacks it or has another one stays behind, and the others do not.
    const CommitOptions options{.proposals = {AddPsk{named("paper")}}, .psks = knows("paper", 7)};
    const auto made = must(town.groups[0].commit(options));
    must(town.groups[0].merge_pending());
    CHECK(must(town.groups[1].process(made.message, {}, options.psks)).verdict == Verdict::applied);
    const auto lacking = must(town.groups[2].process(made.message, {}));
    CHECK(lacking.verdict == Verdict::failed);
    CHECK(lacking.reason == Errc::mls_path_failed);
    CHECK(town.groups[2].epoch() + 1 == town.groups[0].epoch());
}

TEST_CASE("two keys go in, in their order, and a proposal may come by reference") {
    Town town(3);
    const PskLookup both = [](const PskReference& asked) -> std::optional<SecretBytes> {
        return SecretBytes(BytesView(Bytes(16, asked.id.empty() ? std::uint8_t{0} : asked.id[0])));
    };
    town.propose(2, AddPsk{named("a")});
    town.commit(0, {.proposals = {AddPsk{named("b")}}, .psks = both});
    town.check_together();
}

TEST_CASE("the resumption key of an epoch that is over is kept as long as asked") {
    Limits limits;
    limits.resumption_epochs = 2;
    Town town(2, limits);
    const auto first = town.groups[0].epoch();
    town.commit(0);
    town.commit(1);
    // Of this epoch, of the two before; loaded from the store in between.
    MemoryStore store;
    town.groups[1].flush(store);
    town.groups[1] = must(Group::load(town.devices[1]->env, store));
    town.commit(0, {.proposals = {AddPsk{of_epoch(town.groups[0], first)},
                                  AddPsk{of_epoch(town.groups[0], first + 2)}}});
    town.check_together();
    // The first has gone since.
    CHECK(town.groups[0]
              .commit({.proposals = {AddPsk{of_epoch(town.groups[0], first)}}})
              .error()
              .code == Errc::mls_path_failed);
}

TEST_CASE("a joiner by Welcome needs the keys that the commit names") {
    Town town(2);
    Device zoe(chacha20_suite(), town.random, "zoe");
    const auto package = zoe.key_package();
    const auto psks = knows("door", 3);
    const auto made = town.commit(
        0, {.proposals = {AddMember{package.message}, AddPsk{named("door")}}, .psks = psks});
    CHECK(OpenedWelcome::open(zoe.env, *made.welcome, package.message, package.secrets)
              .error()
              .code == Errc::mls_path_failed);
    CHECK_FALSE(OpenedWelcome::open(zoe.env, *made.welcome, package.message, package.secrets,
                                    knows("door", 4))
                    .ok());
    auto opened =
        must(OpenedWelcome::open(zoe.env, *made.welcome, package.message, package.secrets, psks));
    CHECK(to_bytes(opened.group_id()) == to_bytes(view("town")));
    CHECK(opened.epoch() == town.groups[0].epoch());
    CHECK(opened.adder() == town.groups[0].own_leaf());
    CHECK(opened.has_tree());
    town.groups.push_back(must(opened.join()));
    town.check_together();
}

TEST_CASE("a joiner from outside brings a key that members have") {
    Town town(3);
    Device zoe(chacha20_suite(), town.random, "zoe");
    const auto psks = knows("door", 3);
    const auto join = [&](const PskLookup& lookup) {
        return Group::join_externally(zoe.env,
                                      {.group_info = must(town.groups[0].group_info(true, true)),
                                       .leaf = {to_bytes(view("zoe"))},
                                       .psk_ids = {named("door")},
                                       .psks = lookup});
    };
    CHECK(join({}).error().code == Errc::mls_path_failed);
    auto joined = must(join(psks));
    // Who has another key under that name finds another confirmation tag.
    MemoryStore store;
    town.groups[2].flush(store);
    auto other = must(Group::load(town.devices[2]->env, store));
    CHECK(must(other.process(joined.message, {}, knows("door", 4))).verdict ==
          Verdict::void_commit);
    for (auto& g : town.groups)
        CHECK(must(g.process(joined.message, {}, psks)).verdict == Verdict::applied);
    town.groups.push_back(std::move(joined.group));
    town.check_together();
    CHECK(town.groups[0].size() == 4);
}

TEST_CASE("a group is reinitialised: it ends, and its successor proves where it comes from") {
    Town town(2);
    Reinitialise reinit;
    reinit.group_id = to_bytes(view("new town"));
    town.propose(1, reinit);
    town.commit(0);
    for (auto& g : town.groups) {
        CHECK(g.protect(view("too late"), {}).error().code == Errc::mls_invalid);
        CHECK(g.commit({}).error().code == Errc::mls_invalid);
    }
    // The end outlasts a restart.
    MemoryStore store;
    town.groups[1].flush(store);
    auto old = must(Group::load(town.devices[1]->env, store));
    CHECK(old.protect(view("too late"), {}).error().code == Errc::mls_invalid);

    const auto link = of_epoch(old, old.epoch(), PskReference::Usage::reinit);
    const auto lookup_of = [&](const Group& group) -> PskLookup {
        return [&group, &link](const PskReference& asked) -> std::optional<SecretBytes> {
            if (asked.external || asked.usage != link.usage || asked.group_id != link.group_id ||
                asked.epoch != link.epoch)
                return std::nullopt;
            return group.resumption_psk();
        };
    };
    auto successor = town.devices[0]->create("new town");
    const auto package = town.devices[1]->key_package();
    const auto made =
        must(successor.commit({.proposals = {AddMember{package.message}, AddPsk{link}},
                               .psks = lookup_of(town.groups[0])}));
    must(successor.merge_pending());
    auto joined = must(must(OpenedWelcome::open(town.devices[1]->env, *made.welcome,
                                                package.message, package.secrets, lookup_of(old)))
                           .join());
    CHECK(joined.epoch_authenticator() == successor.epoch_authenticator());
    // In a group that lives already such a key has no place (section 12.1.4).
    CHECK(successor.commit({.proposals = {AddPsk{link}}, .psks = lookup_of(town.groups[0])})
              .error()
              .code == Errc::mls_invalid);
}
