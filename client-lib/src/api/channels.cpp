#include "api/impl.hpp"
#include "domain/text.hpp"
#include "huecry/directory/document_key.hpp"

// Channels and the agreement.
namespace huecry {
namespace {

constexpr auto upload_limit = std::chrono::seconds(60);

directory::RoleMask mask_of(const std::vector<Role>& roles) {
    if (roles.empty()) return directory::every_role;
    directory::RoleMask out = 0;
    for (const auto role : roles)
        out = static_cast<directory::RoleMask>(out | directory::bit(role));
    return out;
}

std::vector<Role> roles_of(directory::RoleMask mask) {
    std::vector<Role> out;
    for (const auto role : directory::all_roles)
        if (directory::contains(mask, role)) out.push_back(role);
    return out;
}

std::uint32_t seconds(const std::optional<std::chrono::seconds>& given, std::uint64_t fallback) {
    return static_cast<std::uint32_t>(given ? static_cast<std::uint64_t>(given->count())
                                            : fallback);
}

Result<void> fill(directory::Channel& channel, const ChannelRequest& request) {
    channel.read_roles = mask_of(request.read);
    channel.post_roles = request.post.empty() ? channel.read_roles : mask_of(request.post);
    if ((channel.post_roles & ~channel.read_roles) != 0)
        return Error{Errc::invalid_argument, "who may post must also be able to read"};
    channel.requires_agreement = request.requires_agreement;
    channel.max_alert_s = seconds(request.max_expiry, limits::alert_expiry_max_s);
    channel.max_photo_s = std::min<std::uint32_t>(
        seconds(request.max_photo_expiry, limits::alert_photo_max_s), channel.max_alert_s);
    if (channel.max_alert_s == 0 || channel.max_photo_s == 0)
        return Error{Errc::invalid_argument, "a life of nothing"};
    return {};
}

}  // namespace

Result<ChannelId> Client::create_channel(const ChannelRequest& request) {
    HUECRY_TRY(domain::check_name(request.name));
    auto name = std::make_shared<content::v1::NameRecord>();
    auto id = std::make_shared<ChannelId>();
    HUECRY_TRY(impl_->state([request, name, id](Impl& me) -> Result<directory::Body> {
        if (!me.projection().channels_by_name(request.name).empty())
            return Error{Errc::invalid_argument, "there is a channel of this name"};
        directory::Channel channel;
        channel.id = me.new_id<ChannelId>();
        HUECRY_TRY(fill(channel, request));
        channel.creator = me.self().device;
        *id = channel.id;
        *name = make_name(me.random(), 3, channel.id.view(), request.name);
        channel.name_hash = hash_of(*name);
        return directory::Body{directory::ChannelDefined{channel}};
    }));
    HUECRY_TRY(impl_->call([name](Impl& me) { return me.publish_names({*name}); }));
    return *id;
}

Result<void> Client::change_channel(const ChannelId& id, const ChannelRequest& request) {
    if (!request.name.empty()) HUECRY_TRY(domain::check_name(request.name));
    auto name = std::make_shared<std::optional<content::v1::NameRecord>>();
    HUECRY_TRY(impl_->state([id, request, name](Impl& me) -> Result<directory::Body> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        const auto* record = state->channel(id);
        if (record == nullptr) return Errc::channel_unknown;
        auto channel = record->settings;
        HUECRY_TRY(fill(channel, request));
        if (!request.name.empty()) {
            *name = make_name(me.random(), 3, id.view(), request.name);
            channel.name_hash = hash_of(**name);
        }
        return directory::Body{directory::ChannelChanged{channel}};
    }));
    if (!*name) return {};
    return impl_->call([name](Impl& me) { return me.publish_names({**name}); });
}

Result<std::vector<ChannelInfo>> Client::channels() {
    return impl_->call([](Impl& me) -> Result<std::vector<ChannelInfo>> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        const auto& self = me.self().device;
        std::vector<ChannelInfo> out;
        for (const auto& [id, record] : state->channels()) {
            const auto& settings = record.settings;
            ChannelInfo info;
            info.id = id;
            info.name = me.projection().channel_name(id);
            info.read = roles_of(settings.read_roles);
            info.post = roles_of(settings.post_roles);
            info.can_read = state->reads(self, id);
            info.can_post = state->posts(self, id);
            info.requires_agreement = settings.requires_agreement;
            info.all_members = settings.all_members;
            info.max_expiry = std::chrono::seconds(settings.max_alert_s);
            info.max_photo_expiry = std::chrono::seconds(settings.max_photo_s);
            for (const auto& reader : state->readers(id))
                if (reader != self) ++info.readers;
            if (const auto* channel = me.engine().channel(id)) {
                info.joined = channel->joined();
                info.provisional = channel->row().provisional;
                const auto size = channel->group_size();
                info.group_members = size > 0 ? static_cast<std::uint32_t>(size - 1) : 0;
            }
            out.push_back(std::move(info));
        }
        return out;
    });
}

