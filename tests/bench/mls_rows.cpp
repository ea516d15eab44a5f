#include "bench/mls_rows.hpp"

#include <algorithm>
#include <cmath>

#include "mls/state.hpp"

namespace huecry::bench {
using namespace huecry::mls;
using namespace huecry::test;

namespace {
Limits bench_limits() {
    Limits out;
    out.max_members = 4000;
    return out;
}
// Work of less than a millisecond, for which a busy machine is a noisy one.
constexpr int short_runs = 41;

double kib(std::size_t bytes) { return static_cast<double>(bytes) / 1024; }
}  // namespace

Rows::Rows(std::size_t count, crypto::Random& random, const Primitives& p, std::vector<Row>& out)
    : n_(count),
      random_(random),
      p_(p),
      out_(out),
      pace_(p, random),
      levels_(std::ceil(std::log2(static_cast<double>(count)))),
      ann_(chacha20_suite(), random, "ann", bench_limits()) {
    for (std::size_t i = 1; i < n_; ++i) {
        devices_.push_back(std::make_unique<Device>(chacha20_suite(), random,
                                                    "member " + std::to_string(i), bench_limits()));
        packages_.push_back(devices_.back()->key_package());
    }
}

// 14: joiner and epoch secret with their extractions, nine secrets of the epoch, the confirmation
// tag. 7: sender data (2), handshake and application ratchet, key, nonce, next.
Floor Rows::epoch_floor() const { return {.hmac = 14 + 7 + 2 * levels_, .sha = 8}; }

Floor Rows::length_floor(std::size_t bytes, bool made) {
    return {.aead_kib = kib(bytes),
            .sha256_kib = kib(bytes),
            .sha512_kib = kib(bytes) * (made ? 2 : 1)};
}

// Tree hash of a filled node and its parent hash: five blocks of SHA-256, two and a half times that
// of 64 bytes. A blank one takes two blocks.
Rows::PathCost Rows::path_cost(LeafIndex removed) const {
    auto stored = mine_;
    const auto group = must(Group::load(ann_.env, stored));
    auto tree = must(RatchetTree::decode(group.ratchet_tree(), 8192));
    auto hashes = 4.0;
    if (removed != no_leaf) {
        tree.blank_path(removed);
        tree.blank(node_of(removed));
        tree.truncate();
        hashes += levels_;
    }
    const auto own = group.own_leaf(), theirs = LeafIndex{static_cast<std::uint32_t>(n_ / 2 + 1)};
    tree.blank_path(own);
    const auto nodes = tree.filtered_direct_path(own);
    const auto shared = common_ancestor(node_of(own), node_of(theirs));
    double ciphertexts = 0, opened = 0;
    for (const auto x : nodes) {
        const auto copath = node_of(own) < x ? right(x) : left(x);
        ciphertexts += static_cast<double>(tree.resolution(copath).size());
        if (level(x) >= level(shared)) ++opened;
    }
    const auto filled = static_cast<double>(nodes.size());
    hashes += 2.5 * filled;
    return {
        {.sign = 2, .derive = filled + 1, .seal = ciphertexts, .hmac = 2 * filled, .sha = hashes},
        {.verify = 2, .derive = opened, .open = 1, .hmac = 2 * opened, .sha = hashes}};
}

// ---- everyone at once

void Rows::add_everyone() {
    CommitOptions options;
    for (const auto& package : packages_) options.proposals.push_back(AddMember{package.message});
    const Floor floor{.sign = 2, .verify = 2 * (count() - 1), .seal = count() - 1};
    std::optional<Group> group;
    NewCommit made;
    const auto sample = measure(pace_, p_, floor, n_ > 500 ? 5 : 9, [&] {
        group.reset();
        return [&] {
            group.emplace(ann_.create("bench"));
            made = must(group->commit(options));
        };
    });
    must(group->merge_pending());
    group->flush(mine_);
    welcome_ = *made.welcome;
    add({"add_all", "create and add N-1 (commit)", n_, sample, floor, made.message.size(),
         mine_.written});
}

void Rows::join_fresh() {
    // A leaf of 200 bytes is hashed in four blocks, a blank parent in two.
    const Floor floor{.verify = count() + 1, .open = 1, .hmac = 14, .sha = 3 * count()};
    const auto& me = *devices_[n_ / 2];
    const auto& package = packages_[n_ / 2];
    std::optional<Group> group;
    const auto sample = measure(pace_, p_, floor, runs(), [&] {
        group.reset();
        return [&] {
            group.emplace(
                must(must(OpenedWelcome::open(me.env, welcome_, package.message, package.secrets))
                         .join()));
        };
    });
    fresh_memory = sample.held;
    group->flush(theirs_);
    add({"join", "join by Welcome (fresh tree)", n_, sample, floor, welcome_.size(),
         theirs_.written});
}

// An existing member: a group of two that adds the rest.
void Rows::process_everyone() {
    auto host = ann_.create("bench2");
    const auto first = must(host.commit({.proposals = {AddMember{packages_[0].message}}}));
    must(host.merge_pending());
    const auto& env = devices_[0]->env;
    MemoryStore store;
    must(must(OpenedWelcome::open(env, *first.welcome, packages_[0].message, packages_[0].secrets))
             .join())
        .flush(store);
    CommitOptions options;
    for (std::size_t i = 1; i < packages_.size(); ++i)
        options.proposals.push_back(AddMember{packages_[i].message});
    const auto rest = must(host.commit(options));
    const Floor floor{.verify = 2 * (count() - 2) + 1};
    std::optional<Group> member;
    const auto sample = measure(pace_, p_, floor, runs(), [&] {
        member.emplace(must(Group::load(env, store)));
        return [&] { (void)must(member->process(rest.message, {})); };
    });
    store.written = 0;
    member->flush(store);
    add({"add_all.process", "process that add", n_, sample, floor, 0, store.written});
}

void Rows::mass_add() {
    add_everyone();
    join_fresh();
    process_everyone();
}

// ---- single commits, by the member in `mine_`, processed by the one in `theirs_`

void Rows::commit_rows(const Commit& what, const Floor& create, const Floor& process) {
    CommitOptions options{.proposals = what.proposals, .tree_in_welcome = what.tree_inside};
    NewCommit made;
    std::optional<Group> x, y;
    const auto make = [&] { made = must(x->commit(options)); };
    x.emplace(must(Group::load(ann_.env, mine_)));
    make();
    const auto bytes = made.message.size();
    auto made_floor = create + epoch_floor() + length_floor(bytes, true);
    // GroupInfo: signed, encrypted, hashed as the context of the encryption.
    if (made.welcome) made_floor += length_floor(made.welcome->size(), true);
    auto copy = mine_;
    const auto creating = measure(pace_, p_, made_floor, n_ > 1000 ? 11 : 21, [&] {
        x.emplace(must(Group::load(ann_.env, mine_)));
        return make;
    });
    must(x->merge_pending());
    copy.written = 0;
    x->flush(copy);
    add({what.id, what.title + ", create", n_, creating, made_floor, bytes, copy.written});

    if (what.tree_inside) return;  // the others see the same commit
    const auto floor = process + epoch_floor() + length_floor(bytes, false);
    const auto processing = measure(pace_, p_, floor, short_runs, [&] {
        y.emplace(must(Group::load(other(), theirs_)));
        return [&] {
            if (must(y->process(made.message, {})).verdict != Verdict::applied)
                give_up("a commit was refused");
        };
    });
    copy = theirs_;
    copy.written = 0;
    y->flush(copy);
    add({what.id + ".process", what.title + ", process", n_, processing, floor, 0, copy.written});
}

void Rows::path_rows(const std::string& id, const std::string& title) {
    const auto cost = path_cost(no_leaf);
    commit_rows({id, title}, cost.create, cost.process);
}

void Rows::change_members() {
    Device zoe(chacha20_suite(), random_, "zoe", bench_limits());
    const auto package = zoe.key_package();
    // Tree hashes above the new leaf; a commit without a path.
    const Floor make{.sign = 2, .verify = 2, .seal = 1, .sha = 4 + 1.5 * levels_};
    const Floor take{.verify = 3, .sha = 4 + 1.5 * levels_};
    const Proposals one{AddMember{package.message}};
    commit_rows({"add_one", "add one, tree beside", one}, make, take);
    commit_rows({"add_one.tree", "add one, tree in the Welcome", one, true}, make, take);
    const LeafIndex last{static_cast<std::uint32_t>(n_) - 1};
    const auto cost = path_cost(last);
    commit_rows({"remove_one", "remove one", {RemoveMember{last}}}, cost.create, cost.process);
}

void Rows::external_join() {
    auto host = must(Group::load(ann_.env, mine_));
    const auto info = must(host.group_info(true, true));
    Device zoe(chacha20_suite(), random_, "zoe", bench_limits());
    const auto make = [&] {
        return must(
            Group::join_externally(zoe.env, {.group_info = info, .leaf = {to_bytes(view("zoe"))}}));
    };
    std::optional<ExternalJoin> joined(make());
    const auto bytes = joined->message.size();
    const auto floor = epoch_floor() + length_floor(bytes, true) +
                       Floor{.sign = 2,
                             .verify = count() + 1,
                             .derive = levels_ + 1,
                             .seal = levels_ + 1,
                             .sha = 6 * count()};
    const auto sample = measure(pace_, p_, floor, runs(), [&] {
        joined.reset();
        return [&] { joined.emplace(make()); };
    });
    MemoryStore store;
    joined->group.flush(store);
    add({"external", "external join (full tree), create", n_, sample, floor, bytes, store.written});
    auto process = path_cost(no_leaf).process;
    process.derive = 1 + 1;  // one node above both at least, and the KEM of external_init
    process += epoch_floor() + length_floor(bytes, false);
    std::optional<Group> y;
    const auto processing = measure(pace_, p_, process, short_runs, [&] {
        y.emplace(must(Group::load(other(), theirs_)));
        return [&] {
            if (must(y->process(joined->message, {})).verdict != Verdict::applied)
                give_up("an external commit was refused");
        };
    });
    auto copy = theirs_;
    copy.written = 0;
    y->flush(copy);
    add({"external.process", "external join (full tree), process", n_, processing, process, 0,
         copy.written});
}

// The full tree without two members: whoever joins from outside in their places fills it again.
void Rows::make_peer_info() {
    auto host = must(Group::load(ann_.env, mine_));
    const LeafIndex half{static_cast<std::uint32_t>(n_ / 2)};
    (void)must(host.commit({.proposals = {RemoveMember{{1}}, RemoveMember{half}}}));
    must(host.merge_pending());
    peer_group_info = must(host.group_info(true, true));
}

// ---- messages

void Rows::messages() {
    const auto text = random_.bytes(1024);
    constexpr int batch = 50;
    std::vector<NewMessage> sent;
    auto from = must(Group::load(ann_.env, mine_));
    auto to = must(Group::load(other(), theirs_));
    auto store = mine_, other_store = theirs_;
    const auto flushed = [](Group& group, MemoryStore& into) {
        into.written = 0;
        group.flush(into);
        return into.written;
    };
    // Three steps of the ratchet and two of the sender data; the message and 16 bytes are sealed.
    const Floor symmetric{.hmac = 5, .aead_kib = 1.2};
    const auto protect = symmetric + Floor{.sign = 1, .sha512_kib = 2.4};
    const auto unprotect = symmetric + Floor{.verify = 1, .sha512_kib = 1.2};
    const auto send = [&] { sent.push_back(must(from.protect(text, {}))); };
    // The first of the epoch takes the leaf's ratchets out of the secret tree.
    send();
    first_state = flushed(from, store);
    (void)must(to.process(sent[0].message, {}));
    (void)flushed(to, other_store);
    std::vector<std::vector<NewMessage>> batches;
    const auto protecting = measure(
        pace_, p_, protect, 15,
        [&] {
            sent.clear();
            sent.reserve(batch);
            return [&] {
                for (int i = 0; i < batch; ++i) send();
                batches.push_back(std::move(sent));
            };
        },
        batch);
    (void)flushed(from, store);
    send();
    message_state = flushed(from, store);
    add({"protect", "protect 1 KiB", n_, protecting, protect, sent[0].message.size(),
         message_state});
    std::size_t at = 0;
    const auto unprotecting = measure(
        pace_, p_, unprotect, 15,
        [&] {
            const auto* these = &batches[at++];
            return [&to, these] {
                for (const auto& m : *these) (void)must(to.process(m.message, {}));
            };
        },
        batch);
    (void)flushed(to, other_store);
    (void)must(to.process(sent[0].message, {}));
    add({"unprotect", "unprotect 1 KiB", n_, unprotecting, unprotect, 0, flushed(to, other_store)});
}

void Rows::skip() {
    auto from = must(Group::load(ann_.env, mine_));
    std::vector<NewMessage> sent;
    for (int i = 0; i <= 1000; ++i) sent.push_back(must(from.protect({}, {})));
    // A thousand steps, the keys and nonces of the last 32, sender data, the leaf's ratchets.
    const Floor floor{.verify = 1, .hmac = 1001 + 2 * 33 + 2 + 2 + 2 * levels_};
    std::optional<Group> to;
    const auto sample = measure(pace_, p_, floor, runs(), [&] {
        to.emplace(must(Group::load(other(), theirs_)));
        return [&] { (void)must(to->process(sent.back().message, {})); };
    });
    auto store = theirs_;
    store.written = 0;
    to->flush(store);
    add({"skip", "skip 1,000 generations", n_, sample, floor, sent.back().message.size(),
         store.written});
    (void)must(to->process(sent[990].message, {}));
    store.written = 0;
    to->flush(store);
    late_state = store.written;
}

// Copying every byte once is the least: told as times, not as multiples.
void Rows::storage(const std::function<Group()>& unsaved) {
    MemoryStore store;
    std::optional<Group> group;
    const auto save = measure(pace_, p_, {}, runs(), [&] {
        store = {};
        group.emplace(unsaved());
        return [&] { group->flush(store); };
    });
    add({"save", "save everything (full tree)", n_, save, {}, 0, store.written});
    const auto load = measure(pace_, p_, {}, runs(), [&] {
        group.reset();
        return [&] { group.emplace(must(Group::load(ann_.env, mine_))); };
    });
    full_memory = load.held;
    add({"load", "load (full tree)", n_, load, {}, 0, 0});
}

void Rows::fresh_tree() {
    path_rows("fresh", "path commit, fresh tree");
    messages();
    skip();
}

// Every node filled: each leaf makes a path in turn. Two members then share one epoch.
void Rows::full_tree() {
    const auto& suite = chacha20_suite();
    auto base = ann_.create("bench");
    RatchetTree tree;
    (void)tree.add(must(RatchetTree::decode(base.ratchet_tree(), 8)).leaf({0}).encode());
    for (const auto& package : packages_)
        (void)tree.add(must(parse_key_package(package.message)).leaf.encode());
    TreeKeys all;
    for (std::uint32_t i = 0; i < n_; ++i) {
        const auto& signer = i == 0 ? ann_.signer : devices_[i - 1]->signer;
        (void)make_path(suite, random_, signer, base.group_id(), tree, all, {i}, tree.leaf({i}));
    }
    GroupContext context;
    context.cipher_suite = 3;
    context.group_id = to_bytes(base.group_id());
    context.epoch = 7;
    context.tree_hash = tree.tree_hash(suite);
    const auto epoch = random_.secret(32);
    const auto member_at = [&](std::uint32_t index, const Environment& env) {
        auto impl = std::make_unique<Group::Impl>(env);
        auto state = std::make_unique<State>();
        state->tree = tree;
        state->own = {index};
        for (auto x = node_of({index});; x = parent(x)) {
            if (const auto* key = all.find(x)) state->keys.set(x, key->clone());
            if (x == tree.root()) break;
        }
        state->context = context;
        state->encoded_context = state->context.encode();
        enter_epoch(suite, *state, epoch.view());
        state->slot = impl->next_slot++;
        impl->current = std::move(state);
        return Group(std::move(impl));
    };
    mine_ = theirs_ = {};
    member_at(0, ann_.env).flush(mine_);
    member_at(static_cast<std::uint32_t>(n_ / 2 + 1), other()).flush(theirs_);
    storage([&] { return member_at(0, ann_.env); });
    path_rows("full", "path commit, full tree");
    change_members();
    external_join();
    make_peer_info();
}

}  // namespace huecry::bench
