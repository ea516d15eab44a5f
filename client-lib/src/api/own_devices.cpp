#include "api/enrolment.hpp"
#include "api/impl.hpp"
#include "huecry/directory/build.hpp"

// This device's own key, replaced. The old device must never see its own end in the directory, or
// it would erase what is to go on: it is offline while the statement is made, and what was meant is
// in the store before anything is said.
namespace huecry {
namespace {

using namespace std::chrono_literals;

constexpr auto limit = 20s;
constexpr std::string_view next_device = "next_device_seed";
constexpr std::string_view next_sealing = "next_sealing_key";

struct Rotation {
    net::Identity old_identity, new_identity;
    v1::Frame frame;
};

net::Identity identity_of(Client::Impl& me, const std::shared_ptr<const SigningKey>& key) {
    return {me.relay(), me.self().partnership, ClientKind::device,
            StreamRef::mailbox(device_id_of(key->public_key)).id, key};
}

Result<void> nothing_under_way(Client::Impl& me) {
    HUECRY_TRY_ASSIGN(const auto waiting, me.store().outbox_size());
    auto flying = me.db().prepare("SELECT 1 FROM submission LIMIT 1");
    HUECRY_TRY_ASSIGN(const bool any, flying.step());
    if (waiting != 0 || any)
        return Error{Errc::busy, "something has still to be sent; try again when it is out"};
    return {};
}

/// New keys, kept beside the old ones, and the statement that puts them in their place.
Result<Rotation> begin(Client::Impl& me) {
    HUECRY_TRY(nothing_under_way(me));
    HUECRY_TRY_ASSIGN(const auto* state, me.directory());
    if (!state->is_active(me.self().device)) return Errc::not_permitted;
    const auto seed = me.random().secret(32);
    const auto sealing = me.random().secret(crypto::x25519_size);
    auto store = me.store();
    HUECRY_TRY_ASSIGN(auto transaction, me.db().begin());
    HUECRY_TRY(store.set_setting(next_device, seed.view()));
    HUECRY_TRY(store.set_setting(next_sealing, sealing.view()));
    HUECRY_TRY(transaction.commit());
    auto key = std::make_shared<const SigningKey>(signing_key_from_seed(seed.view()));
    const auto sealing_public =
        PublicKey::from(crypto::x25519_public(sealing.view())).value_or(PublicKey{});
    const auto statement =
        directory::make_statement(*state, me.new_id<directory::Nonce>(),
                                  directory::DeviceKeyRotated{key->public_key, sealing_public});
    const auto outer = directory::sign_rotation(statement, *me.self().key, *key);
    Rotation out{identity_of(me, me.self().key), identity_of(me, key), {}};
    auto& submit = *out.frame.mutable_submit();
    submit.mutable_stream()->set_kind(static_cast<std::uint32_t>(StreamKind::directory));
    submit.mutable_stream()->set_id(to_string(BytesView(StreamRef::directory().id)));
    auto& item = *submit.add_items();
    item.set_message_id(to_string(me.new_id<MessageId>().view()));
    item.set_kind(static_cast<std::uint32_t>(EntryKind::statement));
    item.set_body(to_string(outer.encode()));
    HUECRY_TRY(me.pause());
    return out;
}

Result<void> forget(Client::Impl& me) {
    auto store = me.store();
    HUECRY_TRY_ASSIGN(auto transaction, me.db().begin());
    HUECRY_TRY(store.erase_setting(next_device));
    HUECRY_TRY(store.erase_setting(next_sealing));
    return transaction.commit();
}

/// The new keys count: groups and key packages belong to the old ones.
Result<void> adopt(Client::Impl& me) {
    auto store = me.store();
    HUECRY_TRY_ASSIGN(auto seed, store.setting(next_device));
    HUECRY_TRY_ASSIGN(auto sealing, store.setting(next_sealing));
    if (!seed || !sealing) return Error{Errc::store_damaged, "the new device key"};
    const SecretBytes kept_seed(*seed), kept_sealing(*sealing);
    HUECRY_TRY_ASSIGN(auto transaction, me.db().begin());
    HUECRY_TRY(store.set_setting("device_seed", kept_seed.view()));
    HUECRY_TRY(store.set_setting("sealing_key", kept_sealing.view()));
    HUECRY_TRY(store.erase_setting(next_device));
    HUECRY_TRY(store.erase_setting(next_sealing));
    HUECRY_TRY_ASSIGN(const auto channels, store.channels());
    for (const auto& row : channels) HUECRY_TRY(store.erase_channel(row.channel, row.incarnation));
    HUECRY_TRY(me.db().execute("DELETE FROM key_package"));
    return transaction.commit();
}

/// Is the new device in the directory? The relay's handshake tells.
enum class Standing : std::uint8_t { counted, unknown_to_relay, not_reached };
Standing ask(const net::Identity& identity, crypto::Random& random) {
    api::Enrolment relay(identity, random);
    const auto connected = relay.connect(limit);
    if (connected) return Standing::counted;
    return connected.error().code == Errc::unknown_partnership ? Standing::unknown_to_relay
                                                               : Standing::not_reached;
}

}  // namespace

Result<void> Client::rotate_device_key() {
    HUECRY_TRY_ASSIGN(const auto rotation,
                      impl_->call([](Impl& me) -> Result<std::shared_ptr<Rotation>> {
                          HUECRY_TRY_ASSIGN(auto begun, begin(me));
                          return std::make_shared<Rotation>(std::move(begun));
                      }));
    crypto::SystemRandom random;
    Result<void> said = Error{Errc::unreachable};
    for (int tries = 0; tries < 3; ++tries) {
        api::Enrolment relay(rotation->old_identity, random);
        said = relay.connect(limit);
        if (said) {
            const auto answer = relay.request(rotation->frame, limit);
            if (answer) break;
            said = answer.error();
        }
        // The old device is out: the statement was counted, and only its answer was lost.
        if (said.error().code == Errc::device_removed) said = {};
        if (said || !retryable(said.error().code)) break;
    }
    const bool unknown = !said && retryable(said.error().code);
    return impl_->call([said, unknown](Impl& me) -> Result<void> {
        // Without an answer the question stays open; `open` asks again.
        if (unknown) return me.restart(true).ok() ? said : Result<void>(Errc::store_failed);
        auto settled = said ? adopt(me) : forget(me);
        HUECRY_TRY(settled);
        HUECRY_TRY(me.restart(true));
        return said;
    });
}

/// A change of key whose answer was lost is finished, or dropped, before anything else is done.
Result<void> Client::settle_key_rotation() {
    HUECRY_TRY_ASSIGN(
        const auto pending, impl_->call([](Impl& me) -> Result<std::shared_ptr<net::Identity>> {
            HUECRY_TRY_ASSIGN(auto seed, me.store().setting(next_device));
            if (!seed) return std::shared_ptr<net::Identity>();
            const SecretBytes kept(*seed);
            return std::make_shared<net::Identity>(identity_of(
                me, std::make_shared<const SigningKey>(signing_key_from_seed(kept.view()))));
        }));
    if (!pending) return {};
    crypto::SystemRandom random;
    const auto standing = ask(*pending, random);
    if (standing == Standing::not_reached) return {};
    return impl_->call([standing](Impl& me) -> Result<void> {
        HUECRY_TRY(standing == Standing::counted ? adopt(me) : forget(me));
        return me.restart(false);
    });
}

}  // namespace huecry
