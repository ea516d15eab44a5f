#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "huecry/directory/roles.hpp"
#include "huecry/result.hpp"
#include "huecry/wire/ids.hpp"
#include "huecry/wire/secret.hpp"

// What an application sees. Texts are UTF-8; texts from others may hold anything that is valid
// UTF-8: pass them through huecry::printable() (huecry/text.hpp) before they reach a terminal.
// Times are milliseconds since 1970 UTC; 0 in a time means "not yet".
namespace huecry {

using directory::Role;

enum class Category : std::uint8_t {
    offender_in_area = 1,
    theft_in_progress,
    violence,
    antisocial_behaviour,
    fraud,
    counterfeit,
    welfare,
    information,
    suspicious_behaviour,
    missing_person,
};
/// "theft-in-progress" and back; names are stable.
std::string_view name(Category category);
std::optional<Category> category_from_name(std::string_view name);

enum class Answer : std::uint8_t { seen = 1, coming, arrived, stood_down };
std::string_view name(Answer answer);
std::optional<Answer> answer_from_name(std::string_view name);

/// Who says or does something. Names come from name records that match the directory; they are
/// empty until those have arrived, and then ids are all that can be shown.
struct Person {
    DeviceId device;
    MemberId member;
    std::string member_name;
    std::string organisation;
    Role role = Role::retailer;
    bool self = false;
};

struct PartnershipInfo {
    PartnershipId id;
    std::string name;
    std::string relay;  // address with key
    Person self;
    /// active, pending (waiting for approval), removed
    enum class Standing : std::uint8_t { active, pending, removed } standing = Standing::active;
    bool online = false;
    /// Only in the profile that created the partnership, until `confirm_root_backup`.
    bool root_key_not_backed_up = false;
    std::uint64_t directory_index = 0;
    /// Content is hidden because this device's clock is behind what it has already seen.
    bool content_hidden = false;
};

struct DeviceInfo {
    DeviceId id;
    Person owner;
    enum class State : std::uint8_t { pending, active, revoked, dormant } state = State::active;
    std::uint64_t admitted_ms = 0;
    std::uint64_t seen_ms = 0;  // its last statement in the directory
    DeviceId successor;         // whose key took the place of this one's; zero: none
    bool self = false;
};

struct MemberInfo {
    MemberId id;
    std::string name, organisation;
    Role role = Role::retailer;
    std::vector<DeviceId> devices;         // active ones
    std::uint32_t agreement_accepted = 0;  // version; 0: none
    std::uint64_t agreement_accepted_ms = 0;
    /// Nothing is published, or the current version is accepted, or its deadline still runs.
    bool good_standing = true;
    bool lapsed = false;  // the deadline is past and declared so
    bool suspended = false;
    std::vector<ChannelId> channels;  // empty: all of the role's
    bool self = false;
};

struct ChannelInfo {
    ChannelId id;
    std::string name;  // empty: not known yet, show the short id
    std::vector<Role> read, post;
    bool can_read = false, can_post = false;
    /// This device is in the channel's group: it can send and decrypt.
    bool joined = false;
    /// Joined, but not confirmed yet by a second device (see ARCHITECTURE.md).
    bool provisional = false;
    bool requires_agreement = false;
    bool all_members = false;
    std::uint32_t readers = 0;        // devices besides this one that may read
    std::uint32_t group_members = 0;  // devices besides this one in the group now
    std::chrono::seconds max_expiry{}, max_photo_expiry{};
};

/// In pixels of the upright photo.
struct Rectangle {
    std::uint32_t x = 0, y = 0, width = 0, height = 0;
};

struct PhotoInput {
    Bytes file;  // JPEG or PNG as it comes from the camera
    std::vector<Rectangle> hide;
    bool solid = false;  // fill instead of pixelate
};

struct Draft {
    /// Given: sending the same id again has no second effect. Else one is made.
    std::optional<MessageId> id;
    ChannelId channel;
    Category category = Category::information;
    bool urgent = false;
    std::string text, place;
    /// Nickname: an existing offender, or a new record with it.
    std::string offender;
    /// Whose delegation it rests on: its guards may post in its name while that runs.
    std::optional<OrganisationId> on_behalf_of;
    std::vector<PhotoInput> photos;              // at most limits::max_photos
    std::optional<std::chrono::seconds> expiry;  // default 8 hours, 24 with a photo
};

enum class SendState : std::uint8_t {
    queued = 1,    // saved here; goes out by itself
    accepted = 2,  // durable at the relay
    failed = 3,    // refused for good; `failure` says why
};

struct Receipt {
    MessageId alert;
    SendState state = SendState::queued;
    std::uint32_t readers = 0;  // devices that will read it, as far as this device knows
    std::string nickname;       // of the offender, if any
};

struct PhotoInfo {
    std::uint32_t width = 0, height = 0;
    std::uint64_t expires_ms = 0;
};

struct ResponseInfo {
    Person from;
    Answer answer = Answer::seen;
    std::uint64_t time_ms = 0;  // relay's
};

struct AlertInfo {
    MessageId id;
    ChannelId channel;
    std::string channel_name;
    Person from;
    Category category = Category::information;
    bool urgent = false;
    std::string text, place, offender;
    /// Posted by a guard in this organisation's name. The name is empty until it is known.
    std::optional<OrganisationId> on_behalf_of;
    std::string behalf_name;
    std::vector<PhotoInfo> photos;
    std::uint64_t sent_ms = 0;  // accepted by the relay; own queued ones: when written
    std::uint64_t expires_ms = 0;
    SendState state = SendState::accepted;
    std::vector<ResponseInfo> responses;  // newest answer of each device
};

struct AlertStatus {
    AlertInfo alert;
    std::uint32_t readers = 0, delivered = 0;  // by the relay's count; own alerts only
    bool counts_known = false;                 // false: offline, or not accepted yet
    std::optional<Error> failure;
};

/// What became of an act: it counts, or it is a proposal that waits for other coordinators.
struct Decision {
    bool effective = true;
    std::uint64_t index = 0;  // of the directory's entry
    // of a proposal:
    StatementId proposal;
    std::uint32_t support = 1, needed = 1;  // members
    std::uint64_t expires_ms = 0;
};

struct InviteRequest {
    Role role = Role::retailer;
    std::string member;
    std::string organisation;         // default: the member's own name
    std::vector<ChannelId> channels;  // empty: all of the role's
    bool in_person = false;
    std::optional<std::chrono::seconds> lifetime;
};
struct InviteInfo {
    InviteId id;
    std::string link;  // only in the answer to `invite`
    std::string member, organisation;
    Role role = Role::retailer;
    bool in_person = false;
    std::uint64_t expires_ms = 0;
    /// proposed: worthless until its quorum is complete.
    enum class State : std::uint8_t {
        open,
        used,
        withdrawn,
        expired,
        proposed
    } state = State::open;
    bool for_device = false;  // made by `link_device`
    bool alarmed = false;     // somebody else tried to join with it after it was used
    DeviceId used_by;         // zero unless used
    Decision decision;        // only in the answer to `invite`
};

struct ChannelRequest {
    std::string name;
    std::vector<Role> read, post;  // empty: every role
    bool requires_agreement = true;
    std::optional<std::chrono::seconds> max_expiry, max_photo_expiry;
};

struct AgreementInfo {
    std::uint32_t version = 0;  // 0: none published
    std::string text;           // empty: not available here yet
    std::uint64_t published_ms = 0, deadline_ms = 0;
    bool accepted_by_me = false;
};

struct Event {
    std::uint64_t number = 0;  // rises; kept in the store until shown
    enum class Kind : std::uint8_t {
        alert_received = 1,
        response_received,
        alert_accepted,  // own alert durable at the relay
        alert_failed,
        alert_expired,   // erased here
        device_pending,  // waits for approval
        device_admitted,
        device_revoked,
        removed,         // this device
        channel_joined,  // this device can read it now
        agreement_published,
        agreement_accepted,
        warning,  // `note` says what, e.g. the relay contradicts a member
        used_elsewhere,
        online,
        offline,
        member_suspended,
        member_reinstated,
        role_changed,
        device_changed,  // another key, by its own device
        device_rejoined,
        device_dormant,
        device_returned,
        channel_closed,
        channel_restarted,
        delegation_granted,
        delegation_ended,
        policy_changed,     // or the quorum
        proposal,           // waits for endorsement
        invite_alarm,       // a link is known to somebody else
        authority_changed,  // root key or relay
    } kind = Kind::alert_received;
    std::uint64_t time_ms = 0;
    std::optional<AlertInfo> alert;  // alert_*; for responses the alert answered
    std::optional<ResponseInfo> response;
    std::optional<Person> person;  // device_*
    std::optional<ChannelId> channel;
    std::string channel_name;
    std::string note;
};
std::string_view name(Event::Kind kind);

struct Finding {
    bool ok = true;
    std::string what;    // e.g. "clock", "relay", "store"
    std::string detail;  // a sentence
};

}  // namespace huecry
