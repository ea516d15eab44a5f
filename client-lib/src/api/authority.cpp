#include "api/impl.hpp"
#include "crypto/aead.hpp"
#include "crypto/passphrase.hpp"
#include "huecry/directory/words.hpp"
#include "huecry/wire/codec.hpp"

// The root key: backed up as a file and as words, restored, replaced by the next one.
namespace huecry {
namespace {

constexpr std::string_view backup_magic = "huecry root key backup v1";
constexpr std::size_t seed_size = 32;
constexpr std::size_t check_size = 2;
constexpr std::size_t words_of_one = seed_size + check_size;
constexpr std::string_view root_name = "root_seed";
constexpr std::string_view next_name = "next_root_seed";
constexpr std::string_view after_name = "after_next_root_seed";
constexpr std::string_view backed_up = "root_backed_up";

PublicKey public_of(const SecretBytes& seed) {
    return signing_key_from_seed(seed.view()).public_key;
}

Result<std::optional<SecretBytes>> seed_in(Client::Impl& me, std::string_view name) {
    HUECRY_TRY_ASSIGN(auto kept, me.store().setting(name));
    if (!kept || kept->size() != seed_size) return std::optional<SecretBytes>{};
    return std::optional<SecretBytes>(SecretBytes(*kept));
}

/// A rotation of ours that was counted: the next key is the present one now.
Result<void> settle(Client::Impl& me, const directory::State& state) {
    HUECRY_TRY_ASSIGN(const auto after, seed_in(me, after_name));
    if (!after || directory::root_hash(public_of(*after)) != state.next_root_hash()) return {};
    HUECRY_TRY_ASSIGN(const auto next, seed_in(me, next_name));
    if (!next) return Error{Errc::store_damaged, "the next root key"};
    auto store = me.store();
    HUECRY_TRY_ASSIGN(auto transaction, me.db().begin());
    HUECRY_TRY(store.set_setting(root_name, next->view()));
    HUECRY_TRY(store.set_setting(next_name, after->view()));
    HUECRY_TRY(store.erase_setting(after_name));
    HUECRY_TRY(store.erase_setting(backed_up));
    return transaction.commit();
}

struct Seeds {
    SecretBytes root, next;
};
/// Both, as the directory has them now.
Result<Seeds> both(Client::Impl& me) {
    HUECRY_TRY_ASSIGN(const auto* state, me.directory());
    HUECRY_TRY(settle(me, *state));
    HUECRY_TRY_ASSIGN(auto root, seed_in(me, root_name));
    HUECRY_TRY_ASSIGN(auto next, seed_in(me, next_name));
    if (!root && !next)
        return Error{Errc::not_found,
                     "the root key is not in this profile; it is where it was backed up to, or in "
                     "the profile that founded the partnership"};
    if (!root || !next)
        return Error{Errc::not_found,
                     "only one of the two root keys is in this profile: 'huecry authority rotate' "
                     "makes it whole again"};
    return Seeds{std::move(*root), std::move(*next)};
}

/// Kept if it is the present root key, or the one that follows.
Result<void> keep(Client::Impl& me, const directory::State& state, const SecretBytes& seed,
                  RestoredRoot& out) {
    const auto key = public_of(seed);
    if (key == state.root_key()) {
        HUECRY_TRY(me.store().set_setting(root_name, seed.view()));
        out.present = true;
    } else if (directory::root_hash(key) == state.next_root_hash()) {
        HUECRY_TRY(me.store().set_setting(next_name, seed.view()));
        out.next = true;
    }
    return {};
}

Result<RestoredRoot> keep_all(Client::Impl& me, const std::vector<SecretBytes>& seeds) {
    HUECRY_TRY_ASSIGN(const auto* state, me.directory());
    RestoredRoot out;
    HUECRY_TRY_ASSIGN(auto transaction, me.db().begin());
    for (const auto& seed : seeds) HUECRY_TRY(keep(me, *state, seed, out));
    if (!out.present && !out.next)
        return Error{Errc::not_found,
                     "these are not the partnership's root keys, or they have been replaced since"};
    HUECRY_TRY(me.store().set_setting(backed_up, view("1")));  // it came from there
    HUECRY_TRY(transaction.commit());
    return out;
}

Bytes check_of(const PartnershipId& partnership, const SecretBytes& seed) {
    Writer w;
    w.raw(partnership.view()).raw(public_of(seed).view());
    return to_bytes(labelled_hash("huecry/1 root words", w.bytes()).view().first(check_size));
}

std::string words_in_lines(const PartnershipId& partnership, const SecretBytes& seed) {
    SecretBytes all(words_of_one);
    const auto check = check_of(partnership, seed);
    std::copy(seed.view().begin(), seed.view().end(), all.span().begin());
    std::copy(check.begin(), check.end(), all.span().begin() + seed_size);
    std::string out;
    constexpr std::size_t in_a_line = 6;
    for (std::size_t i = 0; i < all.size(); i += in_a_line)
        out +=
            directory::words_of(all.view().subspan(i, std::min(in_a_line, all.size() - i))) + "\n";
    return out;
}

struct Sealed {
    Bytes before;  // authenticated
    crypto::PassphraseCost cost;
    Bytes salt, nonce, sealed;
};
Result<Sealed> read_backup(BytesView file, const PartnershipId& partnership) {
    const Error not_one{Errc::malformed, "not a backup of a root key, or not all of it"};
    Reader r(file);
    Sealed out;
    if (to_string(r.opaque(64)) != backup_magic) return not_one;
    const auto of = PartnershipId(r.array<PartnershipId::size>());
    out.cost.passes = r.u32();
    out.cost.memory_kib = r.u32();
    out.salt = to_bytes(r.raw(crypto::passphrase_salt_size));
    Writer w;
    w.opaque(view(backup_magic)).raw(of.view()).u32(out.cost.passes).u32(out.cost.memory_kib);
    w.raw(out.salt);
    out.before = w.take();
    out.nonce = to_bytes(r.raw(crypto::chacha20_poly1305().nonce_size()));
    out.sealed = to_bytes(r.opaque(256));
    if (!r.done()) return not_one;
    if (of != partnership) return Error{Errc::not_found, "it is of another partnership"};
    // No file makes this device work for longer, or with more memory, than ours do.
    const crypto::PassphraseCost most;
    if (out.cost.passes > most.passes || out.cost.memory_kib > most.memory_kib) return not_one;
    return out;
}

}  // namespace

Result<RootInfo> Client::root() {
    return impl_->call([](Impl& me) -> Result<RootInfo> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        HUECRY_TRY(settle(me, *state));
        HUECRY_TRY_ASSIGN(const auto root, seed_in(me, root_name));
        HUECRY_TRY_ASSIGN(const auto next, seed_in(me, next_name));
        HUECRY_TRY_ASSIGN(const auto saved, me.store().setting(backed_up));
        RootInfo out;
        out.key = state->root_key();
        out.held = root && public_of(*root) == out.key;
        out.next_held = next && directory::root_hash(public_of(*next)) == state->next_root_hash();
        out.backed_up = saved.has_value();
        return out;
    });
}

