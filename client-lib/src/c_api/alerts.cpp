#include "c_api/guard.hpp"

using namespace huecry;
using namespace huecry::c_api;

huecry_alert::huecry_alert(huecry::AlertInfo info)
    : value(std::move(info)), id(value.id.hex()), channel(value.channel.hex()), from(value.from) {
    for (const auto& response : value.responses) responders.emplace_back(response.from);
}

int huecry_inbox(huecry_client* client, huecry_alerts** out) {
    return guarded([&] {
        if (!given(client, out)) return missing();
        *out = nullptr;
        auto alerts = client->client.inbox();
        if (!alerts) return fail(alerts.error());
        auto list = std::make_unique<huecry_alerts>();
        for (auto& alert : *alerts) list->items.emplace_back(std::move(alert));
        *out = list.release();
        return 0;
    });
}

int huecry_get_alert(huecry_client* client, const char* alert, huecry_alerts** out) {
    return guarded([&] {
        if (!given(client, alert, out)) return missing();
        *out = nullptr;
        const auto id = client->client.find_alert(alert);
        if (!id) return fail(id.error());
        auto found = client->client.alert(*id);
        if (!found) return fail(found.error());
        auto list = std::make_unique<huecry_alerts>();
        list->items.emplace_back(std::move(*found));
        *out = list.release();
        return 0;
    });
}

void huecry_alerts_free(huecry_alerts* alerts) { delete alerts; }
size_t huecry_alerts_count(const huecry_alerts* alerts) {
    return alerts ? alerts->items.size() : 0;
}
const huecry_alert* huecry_alerts_at(const huecry_alerts* alerts, size_t index) {
    return alerts ? item_of(alerts->items, index) : nullptr;
}

const char* huecry_alert_id(const huecry_alert* a) {
    return text_of(a, [](const auto& h) -> auto& { return h.id; });
}
const char* huecry_alert_channel(const huecry_alert* a) {
    return text_of(a, [](const auto& h) -> auto& { return h.channel; });
}
const char* huecry_alert_channel_name(const huecry_alert* a) {
    return text_of(a, [](const auto& h) -> auto& { return h.value.channel_name; });
}
const huecry_person* huecry_alert_from(const huecry_alert* a) { return a ? &a->from : nullptr; }
const char* huecry_alert_category(const huecry_alert* a) {
    return a ? literal(name(a->value.category)) : "";
}
int huecry_alert_urgent(const huecry_alert* a) { return a && a->value.urgent; }
const char* huecry_alert_text(const huecry_alert* a) {
    return text_of(a, [](const auto& h) -> auto& { return h.value.text; });
}
const char* huecry_alert_place(const huecry_alert* a) {
    return text_of(a, [](const auto& h) -> auto& { return h.value.place; });
}
const char* huecry_alert_organisation(const huecry_alert* a) {
    return text_of(a, [](const auto& h) -> auto& { return h.value.behalf_name; });
}
const char* huecry_alert_offender(const huecry_alert* a) {
    return text_of(a, [](const auto& h) -> auto& { return h.value.offender; });
}
uint64_t huecry_alert_sent_ms(const huecry_alert* a) { return a ? a->value.sent_ms : 0; }
uint64_t huecry_alert_expires_ms(const huecry_alert* a) { return a ? a->value.expires_ms : 0; }
const char* huecry_alert_state(const huecry_alert* a) {
    if (!a) return "";
    switch (a->value.state) {
        case SendState::queued:
            return "queued";
        case SendState::accepted:
            return "accepted";
        case SendState::failed:
            return "failed";
    }
    return "";
}

// -- its photos

size_t huecry_alert_photos(const huecry_alert* a) { return a ? a->value.photos.size() : 0; }
uint32_t huecry_alert_photo_width(const huecry_alert* a, size_t index) {
    const auto* photo = a ? item_of(a->value.photos, index) : nullptr;
    return photo ? photo->width : 0;
}
uint32_t huecry_alert_photo_height(const huecry_alert* a, size_t index) {
    const auto* photo = a ? item_of(a->value.photos, index) : nullptr;
    return photo ? photo->height : 0;
}
uint64_t huecry_alert_photo_expires_ms(const huecry_alert* a, size_t index) {
    const auto* photo = a ? item_of(a->value.photos, index) : nullptr;
    return photo ? photo->expires_ms : 0;
}

int huecry_photo(huecry_client* client, const char* alert, size_t number, uint32_t limit_ms,
                 uint8_t** out, size_t* size) {
    return guarded([&] {
        if (!given(client, alert, out, size)) return missing();
        *out = nullptr;
        *size = 0;
        const auto id = client->client.find_alert(alert);
        if (!id) return fail(id.error());
        auto photo = client->client.photo(*id, number, std::chrono::milliseconds(limit_ms));
        if (!photo) return fail(photo.error());
        *out = give_bytes(*photo);
        *size = photo->size();
        wipe(photo->data(), photo->size());
        return 0;
    });
}

// -- its answers

size_t huecry_alert_responses(const huecry_alert* a) { return a ? a->responders.size() : 0; }
const huecry_person* huecry_alert_response_from(const huecry_alert* a, size_t index) {
    return a ? item_of(a->responders, index) : nullptr;
}
const char* huecry_alert_response_answer(const huecry_alert* a, size_t index) {
    const auto* response = a ? item_of(a->value.responses, index) : nullptr;
    return response ? literal(name(response->answer)) : "";
}
uint64_t huecry_alert_response_ms(const huecry_alert* a, size_t index) {
    const auto* response = a ? item_of(a->value.responses, index) : nullptr;
    return response ? response->time_ms : 0;
}

// -- how far an own one has come

int huecry_alert_status(huecry_client* client, const char* alert, huecry_status** out) {
    return guarded([&] {
        if (!given(client, alert, out)) return missing();
        *out = nullptr;
        const auto id = client->client.find_alert(alert);
        if (!id) return fail(id.error());
        auto status = client->client.status(*id);
        if (!status) return fail(status.error());
        huecry_alert shown(status->alert);
        *out = new huecry_status{std::move(*status), std::move(shown)};
        return 0;
    });
}

void huecry_status_free(huecry_status* status) { delete status; }
const huecry_alert* huecry_status_alert(const huecry_status* s) { return s ? &s->alert : nullptr; }
uint32_t huecry_status_readers(const huecry_status* s) { return s ? s->value.readers : 0; }
uint32_t huecry_status_delivered(const huecry_status* s) { return s ? s->value.delivered : 0; }
int huecry_status_counts_known(const huecry_status* s) { return s && s->value.counts_known; }
int huecry_status_failure(const huecry_status* s) {
    return s && s->value.failure ? static_cast<int>(s->value.failure->code) : 0;
}
