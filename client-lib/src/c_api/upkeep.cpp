#include "c_api/guard.hpp"

using namespace huecry;
using namespace huecry::c_api;

namespace {

template <class IdType>
int find(huecry_client* client, const char* text, char** id,
         Result<IdType> (Client::*lookup)(std::string_view)) {
    return guarded([&] {
        if (!given(client, text, id)) return missing();
        *id = nullptr;
        const auto found = (client->client.*lookup)(text);
        if (!found) return fail(found.error());
        *id = give_text(found->hex());
        return 0;
    });
}

}  // namespace

int huecry_find_channel(huecry_client* client, const char* text, char** id) {
    return find(client, text, id, &Client::find_channel);
}
int huecry_find_alert(huecry_client* client, const char* text, char** id) {
    return find(client, text, id, &Client::find_alert);
}
int huecry_find_device(huecry_client* client, const char* text, char** id) {
    return find(client, text, id, &Client::find_device);
}
int huecry_find_invite(huecry_client* client, const char* text, char** id) {
    return find(client, text, id, &Client::find_invite);
}

int huecry_backup_root(huecry_client* client, const char* passphrase, size_t size, uint8_t** out,
                       size_t* out_size) {
    return guarded([&] {
        if (!given(client, passphrase, out, out_size)) return missing();
        *out = nullptr;
        *out_size = 0;
        const auto file =
            client->client.backup_root(SecretBytes(view(std::string_view(passphrase, size))));
        if (!file) return fail(file.error());
        *out = give_bytes(*file);
        *out_size = file->size();
        return 0;
    });
}

int huecry_confirm_root_backup(huecry_client* client) {
    return guarded([&] {
        if (!given(client)) return missing();
        const auto done = client->client.confirm_root_backup();
        return done ? 0 : fail(done.error());
    });
}

int huecry_doctor(huecry_client* client, huecry_findings** out) {
    return guarded([&] {
        if (!given(client, out)) return missing();
        *out = nullptr;
        auto findings = client->client.doctor();
        if (!findings) return fail(findings.error());
        auto list = std::make_unique<huecry_findings>();
        for (auto& finding : *findings) list->items.push_back({std::move(finding)});
        *out = list.release();
        return 0;
    });
}

void huecry_findings_free(huecry_findings* findings) { delete findings; }
size_t huecry_findings_count(const huecry_findings* findings) {
    return findings ? findings->items.size() : 0;
}
const huecry_finding* huecry_findings_at(const huecry_findings* findings, size_t index) {
    return findings ? item_of(findings->items, index) : nullptr;
}
int huecry_finding_ok(const huecry_finding* f) { return f && f->value.ok; }
const char* huecry_finding_what(const huecry_finding* f) {
    return text_of(f, [](const auto& h) -> auto& { return h.value.what; });
}
const char* huecry_finding_detail(const huecry_finding* f) {
    return text_of(f, [](const auto& h) -> auto& { return h.value.detail; });
}
