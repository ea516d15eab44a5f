#include "c_api/guard.hpp"

using namespace huecry;
using namespace huecry::c_api;

namespace {

const char* name_of(InviteInfo::State state) {
    switch (state) {
        case InviteInfo::State::open:
            return "open";
        case InviteInfo::State::used:
            return "used";
        case InviteInfo::State::withdrawn:
            return "withdrawn";
        case InviteInfo::State::expired:
            return "expired";
        case InviteInfo::State::proposed:
            return "proposed";
    }
    return "";
}

}  // namespace

huecry_invite_request* huecry_invite_request_new(const char* role, const char* member) {
    return made([&]() -> huecry_invite_request* {
        const auto known =
            given(role, member) ? directory::role_from_name(role) : std::optional<Role>{};
        if (!known) return nullptr;
        auto out = std::make_unique<huecry_invite_request>();
        out->value.role = *known;
        out->value.member = member;
        return out.release();
    });
}

void huecry_invite_request_free(huecry_invite_request* request) { delete request; }

int huecry_invite_request_set_organisation(huecry_invite_request* request,
                                           const char* organisation) {
    return guarded([&] {
        if (!given(request, organisation)) return missing();
        request->value.organisation = organisation;
        return 0;
    });
}

int huecry_invite_request_add_channel(huecry_invite_request* request, const char* channel) {
    return guarded([&] {
        if (!given(request, channel)) return missing();
        request->channels.emplace_back(channel);
        return 0;
    });
}

int huecry_invite_request_set_in_person(huecry_invite_request* request, int in_person) {
    if (!request) return missing();
    request->value.in_person = in_person != 0;
    return 0;
}

int huecry_invite_request_set_lifetime(huecry_invite_request* request, uint32_t seconds) {
    if (!request) return missing();
    request->value.lifetime = std::chrono::seconds(seconds);
    return 0;
}

int huecry_invite_member(huecry_client* client, const huecry_invite_request* request,
                         huecry_invite** out) {
    return guarded([&] {
        if (!given(client, request, out)) return missing();
        *out = nullptr;
        InviteRequest wanted = request->value;
        for (const auto& typed : request->channels) {
            const auto channel = client->client.find_channel(typed);
            if (!channel) return fail(channel.error());
            wanted.channels.push_back(*channel);
        }
        auto invite = client->client.invite(wanted);
        if (!invite) return fail(invite.error());
        const auto id = invite->id.hex();
        *out = new huecry_invite{std::move(*invite), id};
        return 0;
    });
}

int huecry_list_invites(huecry_client* client, huecry_invites** out) {
    return guarded([&] {
        if (!given(client, out)) return missing();
        *out = nullptr;
        auto invites = client->client.invites();
        if (!invites) return fail(invites.error());
        auto list = std::make_unique<huecry_invites>();
        for (const auto& invite : *invites) list->items.push_back({invite, invite.id.hex()});
        *out = list.release();
        return 0;
    });
}

int huecry_withdraw_invite(huecry_client* client, const char* invite) {
    return guarded([&] {
        if (!given(client, invite)) return missing();
        const auto id = client->client.find_invite(invite);
        return id ? done(client->client.withdraw_invite(*id)) : fail(id.error());
    });
}

void huecry_invite_free(huecry_invite* invite) {
    // The link is a secret.
    if (invite) wipe(invite->value.link.data(), invite->value.link.size());
    delete invite;
}
void huecry_invites_free(huecry_invites* invites) { delete invites; }
size_t huecry_invites_count(const huecry_invites* invites) {
    return invites ? invites->items.size() : 0;
}
const huecry_invite* huecry_invites_at(const huecry_invites* invites, size_t index) {
    return invites ? item_of(invites->items, index) : nullptr;
}
const char* huecry_invite_id(const huecry_invite* i) {
    return text_of(i, [](const auto& h) -> auto& { return h.id; });
}
const char* huecry_invite_link(const huecry_invite* i) {
    return text_of(i, [](const auto& h) -> auto& { return h.value.link; });
}
const char* huecry_invite_member_name(const huecry_invite* i) {
    return text_of(i, [](const auto& h) -> auto& { return h.value.member; });
}
const char* huecry_invite_organisation(const huecry_invite* i) {
    return text_of(i, [](const auto& h) -> auto& { return h.value.organisation; });
}
const char* huecry_invite_role(const huecry_invite* i) {
    return i ? literal(directory::name(i->value.role)) : "";
}
int huecry_invite_in_person(const huecry_invite* i) { return i && i->value.in_person; }
uint64_t huecry_invite_expires_ms(const huecry_invite* i) { return i ? i->value.expires_ms : 0; }
const char* huecry_invite_state(const huecry_invite* i) { return i ? name_of(i->value.state) : ""; }
int huecry_invite_alarmed(const huecry_invite* i) { return i && i->value.alarmed; }

int huecry_link_device(huecry_client* client, int in_person, uint32_t lifetime_s,
                       huecry_invite** out) {
    return guarded([&] {
        if (!given(client, out)) return missing();
        *out = nullptr;
        DeviceLinkRequest request;
        request.in_person = in_person != 0;
        if (lifetime_s != 0) request.lifetime = std::chrono::seconds(lifetime_s);
        auto link = client->client.link_device(request);
        if (!link) return fail(link.error());
        const auto id = link->id.hex();
        *out = new huecry_invite{std::move(*link), id};
        return 0;
    });
}
