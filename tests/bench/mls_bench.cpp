#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>

#include "crypto/hash.hpp"
#include "crypto/hmac.hpp"
#include "mls/state.hpp"
#include "unit/mls_support.hpp"

// What the MLS engine costs, as multiples of a floor that is computed from primitives timed in the
// same run.   mls_bench [largest N]      (10, 100, 600, 1000, 3000; without, up to 600)
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {
std::size_t allocations = 0;
std::size_t live_bytes = 0;
std::size_t peak_bytes = 0;
}  // namespace

void* operator new(std::size_t n) {
    void* p = std::malloc(n);
    if (p == nullptr) throw std::bad_alloc();
    ++allocations;
    live_bytes += malloc_usable_size(p) + 8;
    peak_bytes = std::max(peak_bytes, live_bytes);
    return p;
}
void operator delete(void* p) noexcept {
    if (p != nullptr) live_bytes -= malloc_usable_size(p) + 8;
    std::free(p);
}
void operator delete(void* p, std::size_t) noexcept { operator delete(p); }

namespace {

double cpu_ms() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

// The median of several runs, in milliseconds of CPU time.
double timed(int runs, const std::function<void()>& work) {
    std::vector<double> all;
    for (int i = 0; i < runs; ++i) {
        const auto begin = cpu_ms();
        work();
        all.push_back(cpu_ms() - begin);
    }
    std::ranges::sort(all);
    return all[all.size() / 2];
}

template <class T>
T must(Result<T> r) {
    if (!r) {
        std::fprintf(stderr, "%s\n", r.error().text().c_str());
        std::exit(1);
    }
    return std::move(r).value();
}

struct Primitives {
    double sign, verify, dh, derive, seal, open, hmac, sha, aead;
};

Primitives time_primitives(crypto::Random& random) {
    const auto& suite = chacha20_suite();
    const auto key = crypto::SigningKey::generate(random);
    const auto message = random.bytes(300);
    const auto signature = key.sign(message);
    const auto pair = suite.derive_key_pair(random.secret(32).view());
    const auto info = random.bytes(150);
    const auto sealed = suite.seal(random, pair.public_key, info, Bytes(32));
    const auto block = random.bytes(64), kib = random.bytes(1024), k32 = random.bytes(32),
               n12 = random.bytes(12);
    const auto each = [](int n, const std::function<void()>& work) {
        return timed(9,
                     [&] {
                         for (int i = 0; i < n; ++i) work();
                     }) /
               n;
    };
    Primitives p{};
    p.sign = each(100, [&] { (void)key.sign(message); });
    p.verify = each(100, [&] { (void)suite.verify(key.public_key(), message, signature); });
    p.dh = each(100, [&] { (void)crypto::x25519(pair.private_key.view(), pair.public_key); });
    p.derive = each(100, [&] { (void)suite.derive_key_pair(k32); });
    p.seal = each(100, [&] { (void)suite.seal(random, pair.public_key, info, k32); });
    p.open = each(100, [&] {
        (void)suite.open(pair.private_key.view(), pair.public_key, sealed->kem_output, info,
                         sealed->ciphertext);
    });
    p.hmac = each(1000, [&] { (void)crypto::hmac_sha256(k32, block); });
    p.sha = each(1000, [&] { (void)crypto::sha256(block); });
    p.aead = each(1000, [&] { (void)suite.aead().seal(k32, n12, {}, kib); });
    std::printf(
        "primitives, us: sign %.1f  verify %.1f  X25519 %.1f  DeriveKeyPair %.1f  HPKE seal "
        "%.1f  open %.1f  HMAC %.2f  SHA-256(64) %.2f  AEAD(1 KiB) %.2f\n\n",
        p.sign * 1e3, p.verify * 1e3, p.dh * 1e3, p.derive * 1e3, p.seal * 1e3, p.open * 1e3,
        p.hmac * 1e3, p.sha * 1e3, p.aead * 1e3);
    return p;
}

// The machine's speed changes while the bench runs, so each row's floor is scaled by one primitive
// that is timed again right after it.
const std::function<double()>* pace = nullptr;

void row(const char* what, std::size_t n, double ms, double floor, std::size_t bytes) {
    std::printf("%-34s N=%-5zu %10.3f ms", what, n, ms);
    if (floor > 0) std::printf("  %6.2f x floor", ms / (floor * (*pace)()));
    if (bytes > 0) std::printf("  %8zu bytes", bytes);
    std::printf("\n");
}

// Members as the bench needs them: two in full, the rest as keys and packages.
struct Bench {
    Bench(std::size_t count, crypto::Random& r, const Primitives& primitives)
        : n(count), random(r), p(primitives), ann(chacha20_suite(), r, "ann", limits()) {
        for (std::size_t i = 1; i < n; ++i) {
            devices.push_back(std::make_unique<Device>(chacha20_suite(), r,
                                                       "member " + std::to_string(i), limits()));
            packages.push_back(devices.back()->key_package());
        }
        levels = std::ceil(std::log2(static_cast<double>(n)));
    }
    static Limits limits() {
        Limits l;
        l.max_members = 4000;
        return l;
    }
    [[nodiscard]] double count() const { return static_cast<double>(n); }
    // What every new epoch and its first handshake message cost besides: about 20 derivations of
    // the key schedule and the sender data, two for each level of the secret tree, and for each
    // level a tree hash and a parent hash of three SHA-256 blocks.
    [[nodiscard]] double epoch_floor() const {
        return 20 * p.hmac + levels * 2 * p.hmac + levels * 2 * 2 * p.sha;
    }