/// struct { opaque magic<V>; opaque partnership[32]; uint32 passes; uint32 memory_kib;
///          opaque salt[16]; opaque nonce[12]; opaque sealed<V>; } RootBackup; sealed holds the
/// seeds of the root key and of the next one (64 bytes); all before the nonce is authenticated.
Result<Bytes> Client::backup_root(const SecretBytes& passphrase) {
    if (passphrase.empty()) return Errc::passphrase_missing;
    return impl_->call([&passphrase](Impl& me) -> Result<Bytes> {
        HUECRY_TRY_ASSIGN(const auto seeds, both(me));
        const crypto::PassphraseCost cost;
        const auto salt = me.random().bytes(crypto::passphrase_salt_size);
        HUECRY_TRY_ASSIGN(const auto key, crypto::passphrase_key(passphrase.view(), salt, cost));
        Writer w;
        w.opaque(view(backup_magic)).raw(me.self().partnership.view());
        w.u32(cost.passes).u32(cost.memory_kib).raw(salt);
        const auto& aead = crypto::chacha20_poly1305();
        const auto nonce = me.random().bytes(aead.nonce_size());
        SecretBytes plain(2 * seed_size);
        std::copy_n(seeds.root.view().begin(), seed_size, plain.span().begin());
        std::copy_n(seeds.next.view().begin(), seed_size, plain.span().begin() + seed_size);
        const auto sealed = aead.seal(key.view(), nonce, w.bytes(), plain.view());
        w.raw(nonce).opaque(sealed);
        return w.take();
    });
}

Result<std::string> Client::root_words() {
    return impl_->call([](Impl& me) -> Result<std::string> {
        HUECRY_TRY_ASSIGN(const auto seeds, both(me));
        return words_in_lines(me.self().partnership, seeds.root) + "\n" +
               words_in_lines(me.self().partnership, seeds.next);
    });
}

Result<void> Client::confirm_root_backup() {
    return impl_->call([](Impl& me) { return me.store().set_setting(backed_up, view("1")); });
}