// -- agreement

namespace {

/// The document key sealed for every invite that may still be redeemed.
Result<std::vector<directory::SealedForInvite>> seal_for_invites(const directory::State& state,
                                                                 const SecretBytes& key,
                                                                 std::uint64_t now_ms) {
    std::vector<directory::SealedForInvite> out;
    for (const auto& [id, invite] : state.invites()) {
        if (invite.state != directory::InviteState::open || invite.expires_ms <= now_ms) continue;
        HUECRY_TRY_ASSIGN(auto sealed, directory::seal_document_key(key, invite.terms.seal_key));
        out.push_back({id, std::move(sealed)});
    }
    return out;
}

}  // namespace

Result<std::uint32_t> Client::publish_agreement(const std::string& text,
                                                std::optional<std::chrono::seconds> deadline) {
    if (text.empty()) return Errc::text_empty;
    HUECRY_TRY(domain::check_paragraphs(text, limits::max_agreement));
    auto key = std::make_shared<SecretBytes>();
    auto blob = std::make_shared<BlobId>();
    HUECRY_TRY(impl_->call_async<void>(
        [&text, key, blob](Impl& me, const std::function<void(Result<void>)>& done) {
            *key = me.random().secret(directory::document_key_size);
            *blob = me.new_id<BlobId>();
            auto sealed = directory::seal_document(*key, me.random().bytes(24), text);
            if (!sealed) return done(sealed.error());
            me.engine().put_document(*blob, std::move(*sealed), done);
        },
        upload_limit));
    auto version = std::make_shared<std::uint32_t>(0);
    HUECRY_TRY(
        impl_->state([&text, key, blob, version, deadline](Impl& me) -> Result<directory::Body> {
            HUECRY_TRY_ASSIGN(const auto* state, me.directory());
            directory::AgreementPublished body;
            *version = body.version = state->agreement() ? state->agreement()->version + 1 : 1;
            body.text_digest = directory::document_digest(*key, text);
            body.blob = *blob;
            body.text_size = static_cast<std::uint32_t>(text.size());
            body.deadline_ms = static_cast<std::uint64_t>(
                std::chrono::milliseconds(
                    deadline.value_or(std::chrono::seconds(limits::agreement_deadline_s)))
                    .count());
            HUECRY_TRY_ASSIGN(body.sealed, seal_for_invites(*state, *key, me.clock().now_ms()));
            return directory::Body{body};
        }));
    HUECRY_TRY(impl_->call([&text, key, blob, version](Impl& me) -> Result<void> {
        HUECRY_TRY_ASSIGN(auto transaction, me.db().begin());
        HUECRY_TRY(me.projection().keep_agreement_key(*version, *blob, key->view()));
        HUECRY_TRY(me.projection().keep_agreement_text(*version, text));
        HUECRY_TRY(transaction.commit());
        me.projection().committed();
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        domain::Outgoing message{state->all_members(),
                                 me.new_id<MessageId>(),
                                 {},
                                 std::chrono::seconds(limits::record_expiry_s)};
        auto& said = *message.content.mutable_agreement();
        said.set_version(*version);
        said.set_blob(to_string(blob->view()));
        said.set_key(to_string(key->view()));
        return me.engine().enqueue(message, {});
    }));
    return *version;
}

Result<AgreementInfo> Client::agreement() {
    return impl_->call(
        [](Impl& me) -> Result<AgreementInfo> { return me.projection().agreement(); });
}

Result<void> Client::accept_agreement(std::uint32_t version) {
    return impl_->state([version](Impl& me) -> Result<directory::Body> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        if (!state->agreement() || state->agreement()->version != version)
            return Error{Errc::not_found, "no such version of the agreement"};
        return directory::Body{directory::AgreementAccepted{version}};
    });
}

}  // namespace huecry
