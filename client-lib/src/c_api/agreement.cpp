#include "c_api/guard.hpp"

using namespace huecry;
using namespace huecry::c_api;

int huecry_publish_agreement(huecry_client* client, const char* text, uint32_t deadline_s,
                             uint32_t* version) {
    return guarded([&] {
        if (version) *version = 0;
        if (!given(client, text)) return missing();
        std::optional<std::chrono::seconds> deadline;
        if (deadline_s > 0) deadline = std::chrono::seconds(deadline_s);
        const auto published = client->client.publish_agreement(text, deadline);
        if (!published) return fail(published.error());
        if (version) *version = *published;
        return 0;
    });
}

int huecry_get_agreement(huecry_client* client, huecry_agreement** out) {
    return guarded([&] {
        if (!given(client, out)) return missing();
        *out = nullptr;
        auto agreement = client->client.agreement();
        if (!agreement) return fail(agreement.error());
        *out = new huecry_agreement{std::move(*agreement)};
        return 0;
    });
}

int huecry_accept_agreement(huecry_client* client, uint32_t version) {
    return guarded([&] {
        if (!client) return missing();
        return done(client->client.accept_agreement(version));
    });
}

void huecry_agreement_free(huecry_agreement* agreement) { delete agreement; }
uint32_t huecry_agreement_version(const huecry_agreement* a) { return a ? a->value.version : 0; }
const char* huecry_agreement_text(const huecry_agreement* a) {
    return text_of(a, [](const auto& h) -> auto& { return h.value.text; });
}
uint64_t huecry_agreement_published_ms(const huecry_agreement* a) {
    return a ? a->value.published_ms : 0;
}
uint64_t huecry_agreement_deadline_ms(const huecry_agreement* a) {
    return a ? a->value.deadline_ms : 0;
}
int huecry_agreement_accepted_by_me(const huecry_agreement* a) {
    return a && a->value.accepted_by_me;
}
