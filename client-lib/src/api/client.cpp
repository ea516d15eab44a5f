#include "api/impl.hpp"

// The life of a client: what it is, waiting for the relay, events, closing.
namespace huecry {

Client::Client(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() {
    if (impl_) impl_->close();
}
void Client::close() { impl_->close(); }

Result<PartnershipInfo> Client::info() {
    return impl_->call([](Impl& me) -> Result<PartnershipInfo> {
        auto& store = me.engine().store();
        PartnershipInfo out;
        out.id = me.self().partnership;
        out.name = me.projection().partnership_name();
        if (out.name.empty()) {
            HUECRY_TRY_ASSIGN(const auto told, store.setting("partnership_name"));
            if (told) out.name = to_string(*told);
        }
        out.relay = me.relay().text();
        out.self = me.projection().person(me.self().device);
        out.online = me.engine().online();
        out.content_hidden = me.clock().hidden();
        HUECRY_TRY_ASSIGN(const auto root, store.setting("root_seed"));
        HUECRY_TRY_ASSIGN(const auto backed_up, store.setting("root_backed_up"));
        out.root_key_not_backed_up = root && !backed_up;
        HUECRY_TRY_ASSIGN(const auto removed, store.setting("removed"));
        const auto& trouble = me.engine().trouble();
        if (removed || (trouble && trouble->code == Errc::device_removed))
            out.standing = PartnershipInfo::Standing::removed;
        if (!me.engine().directory().known()) return out;
        const auto& state = me.engine().directory().state();
        out.directory_index = state.index();
        const auto* device = state.device(me.self().device);
        if (device != nullptr && device->state == directory::DeviceState::pending)
            out.standing = PartnershipInfo::Standing::pending;
        return out;
    });
}

Result<void> Client::sync(std::chrono::milliseconds limit) {
    HUECRY_TRY(impl_->call([](Impl& me) -> Result<void> {
        if (me.paused()) return Error{Errc::busy, "the device's key is being changed"};
        if (!me.engine().online()) me.engine().reconnect();
        return {};
    }));
    HUECRY_TRY_ASSIGN(const auto settled,
                      impl_->wait_for<bool>(
                          [](Impl& me) -> Result<std::optional<bool>> {
                              auto& engine = me.engine();
                              if (engine.settled()) return std::optional<bool>(true);
                              const auto& trouble = engine.trouble();
                              if (!engine.online() && trouble && !engine.will_retry())
                                  return *trouble;
                              return std::optional<bool>{};
                          },
                          limit));
    if (settled) return {};
    return impl_->call([](Impl& me) -> Result<void> {
        if (me.engine().online()) return Errc::timed_out;
        const auto& trouble = me.engine().trouble();
        return trouble ? *trouble : Error{Errc::unreachable};
    });
}

// -- events

Result<std::optional<Event>> Client::next_event(std::uint64_t after,
                                                std::chrono::milliseconds limit) {
    return impl_->wait_for<Event>(
        [after](Impl& me) -> Result<std::optional<Event>> {
            return me.projection().next_event(after);
        },
        limit);
}
Result<void> Client::mark_shown(std::uint64_t number) {
    return impl_->call([number](Impl& me) { return me.projection().mark_shown(number); });
}
Result<std::uint64_t> Client::first_unshown() {
    return impl_->call(
        [](Impl& me) -> Result<std::uint64_t> { return me.projection().first_unshown(); });
}

// -- what people type

namespace {

std::string lower_hex(std::string_view text) {
    std::string out(text);
    for (auto& c : out)
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

/// The one id of a list that begins as typed; at least 4 characters.
template <class IdType>
Result<IdType> by_prefix(std::string_view text, const std::vector<IdType>& ids) {
    const auto wanted = lower_hex(text);
    std::optional<IdType> found;
    if (wanted.size() < 4) return Errc::not_found;
    for (const auto& id : ids) {
        if (!id.hex().starts_with(wanted)) continue;
        if (found) return Errc::ambiguous;
        found = id;
    }
    return found ? Result<IdType>(*found) : Errc::not_found;
}

}  // namespace

Result<ChannelId> Client::find_channel(std::string_view text) {
    return impl_->call([text](Impl& me) -> Result<ChannelId> {
        const auto named = me.projection().channels_by_name(text);
        if (named.size() == 1) return named.front();
        if (named.size() > 1) return Errc::ambiguous;
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        std::vector<ChannelId> ids;
        for (const auto& [id, record] : state->channels()) ids.push_back(id);
        auto found = by_prefix(text, ids);
        if (!found && found.error().code == Errc::not_found) return Errc::channel_unknown;
        return found;
    });
}
Result<MessageId> Client::find_alert(std::string_view text) {
    return impl_->call([text](Impl& me) { return me.projection().find_alert(text); });
}
Result<DeviceId> Client::find_device(std::string_view text) {
    return impl_->call([text](Impl& me) -> Result<DeviceId> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        std::vector<DeviceId> ids;
        std::optional<DeviceId> newest;
        std::uint64_t newest_index = 0;
        std::vector<DeviceId> named;
        for (const auto& [id, device] : state->devices()) {
            ids.push_back(id);
            if (device.admitted_index >= newest_index) {
                newest = id;
                newest_index = device.admitted_index;
            }
            if (device.state != directory::DeviceState::revoked &&
                me.projection().member_name(device.member) == text)
                named.push_back(id);
        }
        if (text == "last" && newest) return *newest;
        if (named.size() == 1) return named.front();
        if (named.size() > 1) return Errc::ambiguous;
        return by_prefix(text, ids);
    });
}
Result<InviteId> Client::find_invite(std::string_view text) {
    return impl_->call([text](Impl& me) -> Result<InviteId> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        std::vector<InviteId> ids;
        std::optional<InviteId> newest;
        std::uint64_t newest_index = 0;
        for (const auto& [id, invite] : state->invites()) {
            ids.push_back(id);
            if (invite.issued_index >= newest_index) {
                newest = id;
                newest_index = invite.issued_index;
            }
        }
        if (text == "last" && newest) return *newest;
        return by_prefix(text, ids);
    });
}

Result<MemberId> Client::find_member(std::string_view text) {
    return impl_->call([text](Impl& me) -> Result<MemberId> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        std::vector<MemberId> ids, named;
        for (const auto& [id, member] : state->members()) {
            ids.push_back(id);
            if (me.projection().member_name(id) == text) named.push_back(id);
        }
        if (named.size() == 1) return named.front();
        if (named.size() > 1) return Errc::ambiguous;
        return by_prefix(text, ids);
    });
}
Result<OrganisationId> Client::find_organisation(std::string_view text) {
    return impl_->call([text](Impl& me) -> Result<OrganisationId> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        std::vector<OrganisationId> ids, named;
        for (const auto& [id, hash] : state->organisations()) {
            ids.push_back(id);
            if (me.projection().organisation_name(id) == text) named.push_back(id);
        }
        if (named.size() == 1) return named.front();
        if (named.size() > 1) return Errc::ambiguous;
        return by_prefix(text, ids);
    });
}
Result<StatementId> Client::find_proposal(std::string_view text) {
    return impl_->call([text](Impl& me) -> Result<StatementId> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        std::vector<StatementId> ids;
        for (const auto& [id, proposal] : state->proposals()) ids.push_back(id);
        if (text == "last" && ids.size() == 1) return ids.front();
        return by_prefix(text, ids);
    });
}

}  // namespace huecry
