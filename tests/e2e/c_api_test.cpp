#include <cstring>
#include <fstream>
#include <set>
#include <thread>

#include "e2e/c_story.hpp"
#include "support/process.hpp"

// The C interface through the shared library: the library's symbols, a whole story, misuse.
using namespace huecry::test;

extern "C" const char* huecry_test_version_from_c(void);

namespace {

/// What the public headers declare.
std::set<std::string> declared() {
    std::set<std::string> out;
    std::stringstream headers;
    for (const auto* name : {"huecry.h", "huecry_affairs.h"})
        headers << std::ifstream(std::string(HUECRY_C_HEADERS) + "/" + name).rdbuf();
    for (std::string line; std::getline(headers, line);) {
        if (!line.starts_with("HUECRY_API ")) continue;
        const auto end = line.find('(');
        const auto start = line.rfind("huecry_", end);
        REQUIRE(end != std::string::npos);
        out.insert(line.substr(start, end - start));
    }
    return out;
}

}  // namespace

TEST_CASE("alert, answer, status and expiry through C") {
    Story story;
    Handle<huecry_draft, huecry_draft_free> draft(huecry_draft_new(story.channel.c_str()));
    CHECK(huecry_draft_set_category(draft.get(), "violence") == 0);
    CHECK(huecry_draft_set_urgent(draft.get(), 1) == 0);
    CHECK(huecry_draft_set_text(draft.get(), "hélp\nat the till") == 0);
    CHECK(huecry_draft_set_place(draft.get(), "High Street") == 0);
    CHECK(huecry_draft_set_offender(draft.get(), "Cobalt Lantern") == 0);
    huecry_receipt* receipt = nullptr;
    REQUIRE(huecry_send(story.shop.get(), draft.get(), &receipt) == 0);
    const std::string id = huecry_receipt_alert(receipt);
    CHECK(id.size() == 32);
    CHECK(std::string(huecry_receipt_nickname(receipt)) == "Cobalt Lantern");
    CHECK(huecry_receipt_readers(receipt) == 1);
    huecry_receipt_free(receipt);
    REQUIRE(huecry_wait_accepted(story.shop.get(), id.c_str(), 10'000, &receipt) == 0);
    CHECK(std::string(huecry_receipt_state(receipt)) == "accepted");
    huecry_receipt_free(receipt);

    const auto event = wait_for(story.guard, "alert-received");
    const auto* alert = huecry_event_alert(event.get());
    REQUIRE(alert);
    CHECK(std::string(huecry_alert_id(alert)) == id);
    CHECK(std::string(huecry_alert_text(alert)) == "hélp\nat the till");
    CHECK(std::string(huecry_alert_place(alert)) == "High Street");
    CHECK(std::string(huecry_alert_offender(alert)) == "Cobalt Lantern");
    CHECK(std::string(huecry_alert_category(alert)) == "violence");
    CHECK(huecry_alert_urgent(alert) == 1);
    CHECK(std::string(huecry_person_role(huecry_alert_from(alert))) == "coordinator");
    CHECK(huecry_alert_expires_ms(alert) == huecry_alert_sent_ms(alert) + 8ULL * 3'600'000);
    CHECK(huecry_alert_photos(alert) == 0);

    REQUIRE(huecry_respond(story.guard.get(), id.c_str(), "coming") == 0);
    const auto answer = wait_for(story.shop, "response-received");
    CHECK(std::string(huecry_event_answer(answer.get())) == "coming");
    CHECK(std::string(huecry_person_name(huecry_event_person(answer.get()))) == "Night Guard");
    huecry_status* status = nullptr;
    REQUIRE(huecry_alert_status(story.shop.get(), id.c_str(), &status) == 0);
    CHECK(huecry_status_readers(status) == 1);
    CHECK(huecry_status_failure(status) == 0);
    REQUIRE(huecry_alert_responses(huecry_status_alert(status)) == 1);
    CHECK(std::string(huecry_alert_response_answer(huecry_status_alert(status), 0)) == "coming");
    huecry_status_free(status);

    CHECK(huecry_draft_set_text(draft.get(), "short") == 0);
    CHECK(huecry_draft_set_expiry(draft.get(), 1) == 0);
    REQUIRE(huecry_send(story.shop.get(), draft.get(), &receipt) == 0);
    huecry_receipt_free(receipt);
    wait_for(story.guard, "alert-expired");
    huecry_alerts* alerts = nullptr;
    REQUIRE(huecry_inbox(story.guard.get(), &alerts) == 0);
    CHECK(huecry_alerts_count(alerts) == 1);
    huecry_alerts_free(alerts);
}

TEST_CASE("lists, names and ids through C") {
    Story story;
    huecry_partnership* info = nullptr;
    REQUIRE(huecry_info(story.shop.get(), &info) == 0);
    CHECK(std::string(huecry_partnership_name(info)) == "Old Town");
    CHECK(std::strlen(huecry_partnership_id(info)) == 64);
    CHECK(std::string(huecry_partnership_standing(info)) == "active");
    CHECK(huecry_partnership_root_key_not_backed_up(info) == 1);
    CHECK(huecry_person_is_self(huecry_partnership_self(info)) == 1);
    huecry_partnership_free(info);

    huecry_members* members = nullptr;
    REQUIRE(huecry_list_members(story.shop.get(), &members) == 0);
    REQUIRE(huecry_members_count(members) == 2);
    std::set<std::string> names;
    for (size_t i = 0; i < 2; ++i) names.insert(huecry_member_name(huecry_members_at(members, i)));
    CHECK(names == std::set<std::string>{"Corner Shop", "Night Guard"});
    CHECK(huecry_members_at(members, 2) == nullptr);
    huecry_members_free(members);

    huecry_devices* devices = nullptr;
    REQUIRE(huecry_list_devices(story.shop.get(), &devices) == 0);
    REQUIRE(huecry_devices_count(devices) == 2);
    const std::string device = huecry_device_id(huecry_devices_at(devices, 0));
    char* found = nullptr;
    REQUIRE(huecry_find_device(story.shop.get(), device.substr(0, 8).c_str(), &found) == 0);
    CHECK(taken(found) == device);
    huecry_devices_free(devices);

    huecry_channels* channels = nullptr;
    REQUIRE(huecry_list_channels(story.guard.get(), &channels) == 0);
    REQUIRE(huecry_channels_count(channels) >= 1);
    const auto* channel = huecry_channels_at(channels, 0);
    CHECK(huecry_channel_joined(channel) == 1);
    CHECK(huecry_channel_read_by(channel, "police") == 1);
    CHECK(huecry_channel_read_by(channel, "nobody") == 0);
    huecry_channels_free(channels);

    uint8_t* root = nullptr;
    size_t size = 0;
    REQUIRE(huecry_backup_root(story.shop.get(), "three four", 10, &root, &size) == 0);
    CHECK(size > 32);
    huecry_free(root);
    CHECK(huecry_confirm_root_backup(story.shop.get()) == 0);
    huecry_findings* findings = nullptr;
    REQUIRE(huecry_doctor(story.shop.get(), &findings) == 0);
    CHECK(huecry_findings_count(findings) > 0);
    huecry_findings_free(findings);
}

TEST_CASE("closing wakes who waits, may be done twice, and the profile opens again") {
    Story story;
    int waited = -1;
    std::thread waiter([&] {
        huecry_event* event = nullptr;
        uint64_t after = 0;
        do {
            waited = huecry_next_event(story.guard.get(), after, 60'000, &event);
            if (event) after = huecry_event_number(event);
            huecry_event_free(event);
        } while (waited == 0 && event);
    });
    huecry_close(story.guard.get());
    huecry_close(story.guard.get());
    waiter.join();
    CHECK(waited == HUECRY_CLOSED);
    CHECK(huecry_sync(story.guard.get(), 10) == HUECRY_CLOSED);
    story.guard.reset();

    const auto folder = story.folder.path() / "guard";
    huecry_client* client = nullptr;
    CHECK(huecry_error_exit_code(huecry_open(options(folder, "wrong").get(), &client)) == 4);
    CHECK(client == nullptr);
    REQUIRE(huecry_change_passphrase(options(folder).get(), options(folder, "new").get()) == 0);
    auto offline = options(folder, "new");
    REQUIRE(huecry_options_set_offline(offline.get()) == 0);
    REQUIRE(huecry_open(offline.get(), &client) == 0);
    Client again(client);
    client = nullptr;
    CHECK(std::string(huecry_error_name(huecry_open(offline.get(), &client))) == "busy");
}

TEST_CASE("misuse gives an error, never a crash") {
    huecry_client* client = nullptr;
    huecry_receipt* receipt = nullptr;
    huecry_event* event = nullptr;
    char* text = nullptr;
    CHECK(huecry_open(nullptr, &client) == HUECRY_INVALID_ARGUMENT);
    CHECK(huecry_send(nullptr, nullptr, &receipt) == HUECRY_INVALID_ARGUMENT);
    CHECK(huecry_next_event(nullptr, 0, 0, &event) == HUECRY_INVALID_ARGUMENT);
    CHECK(huecry_printable(nullptr, 0, &text) == HUECRY_INVALID_ARGUMENT);
    CHECK(std::string(huecry_error_detail()).find("NULL") != std::string::npos);
    CHECK(huecry_draft_new(nullptr) == nullptr);
    CHECK(huecry_invite_request_new("king", "x") == nullptr);
    CHECK(std::string(huecry_alert_text(nullptr)).empty());
    CHECK(huecry_event_alert(nullptr) == nullptr);
    CHECK(huecry_alerts_count(nullptr) == 0);
    huecry_close(nullptr);
    huecry_client_free(nullptr);
    huecry_event_free(nullptr);
    huecry_free(nullptr);
    Handle<huecry_draft, huecry_draft_free> draft(huecry_draft_new("x"));
    CHECK(huecry_draft_set_category(draft.get(), "nonsense") == HUECRY_INVALID_ARGUMENT);
    CHECK(huecry_draft_set_id(draft.get(), "12") == HUECRY_INVALID_ARGUMENT);
    CHECK(huecry_draft_hide(draft.get(), 0, 0, 1, 1, 0) == HUECRY_INVALID_ARGUMENT);

    CHECK(std::string(huecry_error_name(200)) == "stale");
    CHECK(huecry_error_retryable(200) == 1);
    CHECK(std::string(huecry_error_name(99999)) == "unknown");
    CHECK(huecry_error_exit_code(0) == 0);
    CHECK(std::string(huecry_version()) == huecry_test_version_from_c());
    REQUIRE(huecry_printable("a\x1b[2Jb", 0, &text) == 0);
    CHECK(taken(text) == "a\\u{1B}[2Jb");
}

TEST_CASE("the library shows exactly what its header declares") {
    const auto declared = ::declared();
    CHECK(declared.size() > 100);
    Process nm({.program = "/usr/bin/nm",
                .arguments = {"--dynamic", "--defined-only", HUECRY_SHARED_LIBRARY}});
    REQUIRE(nm.wait()->code == 0);
    std::set<std::string> exported;
    std::istringstream lines(nm.output());
    for (std::string address, type, name; lines >> address >> type >> name;) exported.insert(name);
    CHECK(exported == declared);
}

TEST_CASE("every function of the C interface is called by a test") {
    std::stringstream tests;
    for (const auto* name :
         {"c_api_test.cpp", "c_lists_test.cpp", "c_affairs_test.cpp", "c_story.hpp", "c_api_c.c"})
        tests << std::ifstream(std::string(HUECRY_C_TESTS) + "/" + name).rdbuf();
    const auto text = tests.str();
    REQUIRE(text.size() > 20'000);
    for (const auto& name : declared()) {
        INFO(name);
        CHECK((text.find(name + "(") != std::string::npos ||
               text.find(name + ">") != std::string::npos));
    }
}