Result<void> Client::forget_root() {
    return impl_->call([](Impl& me) -> Result<void> {
        auto store = me.store();
        HUECRY_TRY_ASSIGN(auto transaction, me.db().begin());
        for (const auto name : {root_name, next_name, after_name, backed_up})
            HUECRY_TRY(store.erase_setting(name));
        HUECRY_TRY(transaction.commit());
        HUECRY_TRY(me.db().truncate_log());
        return {};
    });
}

Result<RestoredRoot> Client::restore_root(BytesView file, const SecretBytes& passphrase) {
    if (passphrase.empty()) return Errc::passphrase_missing;
    return impl_->call([file, &passphrase](Impl& me) -> Result<RestoredRoot> {
        HUECRY_TRY_ASSIGN(const auto backup, read_backup(file, me.self().partnership));
        HUECRY_TRY_ASSIGN(const auto key,
                          crypto::passphrase_key(passphrase.view(), backup.salt, backup.cost));
        const auto plain = crypto::chacha20_poly1305().open(key.view(), backup.nonce, backup.before,
                                                            backup.sealed);
        if (!plain || plain->size() != 2 * seed_size)
            return Error{Errc::passphrase_wrong, "of the backup"};
        std::vector<SecretBytes> seeds;
        seeds.emplace_back(plain->view().first(seed_size));
        seeds.emplace_back(plain->view().subspan(seed_size));
        return keep_all(me, seeds);
    });
}

Result<RestoredRoot> Client::restore_root_words(std::string_view words) {
    HUECRY_TRY_ASSIGN(const auto typed, directory::bytes_from_words(words, 2 * words_of_one));
    if (typed.size() != words_of_one && typed.size() != 2 * words_of_one)
        return Error{Errc::invalid_argument, "a key has " + std::to_string(words_of_one) +
                                                 " words, there are " +
                                                 std::to_string(typed.size())};
    return impl_->call([&typed](Impl& me) -> Result<RestoredRoot> {
        std::vector<SecretBytes> seeds;
        for (std::size_t at = 0; at < typed.size(); at += words_of_one) {
            SecretBytes seed(typed.view().subspan(at, seed_size));
            const auto check = typed.view().subspan(at + seed_size, check_size);
            if (!equal_constant_time(check, check_of(me.self().partnership, seed)))
                return Error{Errc::invalid_argument,
                             "a word is wrong, or they are another partnership's"};
            seeds.push_back(std::move(seed));
        }
        return keep_all(me, seeds);
    });
}

Result<Decision> Client::rotate_root() {
    const auto made = impl_->decide_signed([](Impl& me) -> Result<directory::SignedStatement> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        HUECRY_TRY(settle(me, *state));
        HUECRY_TRY_ASSIGN(const auto next, seed_in(me, next_name));
        if (!next || directory::root_hash(public_of(*next)) != state->next_root_hash())
            return Error{Errc::not_found,
                         "the next root key is not in this profile: huecry authority restore"};
        // Kept before it is promised; one that was made and not counted is used again.
        HUECRY_TRY_ASSIGN(auto after, seed_in(me, after_name));
        if (!after) {
            after = me.random().secret(seed_size);
            HUECRY_TRY(me.store().set_setting(after_name, after->view()));
        }
        const auto key = signing_key_from_seed(next->view());
        const auto statement = directory::make_statement(
            *state, me.new_id<directory::Nonce>(),
            directory::RootRotated{key.public_key, directory::root_hash(public_of(*after))});
        return directory::sign_as_next_root(statement, key);
    });
    if (!made) return made.error();
    HUECRY_TRY(impl_->call([](Impl& me) -> Result<void> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        return settle(me, *state);
    }));
    return made;
}

Result<directory::SignedStatement> Client::Impl::signed_by_root(directory::Body body) {
    HUECRY_TRY_ASSIGN(const auto* state, directory());
    HUECRY_TRY(settle(*this, *state));
    HUECRY_TRY_ASSIGN(const auto root, seed_in(*this, root_name));
    if (!root || public_of(*root) != state->root_key())
        return Error{Errc::not_found, "this needs the root key: huecry authority restore"};
    const auto statement =
        directory::make_statement(*state, new_id<directory::Nonce>(), std::move(body));
    return directory::sign_as_root(statement, signing_key_from_seed(root->view()));
}

Result<Decision> Client::Impl::decide_as_root(std::function<directory::Body(Impl&)> make) {
    return decide_signed([make = std::move(make)](Impl& me) -> Result<directory::SignedStatement> {
        return me.signed_by_root(make(me));
    });
}

}  // namespace huecry
