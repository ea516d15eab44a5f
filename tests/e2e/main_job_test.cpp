#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "support/photos.hpp"
#include "town.hpp"

// The main job with the real programs: what the README promises, from the outside.
namespace huecry::test {
namespace {

std::string only_alert(const Town& town, const Person& who) {
    const auto alerts = town.inbox(who);
    REQUIRE(alerts.size() == 1);
    return text_of(alerts.at(0), "id");
}

bool has_alert(const Town& town, const Person& who, const std::string& text) {
    const auto alerts = town.inbox(who);
    return std::any_of(alerts.begin(), alerts.end(),
                       [&](const auto& a) { return text_of(a, "text") == text; });
}

}  // namespace

TEST_CASE("five members: an alert with a photo reaches everyone, is answered, is counted") {
    Town town;
    const auto olivia = town.found();
    const auto at_desk = town.listen(olivia);
    std::vector<Person> members;
    std::vector<std::unique_ptr<Process>> listeners;
    for (const auto& [name, role] : {std::pair{"shop", "retailer"},
                                     {"guard", "security"},
                                     {"warden", "warden"},
                                     {"camera", "cctv"}}) {
        members.push_back(town.admit(olivia, name, role));
        listeners.push_back(town.listen(members.back()));
    }
    const auto photo = town.folder() / "evidence.jpg";
    write_file(photo, with_metadata(read_file(photograph(Photograph::sunset)), 6));

    const auto sent = town.json_of(
        members[0], {"send", "town", "two bags, red jacket", "--category", "theft-in-progress",
                     "--urgent", "--offender", "Cobalt Lantern", "--place", "north door", "--photo",
                     photo.string(), "--pixelate", "10,10,200,200"});
    CHECK(sent.at("readers").to_number<int>() == 4);
    CHECK(text_of(sent, "state") == "accepted");
    const auto id = text_of(sent, "alert");
    for (std::size_t i = 1; i < listeners.size(); ++i) {
        const auto event = next_event(*listeners[i], "alert-received");
        const auto& alert = event.at("alert").as_object();
        CHECK(text_of(alert, "id") == id);
        CHECK(text_of(alert, "text") == "two bags, red jacket");
        CHECK(text_of(alert, "offender") == "Cobalt Lantern");
        CHECK(text_of(alert.at("from"), "name") == "shop");
        CHECK(alert.at("photos").as_array().size() == 1);
    }
    const auto out = town.folder() / "opened.jpg";
    town.must(members[1], {"photo", "last", "--out", out.string()});
    CHECK(std::filesystem::file_size(out) > 10'000);
    for (const auto& word : canaries) CHECK_FALSE(contains(read_file(out), word));

    town.must(members[1], {"respond", id, "coming"});
    const auto answer = next_event(*listeners[0], "response-received");
    CHECK(text_of(answer.at("response"), "answer") == "coming");
    CHECK(text_of(answer.at("response").at("from"), "name") == "guard");
    // Acknowledgements are lazy: each look is a command of its own, and they end.
    auto status = town.json_of(members[0], {"status", id});
    for (int looks = 0; looks < 400 && status.at("delivered").to_number<int>() < 4; ++looks)
        status = town.json_of(members[0], {"status", id});
    CHECK(status.at("readers").to_number<int>() == 4);
    CHECK(status.at("delivered").to_number<int>() == 4);
}

TEST_CASE("a member that was away, and a relay killed in between, lose nothing") {
    Town town;
    const auto olivia = town.found();
    const auto shop = [&] {
        const auto desk = town.listen(olivia);
        return town.admit(olivia, "shop", "retailer");
    }();
    town.must(olivia, {"send", "town", "first"});
    town.kill_relay();
    const auto queued = town.run(olivia, {"send", "town", "second"});
    CHECK(queued.exit.code == 8);
    town.start_relay();
    town.must(olivia, {"send", "town", "third"});
    town.kill_relay();
    town.start_relay();
    const auto alerts = town.inbox(shop);
    REQUIRE(alerts.size() == 3);
    CHECK(text_of(alerts.at(0), "text") == "first");
    CHECK(text_of(alerts.at(1), "text") == "second");
    CHECK(text_of(alerts.at(2), "text") == "third");
    CHECK(town.inbox(shop).size() == 3);
}

TEST_CASE("a revoked device reads nothing that is sent afterwards") {
    Town town;
    const auto olivia = town.found();
    Person shop, guard;
    {
        const auto desk = town.listen(olivia);
        shop = town.admit(olivia, "shop", "retailer");
        guard = town.admit(olivia, "guard", "security");
    }
    town.must(olivia, {"send", "town", "before"});
    CHECK(has_alert(town, guard, "before"));
    const auto listener = town.listen(guard);
    CHECK(listener->errors_contain("", std::chrono::milliseconds(1)));
    town.must(olivia, {"revoke", "guard"});
    town.must(olivia, {"send", "town", "after"});
    CHECK(has_alert(town, shop, "after"));
    const auto refused = town.run(guard, {"inbox"});
    CHECK(refused.exit.code == 6);
    CHECK(refused.output.find("after") == std::string::npos);
    CHECK(listener->output().find("after") == std::string::npos);
}

TEST_CASE("an alert with a short life disappears everywhere") {
    Town town;
    const auto olivia = town.found();
    Person shop;
    {
        const auto desk = town.listen(olivia);
        shop = town.admit(olivia, "shop", "retailer");
    }
    const auto listener = town.listen(shop);
    town.must(olivia, {"send", "town", "gone soon", "--expires", "3s"});
    const auto event = next_event(*listener, "alert-received");
    const auto id = text_of(event.at("alert"), "id");
    (void)next_event(*listener, "alert-expired");
    CHECK(town.inbox(shop).empty());
    CHECK(town.inbox(olivia).empty());
    CHECK(town.run(shop, {"respond", id, "seen"}).exit.code == 7);
}

TEST_CASE("links: cut, used, withdrawn, of the wrong relay") {
    Town town;
    const auto olivia = town.found();
    const auto link = town.invite(olivia, "shop", "retailer", {"--in-person"});
    const auto shop = town.person("shop");
    CHECK(town.run(shop, {"join", link.substr(0, link.size() - 3)}).exit.code == 2);
    CHECK(town.run(shop, {"join", "https://example.invalid/"}).exit.code == 2);
    CHECK_FALSE(std::filesystem::exists(shop.profile));
    town.must(shop, {"join", link});
    const auto second = town.run(town.person("second"), {"join", link});
    CHECK(second.exit.code == 6);
    CHECK(second.errors.find("used") != std::string::npos);
    const auto made = town.json_of(olivia, {"invite", "--role", "warden", "--member", "w"});
    town.must(olivia, {"invite", "withdraw", text_of(made, "id")});
    CHECK(town.run(town.person("w"), {"join", text_of(made, "link")}).exit.code == 6);

    // Another relay on the same address: the key tells.
    town.kill_relay();
    std::filesystem::remove_all(town.relay_data());
    const auto expected = town.address();
    town.start_relay();
    REQUIRE(town.address() != expected);
    const auto wrong = town.run(olivia, {"send", "town", "to a stranger"});
    CHECK(wrong.exit.code == 13);
    CHECK(wrong.errors.find("not the relay") != std::string::npos);
    // And a founder with the old address.
    const auto founder = town.person("founder");
    const auto refused = town.run(
        founder, {"partnership", "create", "--relay", expected, "--name", "X", "--member", "Y"});
    CHECK(refused.exit.code == 13);
    CHECK_FALSE(std::filesystem::exists(founder.profile));
}

TEST_CASE("pending: admitted by link, read only after the approval") {
    Town town;
    const auto olivia = town.found();
    const auto police = town.person("police");
    const auto joined =
        town.json_of(police, {"join", town.invite(olivia, "police", "police", {"--in-person"})});
    CHECK(text_of(joined, "standing") == "pending");
    const auto early = town.run(police, {"send", "town", "too early"});
    CHECK(early.exit.code != 0);
    const auto approved = town.json_of(olivia, {"approve", "police", "--yes"});
    CHECK(text_of(approved, "safety_phrase") == text_of(joined, "safety_phrase"));
    town.must(olivia, {"send", "town", "welcome"});
    CHECK(has_alert(town, police, "welcome"));
}

TEST_CASE("an agreement: shown when joining, needed for reading, its acceptance seen") {
    Town town;
    const auto olivia = town.found();
    const auto text = town.folder() / "agreement.txt";
    std::ofstream(text) << "We share alerts only for preventing crime.\n";
    town.must(olivia, {"agreement", "publish", text.string()});
    const auto link = town.invite(olivia, "shop", "retailer", {"--in-person"});
    const auto shop = town.person("shop");
    CHECK(town.run(shop, {"join", link}).exit.code == 2);  // nobody to ask, nothing accepted
    const auto desk = town.listen(olivia);
    town.must(shop, {"join", link, "--accept-agreement"});
    const auto shown = town.run(shop, {"agreement", "show"});
    CHECK(shown.output.find("preventing crime") != std::string::npos);
    const auto status = town.json_of(olivia, {"agreement", "status"});
    for (const auto& member : status.at("members").as_array())
        CHECK(member.at("version").to_number<int>() == 1);
    town.must(shop, {"send", "town", "agreed"});
    CHECK(has_alert(town, olivia, "agreed"));
}

TEST_CASE("a newcomer while nobody is online reads as soon as somebody is") {
    Town town;
    const auto olivia = town.found();
    const auto shop = town.admit(olivia, "shop", "retailer");
    const auto channels = town.json_of(shop, {"channel", "list"}).at("channels").as_array();
    CHECK(channels.size() == 2);
    for (const auto& channel : channels) CHECK_FALSE(channel.at("joined").as_bool());
    const auto id = [&] {
        for (const auto& channel : channels)
            if (!channel.at("all_members").as_bool()) return text_of(channel, "id");
        return std::string();
    }();
    CHECK(town.run(shop, {"send", id, "is anybody there"}).exit.code == 8);
    town.must(olivia, {"inbox"});  // any command that connects lets the newcomer in
    town.must(shop, {"inbox"});
    CHECK(has_alert(town, olivia, "is anybody there"));
    CHECK(only_alert(town, shop) == only_alert(town, olivia));
}

#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer) && \
    !__has_feature(thread_sanitizer)
TEST_CASE("clocks: off past the deadline erases first; behind the mark shows nothing") {
    Town town;
    const auto olivia = town.found();
    Person shop;
    {
        const auto desk = town.listen(olivia);
        shop = town.admit(olivia, "shop", "retailer");
    }
    town.must(olivia, {"send", "town", "short", "--expires", "12s"});
    town.must(olivia, {"send", "town", "long", "--expires", "8h"});
    CHECK(has_alert(town, shop, "short"));
    const auto watching = town.listen(olivia);
    if (has_alert(town, olivia, "short")) (void)next_event(*watching, "alert-expired");
    // The shop's device was off meanwhile: nothing of it is shown, with or without the relay.
    const auto offline = town.run(shop, {"inbox", "--offline", "--json"});
    CHECK(offline.exit.code == 0);
    CHECK(offline.output.find("short") == std::string::npos);
    CHECK(offline.output.find("long") != std::string::npos);

    auto late = shop;  // the same device with its clock set back by more than a year
    late.environment = {{"LD_PRELOAD", HUECRY_FAKETIME},
                        {"FAKETIME", "-400d"},
                        {"FAKETIME_DONT_FAKE_MONOTONIC", "1"}};
    const auto hidden = town.run(late, {"inbox", "--offline"});
    CHECK(hidden.exit.code == 11);
    CHECK(hidden.output.find("long") == std::string::npos);
    // Once it has heard the relay's time it shows what is alive, and only that.
    const auto heard = town.json_of(late, {"inbox"}).at("alerts").as_array();
    REQUIRE(heard.size() == 1);
    CHECK(text_of(heard.at(0), "text") == "long");

    auto early = shop;  // and a clock that is a year ahead hides, but destroys nothing
    early.environment = late.environment;
    early.environment["FAKETIME"] = "+400d";
    (void)town.run(early, {"inbox", "--offline"});
    CHECK(has_alert(town, shop, "long"));
}
#endif

TEST_CASE("two partnerships at one relay know nothing of each other") {
    Town town;
    const auto olivia = town.found("Riverside");
    auto peter = town.person("peter");
    town.must(peter, {"partnership", "create", "--relay", town.address(), "--name", "Hillside",
                      "--member", "Peter"});
    town.must(peter, {"channel", "create", "town"});
    town.must(peter, {"send", "town", "from the hill"});
    CHECK(town.inbox(olivia).empty());
    CHECK(town.json_of(olivia, {"members"}).at("members").as_array().size() == 1);
    const auto channels = town.json_of(olivia, {"channel", "list"}).at("channels").as_array();
    const auto foreign = text_of(channels.at(0), "id");
    CHECK(town.run(peter, {"send", foreign, "over there"}).exit.code == 7);
    const auto devices = town.json_of(olivia, {"devices"}).at("devices").as_array();
    CHECK(town.run(peter, {"revoke", text_of(devices.at(0), "id")}).exit.code == 7);
}

}  // namespace huecry::test
