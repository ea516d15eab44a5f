#pragma once

#include <memory>
#include <string>
#include <vector>

#include "huecry/client.hpp"
#include "huecry/huecry.h"

// What lies behind the opaque handles: the C++ values, and texts for those that have none.

struct huecry_client {
    huecry::Client client;
};

struct huecry_options {
    std::filesystem::path profile;
    huecry::ProfileSecret secret;
    huecry_log log = nullptr;
    void* log_context = nullptr;
    bool online = true;
};

struct huecry_person {
    huecry_person() = default;
    explicit huecry_person(const huecry::Person& person)
        : value(person), device(person.device.hex()), member(person.member.hex()) {}
    huecry::Person value;
    std::string device, member;
};

struct huecry_partnership {
    huecry::PartnershipInfo value;
    std::string id;
    huecry_person self;
};

struct huecry_alert {
    explicit huecry_alert(huecry::AlertInfo info);
    huecry::AlertInfo value;
    std::string id, channel;
    huecry_person from;
    std::vector<huecry_person> responders;  // as value.responses
};
struct huecry_alerts {
    std::vector<huecry_alert> items;
};
struct huecry_status {
    huecry::AlertStatus value;
    huecry_alert alert;
};
struct huecry_receipt {
    huecry::Receipt value;
    std::string alert;
};

struct huecry_event {
    huecry::Event value;
    std::unique_ptr<huecry_alert> alert;
    std::unique_ptr<huecry_person> person;
    std::string channel;
};

struct huecry_draft {
    huecry::Draft value;
    std::string channel, organisation;  // as typed
};

struct huecry_channel {
    huecry::ChannelInfo value;
    std::string id;
};
struct huecry_channels {
    std::vector<huecry_channel> items;
};
struct huecry_channel_request {
    huecry::ChannelRequest value;
};

struct huecry_invite {
    huecry::InviteInfo value;
    std::string id;
};
struct huecry_invites {
    std::vector<huecry_invite> items;
};
struct huecry_invite_request {
    huecry::InviteRequest value;
    std::vector<std::string> channels;  // as typed
};

struct huecry_member {
    huecry::MemberInfo value;
    std::string id;
    std::vector<std::string> devices;
};
struct huecry_members {
    std::vector<huecry_member> items;
};
struct huecry_device {
    huecry::DeviceInfo value;
    std::string id;
    huecry_person owner;
};
struct huecry_devices {
    std::vector<huecry_device> items;
};

struct huecry_proposal {
    huecry::ProposalInfo value;
    std::string id;
    huecry_person author;
};
struct huecry_proposals {
    std::vector<huecry_proposal> items;
};
struct huecry_history {
    std::vector<huecry::HistoryEntry> items;
};

struct huecry_agreement {
    huecry::AgreementInfo value;
};

struct huecry_finding {
    huecry::Finding value;
};
struct huecry_findings {
    std::vector<huecry_finding> items;
};
