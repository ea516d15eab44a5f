#include "c_api/guard.hpp"

using namespace huecry;
using namespace huecry::c_api;

namespace {

const char* name_of(DeviceInfo::State state) {
    switch (state) {
        case DeviceInfo::State::pending:
            return "pending";
        case DeviceInfo::State::active:
            return "active";
        case DeviceInfo::State::revoked:
            return "revoked";
        case DeviceInfo::State::dormant:
            return "dormant";
    }
    return "";
}

}  // namespace

// -- persons

const char* huecry_person_device(const huecry_person* p) {
    return text_of(p, [](const auto& h) -> auto& { return h.device; });
}
const char* huecry_person_member(const huecry_person* p) {
    return text_of(p, [](const auto& h) -> auto& { return h.member; });
}
const char* huecry_person_name(const huecry_person* p) {
    return text_of(p, [](const auto& h) -> auto& { return h.value.member_name; });
}
const char* huecry_person_organisation(const huecry_person* p) {
    return text_of(p, [](const auto& h) -> auto& { return h.value.organisation; });
}
const char* huecry_person_role(const huecry_person* p) {
    return p ? literal(directory::name(p->value.role)) : "";
}
int huecry_person_is_self(const huecry_person* p) { return p && p->value.self; }

// -- devices

int huecry_safety_phrase(huecry_client* client, const char* device, char** out) {
    return guarded([&] {
        if (!given(client, device, out)) return missing();
        *out = nullptr;
        const auto id = client->client.find_device(device);
        if (!id) return fail(id.error());
        const auto phrase = client->client.safety_phrase(*id);
        if (!phrase) return fail(phrase.error());
        *out = give_text(*phrase);
        return 0;
    });
}

int huecry_approve(huecry_client* client, const char* device) {
    return guarded([&] {
        if (!given(client, device)) return missing();
        const auto id = client->client.find_device(device);
        return id ? decided(client->client.approve(*id), nullptr) : fail(id.error());
    });
}

int huecry_revoke(huecry_client* client, const char* device) {
    return guarded([&] {
        if (!given(client, device)) return missing();
        const auto id = client->client.find_device(device);
        return id ? done(client->client.revoke(*id)) : fail(id.error());
    });
}

int huecry_list_devices(huecry_client* client, huecry_devices** out) {
    return guarded([&] {
        if (!given(client, out)) return missing();
        *out = nullptr;
        auto devices = client->client.devices();
        if (!devices) return fail(devices.error());
        auto list = std::make_unique<huecry_devices>();
        for (const auto& device : *devices)
            list->items.push_back({device, device.id.hex(), huecry_person(device.owner)});
        *out = list.release();
        return 0;
    });
}

void huecry_devices_free(huecry_devices* devices) { delete devices; }
size_t huecry_devices_count(const huecry_devices* devices) {
    return devices ? devices->items.size() : 0;
}
const huecry_device* huecry_devices_at(const huecry_devices* devices, size_t index) {
    return devices ? item_of(devices->items, index) : nullptr;
}
const char* huecry_device_id(const huecry_device* d) {
    return text_of(d, [](const auto& h) -> auto& { return h.id; });
}
const huecry_person* huecry_device_owner(const huecry_device* d) { return d ? &d->owner : nullptr; }
const char* huecry_device_state(const huecry_device* d) { return d ? name_of(d->value.state) : ""; }
uint64_t huecry_device_admitted_ms(const huecry_device* d) { return d ? d->value.admitted_ms : 0; }

// -- members

int huecry_list_members(huecry_client* client, huecry_members** out) {
    return guarded([&] {
        if (!given(client, out)) return missing();
        *out = nullptr;
        auto members = client->client.members();
        if (!members) return fail(members.error());
        auto list = std::make_unique<huecry_members>();
        for (auto& member : *members) {
            huecry_member handle{std::move(member), {}, {}};
            handle.id = handle.value.id.hex();
            for (const auto& device : handle.value.devices) handle.devices.push_back(device.hex());
            list->items.push_back(std::move(handle));
        }
        *out = list.release();
        return 0;
    });
}

void huecry_members_free(huecry_members* members) { delete members; }
size_t huecry_members_count(const huecry_members* members) {
    return members ? members->items.size() : 0;
}
const huecry_member* huecry_members_at(const huecry_members* members, size_t index) {
    return members ? item_of(members->items, index) : nullptr;
}
const char* huecry_member_id(const huecry_member* m) {
    return text_of(m, [](const auto& h) -> auto& { return h.id; });
}
const char* huecry_member_name(const huecry_member* m) {
    return text_of(m, [](const auto& h) -> auto& { return h.value.name; });
}
const char* huecry_member_organisation(const huecry_member* m) {
    return text_of(m, [](const auto& h) -> auto& { return h.value.organisation; });
}
const char* huecry_member_role(const huecry_member* m) {
    return m ? literal(directory::name(m->value.role)) : "";
}
size_t huecry_member_devices(const huecry_member* m) { return m ? m->devices.size() : 0; }
const char* huecry_member_device(const huecry_member* m, size_t index) {
    return m && index < m->devices.size() ? m->devices[index].c_str() : "";
}
uint32_t huecry_member_agreement(const huecry_member* m) {
    return m ? m->value.agreement_accepted : 0;
}
uint64_t huecry_member_agreement_ms(const huecry_member* m) {
    return m ? m->value.agreement_accepted_ms : 0;
}
int huecry_member_suspended(const huecry_member* m) { return m && m->value.suspended; }
int huecry_member_good_standing(const huecry_member* m) { return m && m->value.good_standing; }
