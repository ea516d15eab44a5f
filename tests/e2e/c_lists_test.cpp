#include <cstring>
#include <vector>

#include "e2e/c_story.hpp"
#include "support/photos.hpp"

// Everything that the C interface tells of a partnership: people, invites, channels, the agreement,
// an alert with its photo.
using namespace huecry::test;

namespace {

using Channels = Handle<huecry_channels, huecry_channels_free>;
using Invites = Handle<huecry_invites, huecry_invites_free>;
using Members = Handle<huecry_members, huecry_members_free>;
using Devices = Handle<huecry_devices, huecry_devices_free>;
using Alerts = Handle<huecry_alerts, huecry_alerts_free>;

Channels channels_of(const Client& client) {
    huecry_channels* out = nullptr;
    REQUIRE(huecry_list_channels(client.get(), &out) == 0);
    return Channels(out);
}

const huecry_channel* named(const Channels& channels, const std::string& name) {
    for (size_t i = 0; i < huecry_channels_count(channels.get()); ++i) {
        const auto* one = huecry_channels_at(channels.get(), i);
        if (huecry_channel_name(one) == name) return one;
    }
    return nullptr;
}

Members members_of(const Client& client) {
    huecry_members* out = nullptr;
    REQUIRE(huecry_list_members(client.get(), &out) == 0);
    return Members(out);
}

const huecry_member* named(const Members& members, const std::string& name) {
    for (size_t i = 0; i < huecry_members_count(members.get()); ++i) {
        const auto* one = huecry_members_at(members.get(), i);
        if (huecry_member_name(one) == name) return one;
    }
    return nullptr;
}

void check(int error) {
    INFO(huecry_error_sentence(error), huecry_error_detail());
    REQUIRE(error == 0);
}

void count_line(void* context, int level, const char* line) {
    CHECK(level >= 0);
    CHECK(std::strlen(line) > 0);
    ++*static_cast<int*>(context);
}

}  // namespace

