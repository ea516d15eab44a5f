#include "c_api/guard.hpp"

using namespace huecry;
using namespace huecry::c_api;

int huecry_next_event(huecry_client* client, uint64_t after, uint32_t limit_ms,
                      huecry_event** out) {
    return guarded([&] {
        if (!given(client, out)) return missing();
        *out = nullptr;
        auto next = client->client.next_event(after, std::chrono::milliseconds(limit_ms));
        if (!next) return fail(next.error());
        if (!*next) return 0;
        auto handle = std::make_unique<huecry_event>();
        handle->value = std::move(**next);
        const Event& event = handle->value;
        if (event.alert) handle->alert = std::make_unique<huecry_alert>(*event.alert);
        if (event.response)
            handle->person = std::make_unique<huecry_person>(event.response->from);
        else if (event.person)
            handle->person = std::make_unique<huecry_person>(*event.person);
        if (event.channel) handle->channel = event.channel->hex();
        *out = handle.release();
        return 0;
    });
}

int huecry_mark_shown(huecry_client* client, uint64_t number) {
    return guarded([&] {
        if (!client) return missing();
        return done(client->client.mark_shown(number));
    });
}

int huecry_first_unshown(huecry_client* client, uint64_t* number) {
    return guarded([&] {
        if (!given(client, number)) return missing();
        *number = 0;
        const auto first = client->client.first_unshown();
        if (!first) return fail(first.error());
        *number = *first;
        return 0;
    });
}

void huecry_event_free(huecry_event* event) { delete event; }
uint64_t huecry_event_number(const huecry_event* e) { return e ? e->value.number : 0; }
const char* huecry_event_kind(const huecry_event* e) {
    return e ? literal(name(e->value.kind)) : "";
}
uint64_t huecry_event_time_ms(const huecry_event* e) { return e ? e->value.time_ms : 0; }
const huecry_alert* huecry_event_alert(const huecry_event* e) {
    return e ? e->alert.get() : nullptr;
}
const huecry_person* huecry_event_person(const huecry_event* e) {
    return e ? e->person.get() : nullptr;
}
const char* huecry_event_answer(const huecry_event* e) {
    return e && e->value.response ? literal(name(e->value.response->answer)) : "";
}
const char* huecry_event_channel(const huecry_event* e) {
    return text_of(e, [](const auto& h) -> auto& { return h.channel; });
}
const char* huecry_event_channel_name(const huecry_event* e) {
    return text_of(e, [](const auto& h) -> auto& { return h.value.channel_name; });
}
const char* huecry_event_note(const huecry_event* e) {
    return text_of(e, [](const auto& h) -> auto& { return h.value.note; });
}
