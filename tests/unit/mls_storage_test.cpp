#include <doctest/doctest.h>

#include "unit/mls_support.hpp"

// Saving and loading: every step, only what has changed, and no trace of what is over.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

template <class T>
T must(Result<T> r) {
    REQUIRE_MESSAGE(r.ok(), (r.ok() ? std::string() : r.error().text()));
    return std::move(r).value();
}

struct Big {
    explicit Big(std::size_t n, std::uint64_t seed = 11)
        : random(seed), ann(chacha20_suite(), random, "ann"), group(ann.create("big")) {
        CommitOptions options;
        for (std::size_t i = 1; i < n; ++i) {
            auto& d = *devices.emplace_back(
                std::make_unique<Device>(chacha20_suite(), random, "member " + std::to_string(i)));
            packages.push_back(d.key_package());
            options.proposals.push_back(AddMember{packages.back().message});
        }
        commit = must(group.commit(options));
        REQUIRE(group.merge_pending().ok());
    }
    Group join(std::size_t i) {
        return must(must(OpenedWelcome::open(devices[i]->env, *commit.welcome, packages[i].message,
                                             packages[i].secrets))
                        .join());
    }
    SeededRandom random;
    Device ann;
    std::vector<std::unique_ptr<Device>> devices;
    std::vector<NewKeyPackage> packages;
    Group group;
    NewCommit commit;
};

}  // namespace

TEST_CASE("a message writes less than 1 KiB, a commit only the blocks on its path") {
    Big big(300);
    auto other = big.join(7);
    MemoryStore mine, theirs;
    big.group.flush(mine);
    other.flush(theirs);
    const auto whole = theirs.written;
    CHECK(whole > 40000);
    for (int i = 0; i < 5; ++i) {
        mine.written = theirs.written = 0;
        const auto sent = must(big.group.protect(Bytes(1024), {}));
        big.group.flush(mine);
        CHECK(mine.written > 0);
        CHECK(mine.written <= 1024);
        (void)must(other.process(sent.message, {}));
        other.flush(theirs);
        CHECK(theirs.written <= 1024);
    }
    mine.written = 0;
    big.group.flush(mine);
    CHECK(mine.written == 0);
    const auto commit = must(other.commit({}));
    theirs.written = 0;
    other.flush(theirs);
    CHECK(theirs.written < whole / 2);
    REQUIRE(other.merge_pending().ok());
    other.flush(theirs);
    CHECK(must(big.group.process(commit.message, {})).verdict == Verdict::applied);
    big.group.flush(mine);
    auto again = must(Group::load(big.ann.env, mine));
    CHECK(again.epoch_authenticator() == other.epoch_authenticator());
    CHECK(again.ratchet_tree() == other.ratchet_tree());
    CHECK(again.tree_hash() == other.tree_hash());
}

TEST_CASE("loading at every step of a conversation changes nothing that anybody sees") {
    Big big(5);
    std::vector<Group> groups;
    std::vector<MemoryStore> stores(5);
    std::vector<Environment> envs{big.ann.env};
    groups.push_back(std::move(big.group));
    for (std::size_t i = 0; i < 4; ++i) {
        groups.push_back(big.join(i));
        envs.push_back(big.devices[i]->env);
    }
    const auto reload = [&](std::size_t i) {
        groups[i].flush(stores[i]);
        groups[i] = must(Group::load(envs[i], stores[i]));
        // A second flush of what was just loaded writes nothing.
        stores[i].written = 0;
        groups[i].flush(stores[i]);
        CHECK(stores[i].written == 0);
    };
    for (std::size_t round = 0; round < 20; ++round) {
        const auto from = round % 5;
        Bytes message;
        const bool commit = round % 3 == 0;
        if (commit) {
            message = must(groups[from].commit({})).message;
            reload(from);
            REQUIRE(groups[from].merge_pending().ok());
        } else {
            message = must(groups[from].protect(view("text"), {})).message;
        }
        reload(from);
        for (std::size_t i = 0; i < 5; ++i) {
            if (i == from) continue;
            CHECK(must(groups[i].process(message, {})).verdict == Verdict::applied);
            reload(i);
            CHECK(groups[i].epoch_authenticator() == groups[from].epoch_authenticator());
        }
    }
}

TEST_CASE("the saved form holds nothing of an epoch that is over") {
    Big big(4);
    auto other = big.join(0);
    MemoryStore store;
    other.flush(store);
    const auto old = store.rows;
    const auto secret = other.export_secret("x", {}, 32);
    const auto resumption = other.resumption_psk();
    const auto commit = must(big.group.commit({}));
    REQUIRE(big.group.merge_pending().ok());
    CHECK(must(other.process(commit.message, {})).verdict == Verdict::applied);
    other.flush(store);
    const auto holds = [&](BytesView needle) {
        return std::ranges::any_of(store.rows, [&](const auto& row) {
            return std::ranges::search(row.second, needle).begin() != row.second.end();
        });
    };
    CHECK_FALSE(holds(resumption.view()));
    // No 32-byte secret of the old epoch's records remains in the new ones: init, ratchets, nodes.
    for (const auto& [key, value] : old) {
        if (!key.starts_with("s/")) continue;
        CHECK_FALSE(store.rows.contains(key));
        CHECK_FALSE(holds(BytesView(value).last(32)));
    }
}

TEST_CASE("a damaged record is refused, a newer version is named") {
    Big big(6);
    MemoryStore store;
    big.group.flush(store);
    (void)must(big.group.protect(view("x"), {}));
    big.group.flush(store);
    for (const auto& [key, value] : store.rows) {
        for (std::size_t n = 0; n < value.size(); n += 1 + value.size() / 20) {
            auto broken = store;
            broken.rows[key].resize(n);
            const auto loaded = Group::load(big.ann.env, broken);
            // A secret's length is not marked everywhere: what loads must at least not crash.
            if (!key.starts_with("s/")) CHECK_FALSE(loaded.ok());
        }
    }
    auto newer = store;
    newer.rows["g"][0] = 2;
    CHECK(Group::load(big.ann.env, newer).error().code == Errc::store_newer);
    MemoryStore empty;
    CHECK(Group::load(big.ann.env, empty).error().code == Errc::not_found);
}

TEST_CASE("key package secrets keep") {
    SeededRandom random(2);
    Device ann(chacha20_suite(), random, "ann");
    const auto package = ann.key_package(true);
    const auto saved = package.secrets.save();
    const auto loaded = must(KeyPackageSecrets::load(saved.view()));
    CHECK(loaded.init_key == package.secrets.init_key);
    CHECK(loaded.encryption_key == package.secrets.encryption_key);
    CHECK(KeyPackageSecrets::load(saved.view().first(64)).error().code == Errc::store_damaged);
    const auto info = must(inspect_key_package(chacha20_suite(), package.message, test_now));
    CHECK(info.last_resort);
    CHECK(info.ref == package.ref);
    CHECK(inspect_key_package(chacha20_suite(), package.message, test_lifetime.not_after + 1)
              .error()
              .code == Errc::expired);
}