TEST_CASE("an invite through C: its terms, its states, a device of one's own, approval") {
    Story story;
    Handle<huecry_invite_request, huecry_invite_request_free> request(
        huecry_invite_request_new("police", "PC 12"));
    check(huecry_invite_request_set_organisation(request.get(), "Police"));
    check(huecry_invite_request_add_channel(request.get(), story.channel.c_str()));
    check(huecry_invite_request_set_lifetime(request.get(), 3600));
    huecry_invite* made = nullptr;
    check(huecry_invite_member(story.shop.get(), request.get(), &made));
    Handle<huecry_invite, huecry_invite_free> invite(made);
    const std::string id = huecry_invite_id(invite.get());
    CHECK(std::string(huecry_invite_member_name(invite.get())) == "PC 12");
    CHECK(std::string(huecry_invite_organisation(invite.get())) == "Police");
    CHECK(std::string(huecry_invite_role(invite.get())) == "police");
    CHECK(std::string(huecry_invite_state(invite.get())) == "open");
    CHECK(huecry_invite_in_person(invite.get()) == 0);
    CHECK(huecry_invite_alarmed(invite.get()) == 0);
    CHECK(huecry_invite_expires_ms(invite.get()) > 1'700'000'000'000);
    char* found = nullptr;
    check(huecry_find_invite(story.shop.get(), id.substr(0, 8).c_str(), &found));
    CHECK(taken(found) == id);

    // Comes in pending; both sides compare the phrase.
    huecry_client* client = nullptr;
    check(huecry_join(options(story.folder.path() / "police").get(),
                      huecry_invite_link(invite.get()), accept_all, nullptr, &client));
    Client police(client);
    check(huecry_sync(police.get(), 10'000));
    huecry_partnership* info = nullptr;
    check(huecry_info(police.get(), &info));
    CHECK(std::string(huecry_partnership_standing(info)) == "pending");
    const std::string device = huecry_person_device(huecry_partnership_self(info));
    CHECK(huecry_partnership_directory_index(info) > 0);
    CHECK(std::string(huecry_partnership_relay(info)) == story.relay.address());
    CHECK(huecry_partnership_content_hidden(info) == 0);
    CHECK((huecry_partnership_online(info) == 0 || huecry_partnership_online(info) == 1));
    huecry_partnership_free(info);
    const auto pending = wait_for(story.shop, "device-pending");
    CHECK(std::string(huecry_person_device(huecry_event_person(pending.get()))) == device);
    char *theirs = nullptr, *ours = nullptr;
    check(huecry_safety_phrase(police.get(), device.c_str(), &theirs));
    check(huecry_safety_phrase(story.shop.get(), device.c_str(), &ours));
    const auto phrase = taken(theirs);
    CHECK(phrase.size() > 20);
    CHECK(taken(ours) == phrase);
    check(huecry_approve(story.shop.get(), device.c_str()));
    const auto let_in = wait_for(police, "channel-joined");
    CHECK(huecry_event_time_ms(let_in.get()) > 1'700'000'000'000);
    CHECK(std::string(huecry_event_channel(let_in.get())).size() == 32);

    // The list has both; one that nobody used can be taken back.
    check(huecry_invite_member(story.shop.get(), request.get(), &made));
    const std::string unused = huecry_invite_id(made);
    huecry_invite_free(made);
    check(huecry_withdraw_invite(story.shop.get(), unused.c_str()));
    huecry_invites* list = nullptr;
    check(huecry_list_invites(story.shop.get(), &list));
    const Invites invites(list);
    std::string states;
    for (size_t i = 0; i < huecry_invites_count(invites.get()); ++i) {
        const auto* one = huecry_invites_at(invites.get(), i);
        CHECK(std::string(huecry_invite_link(one)).empty());
        if (huecry_invite_id(one) == id) states += std::string("1 ") + huecry_invite_state(one);
        if (huecry_invite_id(one) == unused)
            states += std::string(" 2 ") + huecry_invite_state(one);
    }
    CHECK((states == "1 used 2 withdrawn" || states == " 2 withdrawn1 used"));

    // A further device of the guard's, by a link that `huecry_join` does not take.
    check(huecry_link_device(story.guard.get(), 1, 600, &made));
    const std::string link = huecry_invite_link(made);
    huecry_invite_free(made);
    client = nullptr;
    CHECK(huecry_join(options(story.folder.path() / "tablet").get(), link.c_str(), accept_all,
                      nullptr, &client) != 0);
    CHECK(client == nullptr);
    check(huecry_join_as_device(options(story.folder.path() / "tablet").get(), link.c_str(),
                                accept_all, nullptr, &client));
    Client tablet(client);
    wait_for(tablet, "channel-joined");
    const auto members = members_of(story.guard);
    const auto* guard = named(members, "Night Guard");
    REQUIRE(guard != nullptr);
    REQUIRE(huecry_member_devices(guard) == 2);
    CHECK(std::string(huecry_member_role(guard)) == "security");
    CHECK(std::string(huecry_member_id(guard)).size() == 32);
    CHECK(huecry_member_suspended(guard) == 0);
    CHECK(huecry_member_good_standing(guard) == 1);
    CHECK(huecry_member_agreement(guard) == 0);
    CHECK(huecry_member_agreement_ms(guard) == 0);
    CHECK(std::string(huecry_member_organisation(guard)) == "Night Guard");
    huecry_devices* all = nullptr;
    check(huecry_list_devices(story.guard.get(), &all));
    const Devices devices(all);
    CHECK(huecry_devices_count(devices.get()) == 4);
    for (size_t i = 0; i < huecry_devices_count(devices.get()); ++i) {
        const auto* one = huecry_devices_at(devices.get(), i);
        CHECK(std::string(huecry_device_state(one)) == "active");
        CHECK(huecry_device_admitted_ms(one) > 1'700'000'000'000);
        CHECK(std::string(huecry_person_device(huecry_device_owner(one))) == huecry_device_id(one));
    }
    // And out again.
    const std::string second = huecry_member_device(guard, 1);
    check(huecry_revoke(story.shop.get(), device.c_str()));
    CHECK(second.size() == 32);
    const auto revoked = wait_for(police, "removed");
    CHECK(std::string(huecry_event_kind(revoked.get())) == "removed");
}

TEST_CASE("a channel through C: made, changed, begun anew, closed") {
    Story story;
    Handle<huecry_channel_request, huecry_channel_request_free> request(
        huecry_channel_request_new("shops"));
    for (const auto* role : {"coordinator", "security"})
        check(huecry_channel_request_add_reader(request.get(), role));
    check(huecry_channel_request_add_poster(request.get(), "coordinator"));
    check(huecry_channel_request_set_requires_agreement(request.get(), 0));
    check(huecry_channel_request_set_max_expiry(request.get(), 7200));
    check(huecry_channel_request_set_max_photo_expiry(request.get(), 3600));
    char* text = nullptr;
    check(huecry_create_channel(story.shop.get(), request.get(), &text));
    const auto id = taken(text);
    check(huecry_find_channel(story.shop.get(), "shops", &text));
    CHECK(taken(text) == id);
    REQUIRE(
        until(story.guard, [&] { return named(channels_of(story.guard), "shops") != nullptr; }));
    const auto channels = channels_of(story.guard);
    const auto* shops = named(channels, "shops");
    REQUIRE(shops != nullptr);
    CHECK(huecry_channel_id(shops) == id);
    CHECK(huecry_channel_can_read(shops) == 1);
    CHECK(huecry_channel_can_post(shops) == 0);
    CHECK(huecry_channel_read_by(shops, "police") == 0);
    CHECK(huecry_channel_posted_by(shops, "coordinator") == 1);
    CHECK(huecry_channel_posted_by(shops, "security") == 0);
    CHECK(huecry_channel_requires_agreement(shops) == 0);
    CHECK(huecry_channel_all_members(shops) == 0);
    CHECK(huecry_channel_provisional(shops) == 0);
    CHECK(huecry_channel_readers(shops) == 1);
    CHECK(huecry_channel_max_expiry_s(shops) == 7200);
    CHECK(huecry_channel_max_photo_expiry_s(shops) == 3600);
    const auto wait_for_two = [&] {
        return until(story.guard, [&] {
            const auto now = channels_of(story.guard);
            const auto* there = named(now, "shops");
            return there != nullptr && huecry_channel_joined(there) == 1 &&
                   huecry_channel_group_members(there) == 1;
        });
    };
    CHECK(wait_for_two());
    check(huecry_channel_request_add_poster(request.get(), "security"));
    check(huecry_change_channel(story.shop.get(), id.c_str(), request.get()));
    CHECK(until(story.guard, [&] {
        const auto now = channels_of(story.guard);
        return huecry_channel_can_post(named(now, "shops")) == 1;
    }));
    check(huecry_restart_channel(story.shop.get(), id.c_str()));
    check(huecry_sync(story.guard.get(), 10'000));
    CHECK(wait_for_two());
    check(huecry_close_channel(story.shop.get(), id.c_str()));
    CHECK(until(story.guard, [&] {
        const auto now = channels_of(story.guard);
        const auto* closed = named(now, "shops");
        return closed == nullptr || huecry_channel_can_read(closed) == 0;
    }));
}

TEST_CASE("an agreement through C") {
    Story story;
    huecry_agreement* got = nullptr;
    check(huecry_get_agreement(story.guard.get(), &got));
    CHECK(huecry_agreement_version(got) == 0);
    huecry_agreement_free(std::exchange(got, nullptr));
    uint32_t version = 0;
    check(huecry_publish_agreement(story.shop.get(), "Be fair.", 86'400, &version));
    CHECK(version == 1);
    wait_for(story.guard, "agreement-published");
    REQUIRE(until(story.guard, [&] {
        huecry_agreement_free(std::exchange(got, nullptr));
        check(huecry_get_agreement(story.guard.get(), &got));
        return std::strlen(huecry_agreement_text(got)) > 0;
    }));
    CHECK(std::string(huecry_agreement_text(got)) == "Be fair.");
    CHECK(huecry_agreement_version(got) == 1);
    CHECK(huecry_agreement_accepted_by_me(got) == 0);
    CHECK(huecry_agreement_deadline_ms(got) == huecry_agreement_published_ms(got) + 86'400'000);
    huecry_agreement_free(got);
    check(huecry_accept_agreement(story.guard.get(), 1));
    const auto accepted = wait_for(story.shop, "agreement-accepted");
    CHECK(std::string(huecry_event_note(accepted.get())) == "version 1");
    const auto members = members_of(story.shop);
    CHECK(huecry_member_agreement(named(members, "Night Guard")) == 1);
    CHECK(huecry_member_agreement_ms(named(members, "Night Guard")) > 1'700'000'000'000);
}

TEST_CASE("an alert with a photo through C, to its last field") {
    Story story;
    char* text = nullptr;
    check(huecry_suggest_nickname(story.shop.get(), &text));
    const auto nickname = taken(text);
    CHECK(nickname.find(' ') != std::string::npos);
    Handle<huecry_draft, huecry_draft_free> draft(huecry_draft_new(story.channel.c_str()));
    check(huecry_draft_set_category(draft.get(), "offender-in-area"));
    check(huecry_draft_set_offender(draft.get(), nickname.c_str()));
    check(huecry_draft_set_id(draft.get(), "00112233445566778899aabbccddeeff"));
    const auto picture = read_file(photograph(Photograph::sunset));
    check(huecry_draft_add_photo(draft.get(), picture.data(), picture.size()));
    check(huecry_draft_hide(draft.get(), 10, 10, 40, 40, 1));
    huecry_receipt* receipt = nullptr;
    check(huecry_send(story.shop.get(), draft.get(), &receipt));
    huecry_receipt_free(receipt);
    const auto event = wait_for(story.guard, "alert-received");
    const std::string id = "00112233445566778899aabbccddeeff";
    CHECK(std::string(huecry_event_channel_name(event.get())) == "all-members");
    check(huecry_find_alert(story.guard.get(), "0011", &text));
    CHECK(taken(text) == id);
    huecry_alerts* got = nullptr;
    check(huecry_get_alert(story.guard.get(), id.c_str(), &got));
    const Alerts alerts(got);
    REQUIRE(huecry_alerts_count(alerts.get()) == 1);
    const auto* alert = huecry_alerts_at(alerts.get(), 0);
    CHECK(huecry_alert_channel(alert) == story.channel);
    CHECK(std::string(huecry_alert_channel_name(alert)) == "all-members");
    CHECK(std::string(huecry_alert_organisation(alert)).empty());
    CHECK(std::string(huecry_alert_state(alert)) == "accepted");
    REQUIRE(huecry_alert_photos(alert) == 1);
    CHECK(huecry_alert_photo_width(alert, 0) > 0);
    CHECK(huecry_alert_photo_height(alert, 0) > 0);
    CHECK(huecry_alert_photo_expires_ms(alert, 0) <= huecry_alert_expires_ms(alert));
    CHECK(std::string(huecry_person_organisation(huecry_alert_from(alert))) == "Old Town");
    CHECK(std::string(huecry_person_member(huecry_alert_from(alert))).size() == 32);
    CHECK(std::string(huecry_person_device(huecry_alert_from(alert))).size() == 32);
    uint8_t* jpeg = nullptr;
    size_t size = 0;
    check(huecry_photo(story.guard.get(), id.c_str(), 1, 20'000, &jpeg, &size));
    REQUIRE(size > 1000);
    CHECK(jpeg[0] == 0xff);
    CHECK(jpeg[1] == 0xd8);
    huecry_free(jpeg);
    check(huecry_respond(story.guard.get(), id.c_str(), "arrived"));
    wait_for(story.shop, "response-received");
    huecry_status* status = nullptr;
    CHECK(until(story.shop, [&] {
        huecry_status_free(std::exchange(status, nullptr));
        check(huecry_alert_status(story.shop.get(), id.c_str(), &status));
        return huecry_status_counts_known(status) == 1 && huecry_status_delivered(status) == 1;
    }));
    REQUIRE(status != nullptr);
    const auto* seen = huecry_status_alert(status);
    REQUIRE(huecry_alert_responses(seen) == 1);
    CHECK(std::string(huecry_person_name(huecry_alert_response_from(seen, 0))) == "Night Guard");
    CHECK(huecry_alert_response_ms(seen, 0) > 1'700'000'000'000);
    huecry_status_free(status);
    uint64_t first = 0;
    check(huecry_first_unshown(story.guard.get(), &first));
    check(huecry_mark_shown(story.guard.get(), huecry_event_number(event.get())));
    uint64_t later = 0;
    check(huecry_first_unshown(story.guard.get(), &later));
    CHECK(later >= first);
    // In the name of nobody who let it.
    check(huecry_draft_set_organisation(draft.get(), "Corner Shop"));
    CHECK(huecry_send(story.guard.get(), draft.get(), &receipt) != 0);
}

TEST_CASE("a profile with a key of the embedder's own, and its log") {
    Story story;
    Handle<huecry_options, huecry_options_free> mine(
        huecry_options_new((story.folder.path() / "keyed").string().c_str()));
    const std::vector<uint8_t> key(32, 7);
    check(huecry_options_set_key(mine.get(), key.data()));
    int lines = 0;
    check(huecry_options_set_log(mine.get(), count_line, &lines));
    huecry_client* client = nullptr;
    check(huecry_create_partnership(mine.get(), story.relay.address().c_str(), "New Town", "Baker",
                                    "Bakery", nullptr, &client));
    Client baker(client);
    check(huecry_sync(baker.get(), 10'000));
    baker.reset();
    CHECK(lines > 0);
    char* proven = nullptr;
    const auto address = story.relay.address();
    check(huecry_probe_relay(address.substr(0, address.find('#')).c_str(), &proven));
    CHECK(address.find(taken(proven)) != std::string::npos);
    check(huecry_open(mine.get(), &client));
    baker.reset(client);
    huecry_findings* all = nullptr;
    check(huecry_doctor(baker.get(), &all));
    Handle<huecry_findings, huecry_findings_free> findings(all);
    bool unwell = false;
    for (size_t i = 0; i < huecry_findings_count(findings.get()); ++i) {
        const auto* one = huecry_findings_at(findings.get(), i);
        CHECK(std::strlen(huecry_finding_what(one)) > 0);
        unwell =
            unwell || (huecry_finding_ok(one) == 0 && std::strlen(huecry_finding_detail(one)) > 0);
    }
    CHECK(unwell);  // the root key lies in the profile still
}
