#include <vector>

#include "e2e/c_story.hpp"

// What a partnership decides about itself, through C: standing, quorum, history, keys, relay.
using namespace huecry::test;

namespace {

using Proposals = Handle<huecry_proposals, huecry_proposals_free>;
using History = Handle<huecry_history, huecry_history_free>;
using Members = Handle<huecry_members, huecry_members_free>;

void check(int error) {
    INFO(huecry_error_sentence(error), huecry_error_detail());
    REQUIRE(error == 0);
}

History history_of(const Client& client, uint64_t after) {
    huecry_history* out = nullptr;
    check(huecry_get_history(client.get(), after, &out));
    return History(out);
}

/// Whoever let a newcomer in tells it the names, a moment after.
bool knows_names(const Client& client) {
    return until(client, [&] {
        huecry_members* out = nullptr;
        check(huecry_list_members(client.get(), &out));
        const Members members(out);
        for (size_t i = 0; i < huecry_members_count(members.get()); ++i)
            if (std::string(huecry_member_name(huecry_members_at(members.get(), i))).empty())
                return false;
        return true;
    });
}

/// A second coordinator.
Client coordinator(Story& story) {
    Handle<huecry_invite_request, huecry_invite_request_free> request(
        huecry_invite_request_new("coordinator", "Ben"));
    huecry_invite* invite = nullptr;
    check(huecry_invite_member(story.shop.get(), request.get(), &invite));
    huecry_client* client = nullptr;
    check(huecry_join(options(story.folder.path() / "ben").get(), huecry_invite_link(invite),
                      accept_all, nullptr, &client));
    huecry_invite_free(invite);
    Client out(client);
    const auto pending = wait_for(story.shop, "device-pending");
    check(
        huecry_approve(story.shop.get(), huecry_person_device(huecry_event_person(pending.get()))));
    wait_for(out, "channel-joined");
    return out;
}

}  // namespace

