#include <algorithm>

#include "c_api/guard.hpp"

using namespace huecry;
using namespace huecry::c_api;

namespace {

int add_role(std::vector<Role>& roles, const char* text) {
    const auto role = directory::role_from_name(text);
    if (!role) return fail(Error{Errc::invalid_argument, "there is no such role"});
    roles.push_back(*role);
    return 0;
}

int has_role(const std::vector<Role>& roles, const char* text) {
    const auto role = text ? directory::role_from_name(text) : std::optional<Role>{};
    return role && std::find(roles.begin(), roles.end(), *role) != roles.end();
}

}  // namespace

huecry_channel_request* huecry_channel_request_new(const char* name) {
    return made([&]() -> huecry_channel_request* {
        if (!name) return nullptr;
        auto out = std::make_unique<huecry_channel_request>();
        out->value.name = name;
        return out.release();
    });
}

void huecry_channel_request_free(huecry_channel_request* request) { delete request; }

int huecry_channel_request_add_reader(huecry_channel_request* request, const char* role) {
    return guarded(
        [&] { return given(request, role) ? add_role(request->value.read, role) : missing(); });
}

int huecry_channel_request_add_poster(huecry_channel_request* request, const char* role) {
    return guarded(
        [&] { return given(request, role) ? add_role(request->value.post, role) : missing(); });
}

int huecry_channel_request_set_requires_agreement(huecry_channel_request* request, int required) {
    if (!request) return missing();
    request->value.requires_agreement = required != 0;
    return 0;
}

int huecry_channel_request_set_max_expiry(huecry_channel_request* request, uint32_t seconds) {
    if (!request) return missing();
    request->value.max_expiry = std::chrono::seconds(seconds);
    return 0;
}

int huecry_channel_request_set_max_photo_expiry(huecry_channel_request* request, uint32_t seconds) {
    if (!request) return missing();
    request->value.max_photo_expiry = std::chrono::seconds(seconds);
    return 0;
}

int huecry_create_channel(huecry_client* client, const huecry_channel_request* request, char** id) {
    return guarded([&] {
        if (id) *id = nullptr;
        if (!given(client, request)) return missing();
        const auto channel = client->client.create_channel(request->value);
        if (!channel) return fail(channel.error());
        if (id) *id = give_text(channel->hex());
        return 0;
    });
}

int huecry_change_channel(huecry_client* client, const char* channel,
                          const huecry_channel_request* request) {
    return guarded([&] {
        if (!given(client, channel, request)) return missing();
        const auto id = client->client.find_channel(channel);
        return id ? done(client->client.change_channel(*id, request->value)) : fail(id.error());
    });
}

int huecry_list_channels(huecry_client* client, huecry_channels** out) {
    return guarded([&] {
        if (!given(client, out)) return missing();
        *out = nullptr;
        auto channels = client->client.channels();
        if (!channels) return fail(channels.error());
        auto list = std::make_unique<huecry_channels>();
        for (const auto& channel : *channels) list->items.push_back({channel, channel.id.hex()});
        *out = list.release();
        return 0;
    });
}

void huecry_channels_free(huecry_channels* channels) { delete channels; }
size_t huecry_channels_count(const huecry_channels* channels) {
    return channels ? channels->items.size() : 0;
}
const huecry_channel* huecry_channels_at(const huecry_channels* channels, size_t index) {
    return channels ? item_of(channels->items, index) : nullptr;
}
const char* huecry_channel_id(const huecry_channel* c) {
    return text_of(c, [](const auto& h) -> auto& { return h.id; });
}
const char* huecry_channel_name(const huecry_channel* c) {
    return text_of(c, [](const auto& h) -> auto& { return h.value.name; });
}
int huecry_channel_can_read(const huecry_channel* c) { return c && c->value.can_read; }
int huecry_channel_can_post(const huecry_channel* c) { return c && c->value.can_post; }
int huecry_channel_joined(const huecry_channel* c) { return c && c->value.joined; }
int huecry_channel_provisional(const huecry_channel* c) { return c && c->value.provisional; }
int huecry_channel_requires_agreement(const huecry_channel* c) {
    return c && c->value.requires_agreement;
}
int huecry_channel_all_members(const huecry_channel* c) { return c && c->value.all_members; }
int huecry_channel_read_by(const huecry_channel* c, const char* role) {
    return c ? has_role(c->value.read, role) : 0;
}
int huecry_channel_posted_by(const huecry_channel* c, const char* role) {
    return c ? has_role(c->value.post, role) : 0;
}
uint32_t huecry_channel_readers(const huecry_channel* c) { return c ? c->value.readers : 0; }
uint32_t huecry_channel_group_members(const huecry_channel* c) {
    return c ? c->value.group_members : 0;
}
uint64_t huecry_channel_max_expiry_s(const huecry_channel* c) {
    return c ? static_cast<uint64_t>(c->value.max_expiry.count()) : 0;
}
uint64_t huecry_channel_max_photo_expiry_s(const huecry_channel* c) {
    return c ? static_cast<uint64_t>(c->value.max_photo_expiry.count()) : 0;
}
