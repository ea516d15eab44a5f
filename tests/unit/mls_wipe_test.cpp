#include <doctest/doctest.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "mls/state.hpp"
#include "unit/mls_support.hpp"

// A secret that has been deleted is nowhere: the whole writable memory of this process is searched.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

constexpr std::uint8_t mask = 0x5a;

// Kept masked, so that the search does not find the needle itself.
struct Needle {
    const char* name;
    Bytes masked;
    Needle(const char* n, BytesView secret) : name(n), masked(secret.size()) {
        for (std::size_t i = 0; i < secret.size(); ++i)
            masked[i] = static_cast<std::uint8_t>(secret[i] ^ mask);
    }
    [[nodiscard]] bool at(const std::uint8_t* p) const {
        for (std::size_t i = 0; i < masked.size(); ++i)
            if ((p[i] ^ mask) != masked[i]) return false;
        return true;
    }
};

// How often a needle is found in writable memory, this thread's stack included.
std::size_t count_in_memory(const Needle& needle) {
    std::ifstream maps("/proc/self/maps");
    std::size_t found = 0;
    for (std::string line; std::getline(maps, line);) {
        unsigned long begin = 0, end = 0;
        char rights[5] = {};
        if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, rights) != 3) continue;
        if (rights[0] != 'r' || rights[1] != 'w' || line.find("[vv") != std::string::npos) continue;
        const auto* p = reinterpret_cast<const std::uint8_t*>(begin);  // NOLINT
        const auto* last = reinterpret_cast<const std::uint8_t*>(end) - needle.masked.size();
        for (; p <= last; ++p)
            if (needle.at(p)) ++found;
    }
    return found;
}

// A store that forgets at once: what it was given must not lie about either.
class Nowhere final : public StateSink {
public:
    void put(std::string_view, BytesView value) override { written += value.size(); }
    void erase(std::string_view) override {}
    void erase_prefix(std::string_view) override {}
    std::size_t written = 0;
};

template <class T>
T must(Result<T> r) {
    REQUIRE_MESSAGE(r.ok(), (r.ok() ? std::string() : r.error().text()));
    return std::move(r).value();
}

}  // namespace

TEST_CASE("secrets of an epoch that is over are nowhere in memory") {
    const auto& suite = chacha20_suite();
    SeededRandom random(9);
    Device ann(suite, random, "ann");
    Device bob(suite, random, "bob");
    // A group whose inside this test can see.
    auto impl = std::make_unique<Group::Impl>(ann.env);
    auto* inside = impl.get();
    {
        auto state = std::make_unique<State>();
        auto package = ann.key_package();
        state->own = state->tree.add(parse_key_package(package.message)->leaf.encode());
        state->keys.set(0, package.secrets.encryption_key.clone());
        state->context.cipher_suite = 3;
        state->context.group_id = to_bytes(view("wipe"));
        state->context.tree_hash = state->tree.tree_hash(suite);
        state->encoded_context = state->context.encode();
        enter_epoch(suite, *state, random.secret(32).view());
        state->slot = impl->next_slot++;
        impl->current = std::move(state);
    }
    Group group(std::move(impl));
    const auto package = bob.key_package();
    const auto made = must(group.commit({.proposals = {AddMember{package.message}}}));
    REQUIRE(group.merge_pending().ok());
    auto other = must(
        must(OpenedWelcome::open(bob.env, *made.welcome, package.message, package.secrets)).join());
    std::vector<Needle> needles;
    const auto& s = inside->current->secrets;
    needles.emplace_back("init_secret", s.init.view());
    needles.emplace_back("sender_data_secret", s.sender_data.view());
    needles.emplace_back("exporter_secret", s.exporter.view());
    needles.emplace_back("external_secret", s.external.view());
    needles.emplace_back("membership_key", s.membership.view());
    needles.emplace_back("resumption_psk", s.resumption.view());
    needles.emplace_back("leaf key", inside->current->keys.find(0)->view());
    for (const auto& n : needles) {
        CAPTURE(std::string(n.name));
        CHECK(count_in_memory(n) >= 1);
    }
    Nowhere nowhere;
    group.flush(nowhere);
    other.flush(nowhere);
    CHECK(nowhere.written > 1000);
    // A message each way, then both go on: ann by her own commit, bob by processing it.
    const auto sent = must(group.protect(view("text"), {}));
    (void)must(other.process(sent.message, {}));
    group.flush(nowhere);
    other.flush(nowhere);
    const auto commit = must(group.commit({}));
    REQUIRE(group.merge_pending().ok());
    CHECK(must(other.process(commit.message, {})).verdict == Verdict::applied);
    for (const auto& n : needles) {
        CAPTURE(std::string(n.name));
        CHECK(count_in_memory(n) == 0);
    }
}
