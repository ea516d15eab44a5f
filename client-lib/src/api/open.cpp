#include "api/enrolment.hpp"
#include "api/impl.hpp"
#include "domain/text.hpp"
#include "huecry/directory/build.hpp"
#include "huecry/directory/document_key.hpp"
#include "huecry/directory/invite_keys.hpp"

// Making, joining and opening a profile.
namespace huecry {
namespace {

using namespace std::chrono_literals;

constexpr auto enrol_limit = 20s;

template <class IdType>
IdType random_id(crypto::Random& random) {
    std::array<std::uint8_t, IdType::size> bytes{};
    random.fill(bytes);
    return IdType(bytes);
}

SigningKey new_key(crypto::Random& random) {
    const auto seed = random.secret(32);
    return signing_key_from_seed(seed.view());
}

PublicKey public_of(const SecretBytes& x25519_private) {
    return PublicKey::from(crypto::x25519_public(x25519_private.view())).value_or(PublicKey{});
}

struct Founding {
    directory::Genesis genesis;
    api::NewProfile profile;
};

api::NewProfile::Name keep(const content::v1::NameRecord& r) {
    return {r.kind(), to_bytes(view(r.id())), to_bytes(view(r.salt())), r.name()};
}

/// Keys, ids and salted names of a partnership that does not exist yet.
Founding found(const CreateOptions& options, const RelayAddress& relay, const SigningKey& root,
               const SigningKey& next_root, crypto::Random& random) {
    Founding out;
    auto& g = out.genesis;
    auto& p = out.profile;
    p.relay = relay;
    p.device = new_key(random);
    p.sealing_key = random.secret(crypto::x25519_size);
    p.root_seed = root.seed.clone();
    p.next_root_seed = next_root.seed.clone();
    g.root_key = root.public_key;
    g.next_root_hash = directory::root_hash(next_root.public_key);
    g.relay_key = *relay.key;
    g.relay_host = relay.host;
    g.relay_port = relay.port;
    g.member = random_id<MemberId>(random);
    g.signing_key = p.device.public_key;
    g.sealing_key = public_of(p.sealing_key);
    g.organisation = random_id<OrganisationId>(random);
    auto& all = g.all_members;
    all.id = random_id<ChannelId>(random);
    all.read_roles = directory::every_role;
    all.post_roles = directory::every_role;
    all.max_alert_s = limits::alert_expiry_max_s;
    all.max_photo_s = limits::alert_photo_max_s;
    all.all_members = true;
    all.creator = device_id_of(p.device.public_key);
    const auto member = make_name(random, 1, g.member.view(), options.member);
    const auto organisation =
        make_name(random, 2, g.organisation.view(),
                  options.organisation.empty() ? options.name : options.organisation);
    const auto channel = make_name(random, 3, all.id.view(), "all-members");
    const auto partnership = make_name(random, 4, {}, options.name);
    g.member_name_hash = hash_of(member);
    g.organisation_name_hash = hash_of(organisation);
    all.name_hash = hash_of(channel);
    g.partnership_name_hash = hash_of(partnership);
    p.names = {keep(member), keep(organisation), keep(channel), keep(partnership)};
    return out;
}

}  // namespace

Result<Client> Client::create_partnership(CreateOptions options) {
    if (!initialise_crypto()) return Errc::internal;
    HUECRY_TRY_ASSIGN(const auto relay, RelayAddress::parse(options.relay));
    if (!relay.key) return Errc::relay_key_unknown;
    HUECRY_TRY(domain::check_name(options.name));
    HUECRY_TRY(domain::check_name(options.member));
    if (!options.organisation.empty()) HUECRY_TRY(domain::check_name(options.organisation));
    HUECRY_TRY(api::check_no_profile(options.profile));

    crypto::SystemRandom random;
    const auto root = new_key(random);
    const auto next_root = new_key(random);
    auto founding = found(options, relay, root, next_root, random);
    auto& profile = founding.profile;
    const auto statement =
        directory::make_genesis(random_id<directory::Nonce>(random), founding.genesis);
    const auto genesis = directory::sign_genesis(statement, root, profile.device);
    profile.partnership = directory::partnership_id(statement.encode());
    for (auto& name : profile.names)
        if (name.kind == 4) name.id = to_bytes(profile.partnership.view());

    const auto device = device_id_of(profile.device.public_key);
    api::Enrolment relay_connection(
        {relay, profile.partnership, ClientKind::founder, StreamRef::mailbox(device).id,
         std::make_shared<const SigningKey>(profile.device.clone())},
        random);
    HUECRY_TRY(relay_connection.connect(enrol_limit));
    v1::Frame frame;
    frame.mutable_create_partnership()->set_genesis(to_string(genesis.encode()));
    frame.mutable_create_partnership()->set_code(options.code);
    // The profile first: a partnership whose keys were lost in between could not be used.
    HUECRY_TRY(api::write_profile(options.profile, options.secret, profile, random));
    auto answer = relay_connection.request(std::move(frame), enrol_limit);
    if (!answer) {
        api::erase_profile(options.profile);
        return answer.error();
    }
    HUECRY_TRY_ASSIGN(auto client, open({std::move(options.profile), std::move(options.secret),
                                         std::move(options.log)}));
    (void)client.sync(enrol_limit);  // the partnership exists, whether or not this succeeds
    return client;
}

namespace {

struct Terms {
    directory::State state;
    directory::Invite invite;
    std::optional<SecretBytes> document_key;
    AgreementInfo agreement;
};

Result<void> check_invite(const directory::State& state, const directory::Invite* invite) {
    if (invite == nullptr) return Errc::invite_unknown;
    switch (invite->state) {
        case directory::InviteState::used:
            return Errc::invite_used;
        case directory::InviteState::withdrawn:
        case directory::InviteState::voided:
            return Errc::invite_withdrawn;
        case directory::InviteState::open:
            break;
    }
    if (state.time_ms() >= invite->expires_ms) return Errc::invite_expired;
    return {};
}

/// The invite in the directory, and the agreement that it asks to accept.
Result<Terms> fetch_terms(api::Enrolment& relay, const directory::State& state,
                          const directory::InviteKeys& keys) {
    Terms out{state, *state.invite(keys.id()), {}, {}};
    const auto& agreement = out.state.agreement();
    if (!agreement) return out;
    out.agreement.version = agreement->version;
    out.agreement.published_ms = agreement->published_ms;
    out.agreement.deadline_ms = agreement->deadline_ms;
    const auto& sealed = out.invite.terms.sealed_document_key;
    if (sealed.empty()) return Error{Errc::agreement_missing, "the invite lacks its key"};
    HUECRY_TRY_ASSIGN(auto key,
                      directory::open_document_key(sealed, keys.seal_public, keys.seal_private));
    HUECRY_TRY_ASSIGN(const auto blob, relay.fetch_document(agreement->blob, enrol_limit));
    HUECRY_TRY_ASSIGN(out.agreement.text, directory::open_document(key, blob));
    if (directory::document_digest(key, out.agreement.text) != agreement->text_digest)
        return Error{Errc::digest_mismatch, "the agreement's text"};
    out.document_key = std::move(key);
    return out;
}

Result<void> submit_admission(api::Enrolment& relay, const v1::Frame& frame) {
    HUECRY_TRY(relay.request(frame, enrol_limit));
    return {};
}

v1::Frame admission_frame(const directory::State& state, const directory::InviteKeys& keys,
                          const SigningKey& device, const PublicKey& sealing,
                          crypto::Random& random) {
    const auto statement =
        directory::make_statement(state, random_id<directory::Nonce>(random),
                                  directory::DeviceAdmitted{keys.id(), device.public_key, sealing});
    const auto admission = directory::sign_admission(statement, keys.signing, device);
    v1::Frame frame;
    auto& submit = *frame.mutable_submit();
    submit.mutable_stream()->set_kind(static_cast<std::uint32_t>(StreamKind::directory));
    submit.mutable_stream()->set_id(to_string(BytesView(StreamRef::directory().id)));
    auto& item = *submit.add_items();
    item.set_message_id(to_string(random_id<MessageId>(random).view()));
    item.set_kind(static_cast<std::uint32_t>(EntryKind::statement));
    item.set_body(to_string(admission.encode()));
    return frame;
}

Error already_used(bool raised) {
    return {Errc::invite_used, std::string("somebody has joined with this link before you. ") +
                                   (raised ? "The coordinators have been alarmed. "
                                           : "The alarm was raised before. ") +
                                   "If it was not you, tell your coordinator now, by telephone"};
}

/// A second use proves that two hold the link's secret: shown to the relay, which enters it, it
/// raises the alarm. The keys are of no use to anybody afterwards.
Error raise_alarm(api::Enrolment& relay, const directory::State& state,
                  const directory::InviteKeys& keys, crypto::Random& random) {
    if (state.invite(keys.id())->alarm_index != 0) return already_used(false);
    const auto frame = admission_frame(state, keys, new_key(random),
                                       public_of(random.secret(crypto::x25519_size)), random);
    const auto shown = relay.request(frame, enrol_limit);
    return already_used(!shown && shown.error().code == Errc::invite_used);
}

Result<void> check_kind(const InviteLink& link, bool further_device) {
    const bool device = link.kind == LinkKind::device;
    if (device == further_device) return {};
    if (further_device) return Error{Errc::link_kind, "it invites a new member: huecry join LINK"};
    return Error{Errc::link_kind,
                 "it is no invitation: whoever opens it acts as somebody who is a member already. "
                 "People have been robbed by such links dressed up as invitations. If you have not "
                 "made it yourself on your other device just now, do not use it, and tell your "
                 "coordinator who sent it. If you have: huecry link-device LINK"};
}

bool outcome_unknown(const Error& error) {
    return error.code == Errc::unreachable || error.code == Errc::timed_out ||
           error.code == Errc::draining;
}

}  // namespace

Result<Client> Client::join(JoinOptions options) { return enrol(std::move(options), false); }
Result<Client> Client::join_as_device(JoinOptions options) {
    return enrol(std::move(options), true);
}

Result<Client> Client::enrol(JoinOptions options, bool further_device) {
    if (!initialise_crypto()) return Errc::internal;
    HUECRY_TRY_ASSIGN(const auto link, InviteLink::parse(options.link));
    HUECRY_TRY(check_kind(link, further_device));
    HUECRY_TRY(api::check_no_profile(options.profile));
    HUECRY_TRY_ASSIGN(const auto keys, directory::invite_keys(link.secret.view()));
    crypto::SystemRandom random;
    const net::Identity identity{link.relay, link.partnership, ClientKind::invite,
                                 StreamRef::mailbox(*DeviceId::from(keys.id().view())).id,
                                 std::make_shared<const SigningKey>(keys.signing.clone())};
    api::Enrolment relay(identity, random);
    const auto connected = relay.connect(enrol_limit);
    if (!connected && connected.error().code == Errc::invite_used) return already_used(false);
    if (!connected) return connected.error();
    HUECRY_TRY_ASSIGN(auto directory,
                      relay.fetch_directory(link.partnership, *link.relay.key, enrol_limit));
    if (auto open = check_invite(directory, directory.invite(keys.id())); !open) {
        if (open.error().code != Errc::invite_used) return open.error();
        return raise_alarm(relay, directory, keys, random);
    }
    HUECRY_TRY_ASSIGN(auto terms, fetch_terms(relay, directory, keys));
    // A further device belongs to a member who has accepted it, or is asked there.
    const bool asks =
        terms.agreement.version != 0 &&
        !(further_device && directory.member(terms.invite.terms.member) &&
          directory.member(terms.invite.terms.member)->accepted_version == terms.agreement.version);
    if (asks && (!options.accept || !options.accept(link.partnership_name, terms.agreement)))
        return Errc::cancelled;

    api::NewProfile profile;
    profile.partnership = link.partnership;
    profile.relay = link.relay;
    profile.device = new_key(random);
    profile.sealing_key = random.secret(crypto::x25519_size);
    if (terms.document_key) {
        profile.document_key = std::move(terms.document_key);
        profile.agreement_version = terms.agreement.version;
        profile.agreement_blob = terms.state.agreement()->blob;
    }
    const auto frame =
        admission_frame(terms.state, keys, profile.device, public_of(profile.sealing_key), random);
    HUECRY_TRY(api::write_profile(options.profile, options.secret, profile, random));
    auto admitted = submit_admission(relay, frame);
    // No answer: the same bytes again; what was counted already says so by its own device.
    for (int tries = 0; !admitted && outcome_unknown(admitted.error()) && tries < 3; ++tries) {
        api::Enrolment again(identity, random);
        admitted = again.connect(enrol_limit);
        if (!admitted) continue;
        const auto state = again.fetch_directory(link.partnership, *link.relay.key, enrol_limit);
        if (state && state->device(device_id_of(profile.device.public_key)) != nullptr)
            admitted = {};
        else
            admitted = submit_admission(again, frame);
    }
    if (!admitted) {
        api::erase_profile(options.profile);
        return admitted.error();
    }
    HUECRY_TRY_ASSIGN(auto client, open({std::move(options.profile), std::move(options.secret),
                                         std::move(options.log)}));
    HUECRY_TRY(client.impl_->expect_partnership_name(link.partnership_name));
    if (asks) {
        auto accepted = client.sync(enrol_limit);
        if (accepted || accepted.error().code == Errc::timed_out)
            accepted = client.accept_agreement(terms.agreement.version);
        if (!accepted) return accepted.error();
    }
    return client;
}

Result<Client> Client::open(OpenOptions options) {
    if (!initialise_crypto()) return Errc::internal;
    HUECRY_TRY_ASSIGN(auto profile, api::open_profile(options.profile, options.secret));
    auto impl = std::make_shared<Impl>(std::move(profile), std::move(options.log));
    HUECRY_TRY(impl->start(false));
    Client client(std::move(impl));
    if (!options.online) return client;
    HUECRY_TRY(client.settle_key_rotation());
    HUECRY_TRY(client.impl_->call([](Impl& me) -> Result<void> {
        me.engine().start();
        return {};
    }));
    return client;
}

Result<std::string> Client::probe_relay(const std::string& address) {
    if (!initialise_crypto()) return Errc::internal;
    HUECRY_TRY_ASSIGN(auto relay, RelayAddress::parse(address));
    crypto::SystemRandom random;
    auto promise = std::make_shared<std::promise<Result<PublicKey>>>();
    auto future = promise->get_future();
    net::Runtime runtime(random);
    runtime.probe_relay_key(relay, [promise](Result<PublicKey> key) { promise->set_value(key); });
    if (future.wait_for(enrol_limit) != std::future_status::ready) return Errc::unreachable;
    HUECRY_TRY_ASSIGN(relay.key, future.get());
    return relay.text();
}

Result<void> Client::change_passphrase(const std::filesystem::path& profile,
                                       const ProfileSecret& now, const ProfileSecret& next) {
    if (!initialise_crypto()) return Errc::internal;
    crypto::SystemRandom random;
    return api::change_profile_secret(profile, now, next, random);
}

}  // namespace huecry
