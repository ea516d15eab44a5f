#include "c_api/guard.hpp"

// What the partnership decides about itself, its keys, its relay, and its history.
using namespace huecry;
using namespace huecry::c_api;

// -- members

int huecry_suspend(huecry_client* client, const char* member, int* waits) {
    return guarded([&] {
        if (!given(client, member)) return missing();
        const auto id = client->client.find_member(member);
        return id ? decided(client->client.suspend(*id), waits) : fail(id.error());
    });
}

int huecry_reinstate(huecry_client* client, const char* member, int* waits) {
    return guarded([&] {
        if (!given(client, member)) return missing();
        const auto id = client->client.find_member(member);
        return id ? decided(client->client.reinstate(*id), waits) : fail(id.error());
    });
}

int huecry_change_role(huecry_client* client, const char* member, const char* role, int* waits) {
    return guarded([&] {
        if (!given(client, member, role)) return missing();
        const auto id = client->client.find_member(member);
        if (!id) return fail(id.error());
        RoleChange change;
        change.member = *id;
        change.role = directory::role_from_name(role);
        if (!change.role) return fail(Error{Errc::invalid_argument, "no such role"});
        return decided(client->client.change_role(change), waits);
    });
}

int huecry_set_quorum(huecry_client* client, uint32_t quorum, int* waits) {
    return guarded([&] {
        if (!client) return missing();
        return decided(client->client.set_quorum(quorum), waits);
    });
}

// -- proposals

int huecry_list_proposals(huecry_client* client, huecry_proposals** out) {
    return guarded([&] {
        if (!given(client, out)) return missing();
        *out = nullptr;
        auto proposals = client->client.proposals();
        if (!proposals) return fail(proposals.error());
        auto list = std::make_unique<huecry_proposals>();
        for (const auto& one : *proposals)
            list->items.push_back({one, one.id.hex(), huecry_person(one.author)});
        *out = list.release();
        return 0;
    });
}
void huecry_proposals_free(huecry_proposals* proposals) { delete proposals; }
size_t huecry_proposals_count(const huecry_proposals* proposals) {
    return proposals ? proposals->items.size() : 0;
}
const huecry_proposal* huecry_proposals_at(const huecry_proposals* proposals, size_t index) {
    return proposals ? item_of(proposals->items, index) : nullptr;
}
const char* huecry_proposal_id(const huecry_proposal* p) {
    return text_of(p, [](const auto& h) -> auto& { return h.id; });
}
const char* huecry_proposal_what(const huecry_proposal* p) {
    return text_of(p, [](const auto& h) -> auto& { return h.value.what; });
}
const huecry_person* huecry_proposal_author(const huecry_proposal* p) {
    return p ? &p->author : nullptr;
}
uint32_t huecry_proposal_support(const huecry_proposal* p) { return p ? p->value.support : 0; }
uint32_t huecry_proposal_needed(const huecry_proposal* p) { return p ? p->value.needed : 0; }
uint64_t huecry_proposal_expires_ms(const huecry_proposal* p) {
    return p ? p->value.expires_ms : 0;
}

int huecry_endorse(huecry_client* client, const char* proposal, int* waits) {
    return guarded([&] {
        if (!given(client, proposal)) return missing();
        const auto id = client->client.find_proposal(proposal);
        return id ? decided(client->client.endorse(*id), waits) : fail(id.error());
    });
}

// -- delegations, channels, this device

int huecry_delegate(huecry_client* client, const char* organisation, uint32_t life_s) {
    return guarded([&] {
        if (!given(client, organisation)) return missing();
        const auto id = client->client.find_organisation(organisation);
        if (!id) return fail(id.error());
        return decided(client->client.delegate(*id, std::chrono::seconds(life_s)), nullptr);
    });
}

int huecry_withdraw_delegation(huecry_client* client, const char* grantor, const char* grantee) {
    return guarded([&] {
        if (!given(client, grantor, grantee)) return missing();
        const auto from = client->client.find_organisation(grantor);
        if (!from) return fail(from.error());
        const auto to = client->client.find_organisation(grantee);
        if (!to) return fail(to.error());
        return decided(client->client.withdraw_delegation(*from, *to), nullptr);
    });
}

int huecry_close_channel(huecry_client* client, const char* channel) {
    return guarded([&] {
        if (!given(client, channel)) return missing();
        const auto id = client->client.find_channel(channel);
        return id ? done(client->client.close_channel(*id)) : fail(id.error());
    });
}

int huecry_restart_channel(huecry_client* client, const char* channel) {
    return guarded([&] {
        if (!given(client, channel)) return missing();
        const auto id = client->client.find_channel(channel);
        return id ? done(client->client.restart_channel(*id)) : fail(id.error());
    });
}

