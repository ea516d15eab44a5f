#include "c_api/guard.hpp"

using namespace huecry;
using namespace huecry::c_api;

namespace {

const char* name_of(SendState state) {
    switch (state) {
        case SendState::queued:
            return "queued";
        case SendState::accepted:
            return "accepted";
        case SendState::failed:
            return "failed";
    }
    return "";
}

int give_receipt(Result<Receipt> receipt, huecry_receipt** out) {
    if (!receipt) return fail(receipt.error());
    const auto alert = receipt->alert.hex();
    *out = new huecry_receipt{std::move(*receipt), alert};
    return 0;
}

int set_text(huecry_draft* draft, std::string Draft::* field, const char* text) {
    return guarded([&] {
        if (!given(draft, text)) return missing();
        draft->value.*field = text;
        return 0;
    });
}

}  // namespace

huecry_draft* huecry_draft_new(const char* channel) {
    return made([&]() -> huecry_draft* {
        if (!channel) return nullptr;
        auto out = std::make_unique<huecry_draft>();
        out->channel = channel;
        return out.release();
    });
}

void huecry_draft_free(huecry_draft* draft) { delete draft; }

int huecry_draft_set_id(huecry_draft* draft, const char* id) {
    return guarded([&] {
        if (!given(draft, id)) return missing();
        Bytes bytes;
        const auto parsed = from_hex(id, bytes) ? MessageId::from(bytes) : std::nullopt;
        if (!parsed) return fail(Error{Errc::invalid_argument, "an id has 32 hexadecimal digits"});
        draft->value.id = *parsed;
        return 0;
    });
}

int huecry_draft_set_category(huecry_draft* draft, const char* category) {
    return guarded([&] {
        if (!given(draft, category)) return missing();
        const auto known = category_from_name(category);
        if (!known) return fail(Error{Errc::invalid_argument, "there is no such category"});
        draft->value.category = *known;
        return 0;
    });
}

int huecry_draft_set_urgent(huecry_draft* draft, int urgent) {
    if (!draft) return missing();
    draft->value.urgent = urgent != 0;
    return 0;
}

int huecry_draft_set_text(huecry_draft* draft, const char* text) {
    return set_text(draft, &Draft::text, text);
}
int huecry_draft_set_place(huecry_draft* draft, const char* place) {
    return set_text(draft, &Draft::place, place);
}
int huecry_draft_set_offender(huecry_draft* draft, const char* nickname) {
    return set_text(draft, &Draft::offender, nickname);
}

int huecry_draft_set_organisation(huecry_draft* draft, const char* organisation) {
    return guarded([&] {
        if (!given(draft, organisation)) return missing();
        draft->organisation = organisation;
        return 0;
    });
}

int huecry_draft_add_photo(huecry_draft* draft, const uint8_t* file, size_t size) {
    return guarded([&] {
        if (!given(draft, file)) return missing();
        PhotoInput photo;
        photo.file.assign(file, file + size);
        draft->value.photos.push_back(std::move(photo));
        return 0;
    });
}

int huecry_draft_hide(huecry_draft* draft, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
                      int solid) {
    return guarded([&] {
        if (!draft) return missing();
        if (draft->value.photos.empty())
            return fail(Error{Errc::invalid_argument, "the draft has no photo yet"});
        auto& photo = draft->value.photos.back();
        photo.hide.push_back({x, y, width, height});
        photo.solid = solid != 0;
        return 0;
    });
}

int huecry_draft_set_expiry(huecry_draft* draft, uint32_t seconds) {
    if (!draft) return missing();
    draft->value.expiry = std::chrono::seconds(seconds);
    return 0;
}

int huecry_send(huecry_client* client, const huecry_draft* draft, huecry_receipt** out) {
    return guarded([&] {
        if (!given(client, draft, out)) return missing();
        *out = nullptr;
        const auto channel = client->client.find_channel(draft->channel);
        if (!channel) return fail(channel.error());
        Draft wanted = draft->value;
        if (!draft->organisation.empty()) {
            const auto organisation = client->client.find_organisation(draft->organisation);
            if (!organisation) return fail(organisation.error());
            wanted.on_behalf_of = *organisation;
        }
        wanted.channel = *channel;
        return give_receipt(client->client.send(std::move(wanted)), out);
    });
}

int huecry_wait_accepted(huecry_client* client, const char* alert, uint32_t limit_ms,
                         huecry_receipt** out) {
    return guarded([&] {
        if (!given(client, alert, out)) return missing();
        *out = nullptr;
        const auto id = client->client.find_alert(alert);
        if (!id) return fail(id.error());
        return give_receipt(client->client.wait_accepted(*id, std::chrono::milliseconds(limit_ms)),
                            out);
    });
}

void huecry_receipt_free(huecry_receipt* receipt) { delete receipt; }
const char* huecry_receipt_alert(const huecry_receipt* r) {
    return text_of(r, [](const auto& h) -> auto& { return h.alert; });
}
const char* huecry_receipt_state(const huecry_receipt* r) {
    return r ? name_of(r->value.state) : "";
}
uint32_t huecry_receipt_readers(const huecry_receipt* r) { return r ? r->value.readers : 0; }
const char* huecry_receipt_nickname(const huecry_receipt* r) {
    return text_of(r, [](const auto& h) -> auto& { return h.value.nickname; });
}

int huecry_respond(huecry_client* client, const char* alert, const char* answer) {
    return guarded([&] {
        if (!given(client, alert, answer)) return missing();
        const auto known = answer_from_name(answer);
        if (!known) return fail(Error{Errc::invalid_argument, "there is no such answer"});
        const auto id = client->client.find_alert(alert);
        return id ? done(client->client.respond(*id, *known)) : fail(id.error());
    });
}

int huecry_suggest_nickname(huecry_client* client, char** out) {
    return guarded([&] {
        if (!given(client, out)) return missing();
        *out = nullptr;
        const auto nickname = client->client.suggest_nickname();
        if (!nickname) return fail(nickname.error());
        *out = give_text(*nickname);
        return 0;
    });
}