    void mass_add();
    void fresh();
    void full();
    void messages(Group& a, Group& b);
    void storage(Group& a, Device& device);
    void path(const char* name, Group& a, Group& b, double create_floor, double process_floor);
    void change_members();

    std::size_t n;
    crypto::Random& random;
    const Primitives& p;
    Device ann;
    std::vector<std::unique_ptr<Device>> devices;
    std::vector<NewKeyPackage> packages;
    double levels = 0;
    std::optional<Group> a, b;
    MemoryStore kept[2];
};

void Bench::mass_add() {
    CommitOptions options;
    for (const auto& package : packages) options.proposals.push_back(AddMember{package.message});
    const int runs = n > 500 ? 3 : 5;
    std::optional<NewCommit> made;
    const auto ms = timed(runs, [&] {
        a.emplace(ann.create("bench"));
        made = must(a->commit(options));
    });
    row("create and add N-1 (commit)", n, ms, (count() - 1) * (2 * p.verify + p.seal),
        made->message.size());
    (void)a->merge_pending();
    std::optional<Group> joined;
    std::size_t before = 0;
    const auto join = timed(runs, [&] {
        joined.reset();
        before = live_bytes;
        joined.emplace(
            must(must(OpenedWelcome::open(devices[n / 2]->env, *made->welcome,
                                          packages[n / 2].message, packages[n / 2].secrets))
                     .join()));
    });
    row("join by Welcome (fresh tree)", n, join, count() * p.verify + p.open,
        made->welcome->size());
    std::printf("%-34s N=%-5zu %10zu bytes\n", "memory of one group", n, live_bytes - before);
    b = std::move(joined);
    // An existing member processes the same: a group of two that adds the rest.
    auto host = ann.create("bench2");
    const auto first = must(host.commit({.proposals = {AddMember{packages[0].message}}}));
    (void)host.merge_pending();
    MemoryStore store;
    must(must(OpenedWelcome::open(devices[0]->env, *first.welcome, packages[0].message,
                                  packages[0].secrets))
             .join())
        .flush(store);
    options.proposals.erase(options.proposals.begin());
    const auto rest = must(host.commit(options));
    std::vector<double> all;
    for (int i = 0; i < runs; ++i) {
        auto member = must(Group::load(devices[0]->env, store));
        all.push_back(timed(1, [&] { (void)must(member.process(rest.message, {})); }));
    }
    std::ranges::sort(all);
    row("process the add", n, all[all.size() / 2], (count() - 2) * 2 * p.verify,
        rest.message.size());
}

void Bench::path(const char* name, Group& from, Group& to, double create_floor,
                 double process_floor) {
    const int runs = n > 500 ? 5 : 9;
    std::vector<double> create, process;
    std::size_t bytes = 0, allocs = 0;
    auto& mine = kept[0];
    auto& theirs = kept[1];
    from.flush(mine);
    to.flush(theirs);
    const auto& from_env = ann.env;
    const auto& to_env = devices[n / 2]->env;
    for (int i = 0; i < runs; ++i) {
        auto x = must(Group::load(from_env, mine));
        auto y = must(Group::load(to_env, theirs));
        NewCommit made;
        create.push_back(timed(1, [&] { made = must(x.commit({})); }));
        allocations = 0;
        process.push_back(timed(1, [&] {
            if (must(y.process(made.message, {})).verdict != Verdict::applied) std::exit(1);
        }));
        allocs = allocations;
        bytes = made.message.size();
    }
    std::ranges::sort(create);
    std::ranges::sort(process);
    row((std::string("path commit, ") + name + ", create").c_str(), n, create[create.size() / 2],
        create_floor, bytes);
    row((std::string("path commit, ") + name + ", process").c_str(), n, process[process.size() / 2],
        process_floor, 0);
    std::printf("%-34s N=%-5zu %10zu\n", "  allocations while processing", n, allocs);
    // What a commit writes.
    auto copy = mine;
    auto x = must(Group::load(from_env, copy));
    (void)must(x.commit({}));
    (void)x.merge_pending();
    copy.written = 0;
    x.flush(copy);
    std::printf("%-34s N=%-5zu %10zu bytes\n", "  written by that commit", n, copy.written);
}

void Bench::change_members() {
    Device zoe(chacha20_suite(), random, "zoe", limits());
    const auto package = zoe.key_package();
    auto& mine = kept[0];
    auto& theirs = kept[1];
    const int runs = n > 500 ? 3 : 7;
    for (const bool add : {true, false}) {
        std::vector<double> create, process;
        std::size_t bytes = 0;
        for (int i = 0; i < runs; ++i) {
            auto x = must(Group::load(ann.env, mine));
            auto y = must(Group::load(devices[n / 2]->env, theirs));
            CommitOptions options;
            if (add)
                options.proposals.push_back(AddMember{package.message});
            else
                options.proposals.push_back(RemoveMember{{static_cast<std::uint32_t>(n) - 1}});
            options.tree_in_welcome = false;
            NewCommit made;
            create.push_back(timed(1, [&] { made = must(x.commit(options)); }));
            process.push_back(timed(1, [&] { (void)must(y.process(made.message, {})); }));
            bytes = made.message.size();
        }
        std::ranges::sort(create);
        std::ranges::sort(process);
        const auto path_create = levels * (p.seal + p.derive) + 2 * p.sign;
        row(add ? "add one (full tree), create" : "remove one (full tree), create", n,
            create[create.size() / 2],
            (add ? 2 * p.verify + p.seal + 2 * p.sign : path_create + p.seal * levels) +
                epoch_floor(),
            bytes);
        row(add ? "add one (full tree), process" : "remove one (full tree), process", n,
            process[process.size() / 2],
            (add ? 3 * p.verify : 2 * p.verify + p.open + p.derive) + epoch_floor(), 0);
    }
}

void Bench::messages(Group& from, Group& to) {
    const auto text = random.bytes(1024);
    std::vector<NewMessage> sent;
    const int batch = 50;
    std::vector<double> protect, unprotect;
    for (int run = 0; run < 7; ++run) {
        sent.clear();
        protect.push_back(timed(1,
                                [&] {
                                    for (int i = 0; i < batch; ++i)
                                        sent.push_back(must(from.protect(text, {})));
                                }) /
                          batch);
        unprotect.push_back(timed(1,
                                  [&] {
                                      for (const auto& m : sent)
                                          (void)must(to.process(m.message, {}));
                                  }) /
                            batch);
    }
    std::ranges::sort(protect);
    std::ranges::sort(unprotect);
    // Five derivations of one HMAC each (two of them longer), two AEADs.
    const auto symmetric = 5 * p.hmac + 2 * p.aead;
    row("protect 1 KiB", n, protect[3], p.sign + symmetric, sent[0].message.size());
    row("unprotect 1 KiB", n, unprotect[3], p.verify + symmetric, 0);
    for (int i = 0; i < 999; ++i) (void)must(from.protect({}, {}));
    const auto last = must(from.protect(text, {}));
    const auto skip = timed(1, [&] { (void)must(to.process(last.message, {})); });
    row("skip 999 generations", n, skip, 1000 * p.hmac + p.verify, 0);
}

void Bench::storage(Group& from, Device& device) {
    auto& store = kept[0];
    const auto save = timed(1, [&] { from.flush(store); });
    row("save, the first time", n, save, 0, store.written);
    const auto load = timed(5, [&] { (void)must(Group::load(device.env, store)); });
    row("load", n, load, 0, 0);
    auto copy = store;
    auto again = must(Group::load(device.env, copy));
    (void)must(again.protect(Bytes(1024), {}));
    copy.written = 0;
    again.flush(copy);
    (void)must(again.protect(Bytes(1024), {}));
    const auto first = copy.written;
    copy.written = 0;
    const auto flush = timed(1, [&] { again.flush(copy); });
    row("save after a message", n, flush, 0, copy.written);
    std::printf("%-34s N=%-5zu %10zu bytes\n", "  after the first of an epoch", n, first);
}

void Bench::fresh() {
    storage(*a, ann);
    path("fresh tree", *a, *b, (count() - 1) * p.seal + levels * p.derive + 2 * p.sign,
         2 * p.verify + p.open + p.derive + epoch_floor());
    messages(*a, *b);
}

// Every node populated: each leaf makes a path in turn. Two members then share one epoch.
void Bench::full() {
    const auto& suite = chacha20_suite();
    auto base = ann.create("bench");
    const auto context_of = [&](const RatchetTree& tree) {
        GroupContext c;
        c.cipher_suite = 3;
        c.group_id = to_bytes(base.group_id());
        c.epoch = 7;
        c.tree_hash = tree.tree_hash(suite);
        return c;
    };
    RatchetTree tree;
    LeafNode own;
    {
        const auto encoded = base.ratchet_tree();
        auto decoded = must(RatchetTree::decode(encoded, 8));
        own = decoded.leaf({0});
    }
    (void)tree.add(own.encode());
    for (const auto& package : packages)
        (void)tree.add(must(parse_key_package(package.message)).leaf.encode());
    TreeKeys all;
    for (std::uint32_t i = 0; i < n; ++i) {
        const auto& signer = i == 0 ? ann.signer : devices[i - 1]->signer;
        (void)make_path(suite, random, signer, base.group_id(), tree, all, {i}, tree.leaf({i}));
    }
    const auto epoch = random.secret(32);
    const auto member = [&](std::uint32_t index, const Environment& env) {
        auto impl = std::make_unique<Group::Impl>(env);
        auto state = std::make_unique<State>();
        state->tree = tree;
        state->own = {index};
        for (auto x = node_of({index});; x = parent(x)) {
            if (const auto* key = all.find(x)) state->keys.set(x, key->clone());
            if (x == tree.root()) break;
        }
        state->context = context_of(tree);
        state->encoded_context = state->context.encode();
        enter_epoch(suite, *state, epoch.view());
        state->slot = impl->next_slot++;
        impl->current = std::move(state);
        return Group(std::move(impl));
    };
    kept[0] = kept[1] = {};
    auto x = member(0, ann.env);
    auto y = member(static_cast<std::uint32_t>(n / 2 + 1), devices[n / 2]->env);
    const auto shared = levels - std::floor(std::log2(count() / 2 + 1));
    path("full tree", x, y, levels * (p.seal + p.derive) + 2 * p.sign + epoch_floor(),
         2 * p.verify + p.open + std::max(1.0, shared) * p.derive + epoch_floor());
    change_members();
    // A joiner of a full tree.
    const auto info = must(x.group_info(true, true));
    Device zoe(suite, random, "zoe", limits());
    const int runs = n > 500 ? 3 : 5;
    const auto ms = timed(runs, [&] {
        (void)must(
            Group::join_externally(zoe.env, {.group_info = info, .leaf = {to_bytes(view("zoe"))}}));
    });
    row("external join (full tree), create", n, ms,
        count() * p.verify + levels * (p.seal + p.derive) + 2 * p.sign, info.size());
}

}  // namespace

int main(int argc, char** argv) {
    crypto::SystemRandom random;
    const std::size_t largest = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 600;
    for (const std::size_t n : {10U, 100U, 600U, 1000U, 3000U}) {
        if (n > largest) break;
        const auto p = time_primitives(random);
        const auto key = crypto::SigningKey::generate(random);
        const auto message = random.bytes(300);
        const auto signature = key.sign(message);
        const std::function<double()> now = [&] {
            return timed(15,
                         [&] {
                             for (int i = 0; i < 4; ++i)
                                 (void)chacha20_suite().verify(key.public_key(), message,
                                                               signature);
                         }) /
                   (4 * p.verify);
        };
        pace = &now;
        Bench bench(n, random, p);
        bench.mass_add();
        bench.fresh();
        bench.full();
        std::printf("\n");
    }
    std::printf("peak memory of the whole run: %zu KiB\n", peak_bytes / 1024);
}