int huecry_rotate_device_key(huecry_client* client) {
    return guarded([&] { return client ? done(client->client.rotate_device_key()) : missing(); });
}

// -- the directory

int huecry_get_history(huecry_client* client, uint64_t after, huecry_history** out) {
    return guarded([&] {
        if (!given(client, out)) return missing();
        *out = nullptr;
        auto history = client->client.history(after);
        if (!history) return fail(history.error());
        *out = new huecry_history{std::move(*history)};
        return 0;
    });
}
void huecry_history_free(huecry_history* history) { delete history; }
size_t huecry_history_count(const huecry_history* history) {
    return history ? history->items.size() : 0;
}
uint64_t huecry_history_index(const huecry_history* h, size_t i) {
    return h && i < h->items.size() ? h->items[i].index : 0;
}
uint64_t huecry_history_time_ms(const huecry_history* h, size_t i) {
    return h && i < h->items.size() ? h->items[i].time_ms : 0;
}
const char* huecry_history_action(const huecry_history* h, size_t i) {
    return h && i < h->items.size() ? h->items[i].action.c_str() : "";
}
const char* huecry_history_who(const huecry_history* h, size_t i) {
    return h && i < h->items.size() ? h->items[i].who.c_str() : "";
}
const char* huecry_history_right(const huecry_history* h, size_t i) {
    return h && i < h->items.size() ? h->items[i].right.c_str() : "";
}
const char* huecry_history_what(const huecry_history* h, size_t i) {
    return h && i < h->items.size() ? h->items[i].what.c_str() : "";
}

int huecry_evidence_count(huecry_client* client, uint64_t* count) {
    return guarded([&] {
        if (!given(client, count)) return missing();
        const auto found = client->client.evidence();
        if (!found) return fail(found.error());
        *count = found->size();
        return 0;
    });
}

int huecry_evidence_file(huecry_client* client, uint64_t number, uint8_t** out, size_t* out_size) {
    return guarded([&] {
        if (!given(client, out, out_size)) return missing();
        *out = nullptr;
        *out_size = 0;
        const auto file = client->client.evidence_file(number);
        if (!file) return fail(file.error());
        *out = give_bytes(*file);
        *out_size = file->size();
        return 0;
    });
}

int huecry_verify_evidence(const uint8_t* file, size_t size, int* verdict) {
    return guarded([&] {
        if (!given(file, verdict)) return missing();
        const auto found = Client::verify_evidence({to_bytes(BytesView(file, size))});
        if (!found) return fail(found.error());
        *verdict = static_cast<int>(found->kind);
        return 0;
    });
}

int huecry_verify_directory(huecry_client* client, uint64_t* entries, char** words) {
    return guarded([&] {
        if (!given(client, words)) return missing();
        *words = nullptr;
        const auto proof = client->client.verify_directory();
        if (!proof) return fail(proof.error());
        if (entries) *entries = proof->entries;
        *words = give_text(proof->words);
        return 0;
    });
}

// -- root key and relay

int huecry_root_words(huecry_client* client, char** words) {
    return guarded([&] {
        if (!given(client, words)) return missing();
        *words = nullptr;
        auto said = client->client.root_words();
        if (!said) return fail(said.error());
        *words = give_text(*said);
        wipe(said->data(), said->size());
        return 0;
    });
}

int huecry_restore_root(huecry_client* client, const uint8_t* file, size_t size,
                        const char* passphrase, size_t passphrase_size) {
    return guarded([&] {
        if (!given(client, file, passphrase)) return missing();
        const SecretBytes secret(view(std::string_view(passphrase, passphrase_size)));
        const auto found = client->client.restore_root(BytesView(file, size), secret);
        return found ? 0 : fail(found.error());
    });
}

int huecry_restore_root_words(huecry_client* client, const char* words) {
    return guarded([&] {
        if (!given(client, words)) return missing();
        const auto found = client->client.restore_root_words(words);
        return found ? 0 : fail(found.error());
    });
}

int huecry_rotate_root(huecry_client* client) {
    return guarded(
        [&] { return client ? decided(client->client.rotate_root(), nullptr) : missing(); });
}

int huecry_forget_root(huecry_client* client) {
    return guarded([&] { return client ? done(client->client.forget_root()) : missing(); });
}

int huecry_move_relay(huecry_client* client, const char* address, const char* code, char** notice) {
    return guarded([&] {
        if (!given(client, address, notice)) return missing();
        *notice = nullptr;
        const auto said = client->client.move_relay(address, text_or_empty(code));
        if (!said) return fail(said.error());
        *notice = give_text(*said);
        return 0;
    });
}

int huecry_follow_relay(huecry_client* client, const char* notice) {
    return guarded([&] {
        if (!given(client, notice)) return missing();
        return done(client->client.follow_relay(notice));
    });
}