TEST_CASE("standing, quorum, proposals and history through C") {
    Story story;
    const auto ben = coordinator(story);
    int waits = -1;
    check(huecry_suspend(story.shop.get(), "Night Guard", &waits));
    CHECK(waits == 0);
    check(huecry_reinstate(story.shop.get(), "Night Guard", &waits));
    CHECK(waits == 0);
    check(huecry_change_role(story.shop.get(), "Night Guard", "warden", &waits));
    check(huecry_set_quorum(story.shop.get(), 2, &waits));
    CHECK(waits == 0);
    check(huecry_change_role(story.shop.get(), "Night Guard", "coordinator", &waits));
    CHECK(waits == 1);
    check(huecry_sync(ben.get(), 10'000));
    REQUIRE(knows_names(ben));
    huecry_proposals* list = nullptr;
    check(huecry_list_proposals(ben.get(), &list));
    const Proposals proposals(list);
    REQUIRE(huecry_proposals_count(proposals.get()) == 1);
    const auto* one = huecry_proposals_at(proposals.get(), 0);
    CHECK(std::string(huecry_proposal_id(one)).size() == 64);
    CHECK(std::string(huecry_proposal_what(one)).find("Night Guard") != std::string::npos);
    CHECK(std::string(huecry_person_name(huecry_proposal_author(one))) == "Corner Shop");
    CHECK(huecry_proposal_support(one) == 1);
    CHECK(huecry_proposal_needed(one) == 2);
    CHECK(huecry_proposal_expires_ms(one) > 1'700'000'000'000);
    check(huecry_endorse(ben.get(), huecry_proposal_id(one), &waits));
    CHECK(waits == 0);

    const auto history = history_of(ben, 0);
    const auto count = huecry_history_count(history.get());
    REQUIRE(count > 8);
    CHECK(huecry_history_index(history.get(), 0) == 1);
    CHECK(huecry_history_index(history.get(), count - 1) == count);
    bool suspended = false;
    for (size_t i = 0; i < count; ++i) {
        CHECK(huecry_history_time_ms(history.get(), i) > 1'700'000'000'000);
        CHECK_FALSE(std::string(huecry_history_who(history.get(), i)).empty());
        CHECK_FALSE(std::string(huecry_history_right(history.get(), i)).empty());
        CHECK_FALSE(std::string(huecry_history_what(history.get(), i)).empty());
        suspended = suspended ||
                    std::string(huecry_history_action(history.get(), i)).starts_with("suspend") ||
                    std::string(huecry_history_action(history.get(), i)).find("suspended") !=
                        std::string::npos;
    }
    CHECK(suspended);
    CHECK(huecry_history_count(history_of(ben, count).get()) == 0);

    uint64_t entries = 0;
    char *ours = nullptr, *theirs = nullptr;
    check(huecry_sync(story.shop.get(), 10'000));
    check(huecry_verify_directory(story.shop.get(), &entries, &ours));
    CHECK(entries >= count);
    check(huecry_sync(ben.get(), 10'000));
    check(huecry_verify_directory(ben.get(), nullptr, &theirs));
    CHECK(taken(ours) == taken(theirs));
    uint64_t files = 7;
    check(huecry_evidence_count(ben.get(), &files));
    CHECK(files == 0);
    uint8_t* file = nullptr;
    size_t size = 0;
    CHECK(huecry_evidence_file(ben.get(), 1, &file, &size) != 0);
    CHECK(file == nullptr);
    int verdict = 9;
    CHECK(huecry_verify_evidence(reinterpret_cast<const uint8_t*>("nothing"), 7, &verdict) != 0);
}

TEST_CASE("delegations and a device key of one's own through C") {
    Story story;
    Handle<huecry_invite_request, huecry_invite_request_free> request(
        huecry_invite_request_new("retailer", "Mia"));
    check(huecry_invite_request_set_organisation(request.get(), "Northgate Store"));
    check(huecry_invite_request_set_in_person(request.get(), 1));
    huecry_invite* invite = nullptr;
    check(huecry_invite_member(story.shop.get(), request.get(), &invite));
    huecry_client* client = nullptr;
    check(huecry_join(options(story.folder.path() / "mia").get(), huecry_invite_link(invite),
                      accept_all, nullptr, &client));
    huecry_invite_free(invite);
    const Client mia(client);
    wait_for(mia, "channel-joined");
    REQUIRE(until(mia, [&] {
        return huecry_delegate(mia.get(), "Night Guard", 3600) == 0;  // once its name has come
    }));
    check(huecry_withdraw_delegation(mia.get(), "Northgate Store", "Night Guard"));
    CHECK(huecry_withdraw_delegation(mia.get(), "Northgate Store", "Night Guard") != 0);
    check(huecry_sync(story.guard.get(), 10'000));
    huecry_partnership* info = nullptr;
    check(huecry_info(story.guard.get(), &info));
    const std::string before = huecry_person_device(huecry_partnership_self(info));
    huecry_partnership_free(info);
    check(huecry_rotate_device_key(story.guard.get()));
    check(huecry_info(story.guard.get(), &info));
    CHECK(huecry_person_device(huecry_partnership_self(info)) != before);
    huecry_partnership_free(info);
}

TEST_CASE("the root key through C: words, file, replaced, forgotten, and the relay moved") {
    Story story;
    char* text = nullptr;
    check(huecry_root_words(story.shop.get(), &text));
    const auto words = taken(text);
    CHECK(words.size() > 100);
    uint8_t* file = nullptr;
    size_t size = 0;
    check(huecry_backup_root(story.shop.get(), "three four", 10, &file, &size));
    const std::vector<uint8_t> backup(file, file + size);
    huecry_free(file);
    check(huecry_forget_root(story.shop.get()));
    CHECK(huecry_root_words(story.shop.get(), &text) != 0);
    CHECK(huecry_rotate_root(story.shop.get()) != 0);
    CHECK(huecry_restore_root(story.shop.get(), backup.data(), backup.size(), "wrong", 5) != 0);
    check(huecry_restore_root(story.shop.get(), backup.data(), backup.size(), "three four", 10));
    check(huecry_forget_root(story.shop.get()));
    check(huecry_restore_root_words(story.shop.get(), words.c_str()));
    check(huecry_rotate_root(story.shop.get()));
    check(huecry_sync(story.guard.get(), 10'000));

    const TemporaryDirectory other;
    RelayProcess elsewhere(other.path() / "relay");
    check(huecry_move_relay(story.shop.get(), elsewhere.address().c_str(), nullptr, &text));
    const auto notice = taken(text);
    CHECK(notice.starts_with("huecry://relay/"));
    check(huecry_follow_relay(story.guard.get(), notice.c_str()));
    huecry_partnership* info = nullptr;
    check(huecry_info(story.guard.get(), &info));
    CHECK(std::string(huecry_partnership_relay(info)) == elsewhere.address());
    huecry_partnership_free(info);
}
