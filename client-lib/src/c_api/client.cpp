#include "c_api/guard.hpp"

using namespace huecry;
using namespace huecry::c_api;

namespace {

ProfileSecret secret_of(const huecry_options& options) {
    return {options.secret.passphrase.clone(), options.secret.key.clone()};
}

LogSink sink_of(const huecry_options& options) {
    if (!options.log) return {};
    return [log = options.log, context = options.log_context](int level, std::string_view line) {
        log(context, level, std::string(line).c_str());
    };
}

int give_client(Result<Client> made, huecry_client** out) {
    if (!made) return fail(made.error());
    *out = new huecry_client{std::move(*made)};
    return 0;
}

const char* name_of(PartnershipInfo::Standing standing) {
    switch (standing) {
        case PartnershipInfo::Standing::active:
            return "active";
        case PartnershipInfo::Standing::pending:
            return "pending";
        case PartnershipInfo::Standing::removed:
            return "removed";
    }
    return "";
}

}  // namespace

int huecry_create_partnership(const huecry_options* options, const char* relay, const char* name,
                              const char* member, const char* organisation, const char* code,
                              huecry_client** out) {
    return guarded([&] {
        if (!given(options, relay, name, member, out)) return missing();
        *out = nullptr;
        return give_client(Client::create_partnership({.profile = options->profile,
                                                       .secret = secret_of(*options),
                                                       .log = sink_of(*options),
                                                       .relay = relay,
                                                       .name = name,
                                                       .member = member,
                                                       .organisation = text_or_empty(organisation),
                                                       .code = text_or_empty(code)}),
                           out);
    });
}

namespace {

int join_by(Result<Client> (*redeem)(JoinOptions), const huecry_options* options, const char* link,
            huecry_accept accept, void* context, huecry_client** out) {
    return guarded([&] {
        if (!given(options, link, out)) return missing();
        *out = nullptr;
        const auto ask = [&](const std::string& partnership, const AgreementInfo& agreement) {
            return accept && accept(context, partnership.c_str(), agreement.text.c_str(),
                                    agreement.version) != 0;
        };
        return give_client(redeem({.profile = options->profile,
                                   .secret = secret_of(*options),
                                   .log = sink_of(*options),
                                   .link = link,
                                   .accept = ask}),
                           out);
    });
}

}  // namespace

int huecry_join(const huecry_options* options, const char* link, huecry_accept accept,
                void* context, huecry_client** out) {
    return join_by(&Client::join, options, link, accept, context, out);
}

int huecry_join_as_device(const huecry_options* options, const char* link, huecry_accept accept,
                          void* context, huecry_client** out) {
    return join_by(&Client::join_as_device, options, link, accept, context, out);
}

int huecry_open(const huecry_options* options, huecry_client** out) {
    return guarded([&] {
        if (!given(options, out)) return missing();
        *out = nullptr;
        return give_client(Client::open({.profile = options->profile,
                                         .secret = secret_of(*options),
                                         .log = sink_of(*options),
                                         .online = options->online}),
                           out);
    });
}

int huecry_probe_relay(const char* address, char** out) {
    return guarded([&] {
        if (!given(address, out)) return missing();
        *out = nullptr;
        const auto key = Client::probe_relay(address);
        if (!key) return fail(key.error());
        *out = give_text(*key);
        return 0;
    });
}

int huecry_change_passphrase(const huecry_options* now, const huecry_options* next) {
    return guarded([&] {
        if (!given(now, next)) return missing();
        return done(Client::change_passphrase(now->profile, secret_of(*now), secret_of(*next)));
    });
}

void huecry_close(huecry_client* client) {
    static_cast<void>(guarded([&] {
        if (client) client->client.close();
        return 0;
    }));
}

void huecry_client_free(huecry_client* client) {
    huecry_close(client);
    delete client;
}

int huecry_sync(huecry_client* client, uint32_t limit_ms) {
    return guarded([&] {
        if (!client) return missing();
        return done(client->client.sync(std::chrono::milliseconds(limit_ms)));
    });
}

int huecry_info(huecry_client* client, huecry_partnership** out) {
    return guarded([&] {
        if (!given(client, out)) return missing();
        *out = nullptr;
        auto info = client->client.info();
        if (!info) return fail(info.error());
        auto handle = std::make_unique<huecry_partnership>();
        handle->id = info->id.hex();
        handle->self = huecry_person(info->self);
        handle->value = std::move(*info);
        *out = handle.release();
        return 0;
    });
}

void huecry_partnership_free(huecry_partnership* partnership) { delete partnership; }

const char* huecry_partnership_id(const huecry_partnership* p) {
    return text_of(p, [](const auto& h) -> auto& { return h.id; });
}
const char* huecry_partnership_name(const huecry_partnership* p) {
    return text_of(p, [](const auto& h) -> auto& { return h.value.name; });
}
const char* huecry_partnership_relay(const huecry_partnership* p) {
    return text_of(p, [](const auto& h) -> auto& { return h.value.relay; });
}
const huecry_person* huecry_partnership_self(const huecry_partnership* p) {
    return p ? &p->self : nullptr;
}
const char* huecry_partnership_standing(const huecry_partnership* p) {
    return p ? name_of(p->value.standing) : "";
}
int huecry_partnership_online(const huecry_partnership* p) { return p && p->value.online; }
int huecry_partnership_content_hidden(const huecry_partnership* p) {
    return p && p->value.content_hidden;
}
int huecry_partnership_root_key_not_backed_up(const huecry_partnership* p) {
    return p && p->value.root_key_not_backed_up;
}
uint64_t huecry_partnership_directory_index(const huecry_partnership* p) {
    return p ? p->value.directory_index : 0;
}
