#include "api/impl.hpp"
#include "crypto/aead.hpp"
#include "crypto/passphrase.hpp"
#include "huecry/wire/codec.hpp"

// The root key's backup and the client's own examination.
namespace huecry {
namespace {

constexpr std::string_view backup_magic = "huecry root key backup v1";

void add(std::vector<Finding>& out, bool ok, std::string what, std::string detail) {
    out.push_back({ok, std::move(what), std::move(detail)});
}

void examine_clock(Client::Impl& me, std::vector<Finding>& out) {
    if (me.clock().hidden())
        add(out, false, "clock", std::string(sentence(Errc::clock_wrong)));
    else
        add(out, true, "clock", "The clock agrees with what this device has seen.");
}

void examine_relay(Client::Impl& me, std::vector<Finding>& out) {
    auto& engine = me.engine();
    if (engine.online())
        add(out, true, "relay", "Connected; the relay has proved its key.");
    else
        add(out, false, "relay",
            engine.trouble() ? engine.trouble()->text() : "Not connected yet.");
}

void examine_channels(Client::Impl& me, std::vector<Finding>& out) {
    auto& engine = me.engine();
    if (!engine.directory().known()) return;
    const auto& state = engine.directory().state();
    std::size_t readable = 0, joined = 0;
    for (const auto& id : state.channels_of(me.self().device)) {
        ++readable;
        if (const auto* channel = engine.channel(id); channel && channel->joined()) ++joined;
    }
    add(out, readable == joined, "channels",
        std::to_string(joined) + " of " + std::to_string(readable) + " readable channels joined" +
            (readable == joined ? "."
                                : "; the others follow when one of their members is online."));
    const auto* member = state.member_of(me.self().device);
    if (state.agreement() && member != nullptr)
        add(out, member->accepted_version == state.agreement()->version, "agreement",
            member->accepted_version == state.agreement()->version
                ? "The current agreement is accepted."
                : std::string(sentence(Errc::agreement_missing)));
}

}  // namespace

Result<std::vector<Finding>> Client::doctor() {
    return impl_->call([](Impl& me) -> Result<std::vector<Finding>> {
        std::vector<Finding> out;
        const auto intact = me.db().check_integrity();
        add(out, intact.ok(), "store",
            intact ? "The store is whole and encrypted." : intact.error().text());
        if (me.engine().erasure_overdue())
            add(out, false, "erasure",
                "Something expired is not yet wiped from the store's log; it is tried again.");
        examine_clock(me, out);
        examine_relay(me, out);
        examine_channels(me, out);
        HUECRY_TRY_ASSIGN(const auto root, me.engine().store().setting("root_seed"));
        HUECRY_TRY_ASSIGN(const auto saved, me.engine().store().setting("root_backed_up"));
        if (root)
            add(out, saved.has_value(), "root key",
                saved ? "The root key has been backed up."
                      : "The root key has not been backed up: huecry authority backup FILE.");
        return out;
    });
}

/// struct { opaque magic<V>; opaque partnership[32]; uint32 passes; uint32 memory_kib;
///          opaque salt[16]; opaque nonce[12]; opaque sealed<V>; } RootBackup; sealed holds the
/// seeds of the root key and of the next one (64 bytes); all before the nonce is authenticated.
Result<Bytes> Client::backup_root(const SecretBytes& passphrase) {
    if (passphrase.empty()) return Errc::passphrase_missing;
    return impl_->call([&passphrase](Impl& me) -> Result<Bytes> {
        auto& store = me.engine().store();
        HUECRY_TRY_ASSIGN(const auto root, store.setting("root_seed"));
        HUECRY_TRY_ASSIGN(const auto next, store.setting("next_root_seed"));
        if (!root || !next)
            return Error{Errc::not_found, "this profile did not create the partnership"};
        const crypto::PassphraseCost cost;
        const auto salt = me.random().bytes(crypto::passphrase_salt_size);
        HUECRY_TRY_ASSIGN(const auto key, crypto::passphrase_key(passphrase.view(), salt, cost));
        Writer w;
        w.opaque(view(backup_magic)).raw(me.self().partnership.view());
        w.u32(cost.passes).u32(cost.memory_kib).raw(salt);
        const auto& aead = crypto::chacha20_poly1305();
        const auto nonce = me.random().bytes(aead.nonce_size());
        SecretBytes seeds(root->size() + next->size());
        std::copy(root->begin(), root->end(), seeds.span().begin());
        std::copy(next->begin(), next->end(), seeds.span().begin() + 32);
        const auto sealed = aead.seal(key.view(), nonce, w.bytes(), seeds.view());
        w.raw(nonce).opaque(sealed);
        return w.take();
    });
}

Result<void> Client::confirm_root_backup() {
    return impl_->call(
        [](Impl& me) { return me.engine().store().set_setting("root_backed_up", view("1")); });
}

}  // namespace huecry
