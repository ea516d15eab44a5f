#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <set>

#include "e2e/town.hpp"

// What a partnership decides about itself, by the real programs: standing, quorum, delegations,
// keys, links, history. Everybody listens, so that commands are handed over.
using namespace huecry::test;

namespace {

using Words = Town::Words;

struct Online {
    Person person;
    std::unique_ptr<Process> listener;
};

Online online(Town& town, const Person& person) {
    Online out{person, town.listen(person)};
    return out;
}

std::string error_of(const json::value& answer) {
    return answer.as_object().at("error").as_object().at("name").as_string().c_str();
}

std::string detail_of(const json::value& answer) {
    return answer.as_object().at("error").as_object().at("detail").as_string().c_str();
}

bool flag(const json::value& answer, const char* key) {
    return answer.as_object().at(key).as_bool();
}

json::object member(const Town& town, const Person& who, const std::string& name) {
    const auto answer = town.json_of(who, {"members"});
    for (const auto& one : answer.as_object().at("members").as_array())
        if (text_of(one, "name") == name) return one.as_object();
    FAIL("no member " << name);
    return {};
}

std::string own_device(const Town& town, const Person& who) {
    const auto answer = town.json_of(who, {"devices", "--own"});
    for (const auto& one : answer.as_object().at("devices").as_array())
        if (flag(one, "self")) return text_of(one, "id");
    return {};
}

/// The next error of a command that must fail with `code`.
json::value refused(const Town& town, const Person& who, Words words, int code) {
    words.emplace_back("--json");
    const auto done = town.run(who, words);
    INFO(words.front() << " " << done.output << done.errors);
    REQUIRE(done.exit.code == code);
    return json::parse(done.errors);
}

/// Until it is in the groups of all channels that it may read: what is sent before is not for it.
void joined_everywhere(const Town& town, const Person& who) {
    for (int tries = 0; tries < 300; ++tries) {
        const auto answer = town.json_of(who, {"channel", "list"});
        const auto& channels = answer.as_object().at("channels").as_array();
        if (std::all_of(channels.begin(), channels.end(),
                        [](const auto& channel) { return flag(channel, "joined"); }))
            return;
    }
    FAIL("not let into all channels");
}

/// The words of two devices, once both have come to the same entry.
void same_words(const Town& town, const Person& a, const Person& b) {
    for (int tries = 0; tries < 50; ++tries) {
        const auto one = town.json_of(a, {"directory", "words"}).as_object();
        const auto other = town.json_of(b, {"directory", "words"}).as_object();
        if (one.at("entries") != other.at("entries")) continue;
        CHECK(one.at("words") == other.at("words"));
        CHECK(one.at("head") == other.at("head"));
        return;
    }
    FAIL("never at the same entry");
}

/// A second coordinator, approved with the phrase compared.
Online coordinator(Town& town, const Person& first, const std::string& name) {
    const auto newcomer = town.person(name);
    const auto joined = town.json_of(
        newcomer, {"join", town.invite(first, name, "coordinator", {"--organisation", "BID"})});
    CHECK(text_of(joined, "standing") == "pending");
    const auto device = text_of(joined.as_object().at("self"), "device");
    const auto approved = town.json_of(first, {"approve", device, "--yes"});
    CHECK(text_of(approved, "safety_phrase") == text_of(joined, "safety_phrase"));
    return online(town, newcomer);
}

}  // namespace

TEST_CASE(
    "standing: suspended, reinstated, another role; the last coordinator stays; all is told") {
    Town town;
    const auto olivia = online(town, town.found());
    const auto ben = online(town, town.admit(olivia.person, "Ben", "retailer"));
    const auto gus = online(town, town.admit(olivia.person, "Gus", "security"));

    const auto last = refused(town, olivia.person, {"member", "suspend", "Olivia"}, 6);
    CHECK(error_of(last) == "last_coordinator");
    CHECK(detail_of(last).find("huecry member role") != std::string::npos);
    const auto self = own_device(town, olivia.person);
    CHECK(error_of(refused(town, olivia.person, {"revoke", self}, 6)) == "last_coordinator");
    CHECK(error_of(refused(town, olivia.person, {"device", "revoke", self}, 6)) ==
          "last_coordinator");
    CHECK(error_of(refused(town, olivia.person, {"member", "role", "Olivia", "warden"}, 6)) ==
          "last_coordinator");
    CHECK(error_of(refused(town, ben.person, {"member", "suspend", "Gus"}, 6)) ==
          "statement_forbidden");
    CHECK(detail_of(refused(town, olivia.person, {"member", "suspend", "Nobody"}, 7))
              .find("huecry members") != std::string::npos);

    CHECK(flag(town.json_of(olivia.person, {"member", "suspend", "Ben"}), "effective"));
    CHECK(text_of(member(town, gus.person, "Ben"), "state") == "suspended");
    const auto told = next_event(*gus.listener, "member-suspended");
    CHECK(text_of(told.at("person"), "name") == "Ben");
    CHECK(refused(town, ben.person, {"send", "town", "x"}, 7).is_object());
    CHECK(error_of(refused(town, olivia.person, {"member", "suspend", "Ben"}, 6)) ==
          "statement_conflict");
    town.must(olivia.person, {"member", "reinstate", "Ben"});
    (void)next_event(*gus.listener, "member-reinstated");
    CHECK(text_of(member(town, gus.person, "Ben"), "state") == "active");

    town.must(olivia.person, {"member", "role", "Ben", "warden", "--channel", "town"});
    const auto changed = next_event(*gus.listener, "role-changed");
    CHECK(text_of(changed, "note").find("warden") != std::string::npos);
    const auto now = member(town, gus.person, "Ben");
    CHECK(text_of(now, "role") == "warden");
    CHECK(now.at("channels").as_array().size() == 1);
    town.must(olivia.person, {"member", "role", "Ben", "--all-channels"});
    CHECK(member(town, gus.person, "Ben").at("channels").as_array().empty());

    // History, the same for everybody.
    const auto log = town.json_of(ben.person, {"directory", "log"}).as_object();
    std::set<std::string> actions;
    for (const auto& entry : log.at("entries").as_array()) actions.insert(text_of(entry, "action"));
    for (const auto* action : {"genesis", "invite issued", "device admitted", "channel defined",
                               "member suspended", "member reinstated", "member role changed"})
        CHECK(actions.contains(action));
    const auto plain = town.run(ben.person, {"directory", "log"}).output;
    CHECK(plain.find("Olivia") != std::string::npos);
    CHECK(plain.find("Ben is suspended  (as coordinator)") != std::string::npos);
    CHECK(plain.find("Ben becomes warden (was retailer)") != std::string::npos);
    const auto proof = town.json_of(ben.person, {"directory", "verify"}).as_object();
    CHECK(proof.at("entries").to_number<std::size_t>() == log.at("entries").as_array().size());
    same_words(town, olivia.person, gus.person);
    same_words(town, ben.person, gus.person);
    const auto shorter = town.json_of(ben.person, {"directory", "log", "--after", "3"});
    CHECK(shorter.as_object().at("entries").as_array().size() ==
          log.at("entries").as_array().size() - 3);
    town.must(olivia.person, {"channel", "close", "town", "--yes"});
    (void)next_event(*gus.listener, "channel-closed");
    CHECK(refused(town, gus.person, {"send", "town", "x"}, 7).is_object());
}

TEST_CASE("quorum: what is grave waits for a second coordinator; the root key lowers it") {
    Town town;
    const auto olivia = online(town, town.found());
    const auto carl = coordinator(town, olivia.person, "Carl");
    CHECK(refused(town, olivia.person, {"quorum", "set", "3"}, 2).is_object());
    CHECK(flag(town.json_of(olivia.person, {"quorum", "set", "2"}), "effective"));

    // Stricter: at once. Looser: a proposal.
    CHECK(flag(town.json_of(olivia.person, {"policy", "set", "max_photo_s=2d"}), "effective"));
    const auto looser =
        town.json_of(olivia.person, {"policy", "set", "max_photo_s=3d", "in_person_admits=yes"});
    CHECK_FALSE(flag(looser, "effective"));
    CHECK(looser.as_object().at("looser").as_array().size() == 1);
    const auto id = text_of(looser, "proposal");
    const auto event = next_event(*carl.listener, "proposal");
    CHECK(text_of(event, "note").find(id.substr(0, 8)) != std::string::npos);
    CHECK(error_of(refused(town, olivia.person, {"endorse", id, "--yes"}, 6)) ==
          "statement_conflict");
    const auto waiting = town.json_of(carl.person, {"endorse", "list"}).as_object();
    REQUIRE(waiting.at("proposals").as_array().size() == 1);
    const auto& proposal = waiting.at("proposals").as_array()[0];
    CHECK(text_of(proposal.as_object().at("author"), "name") == "Olivia");
    CHECK(proposal.as_object().at("support").to_number<int>() == 1);
    CHECK(proposal.as_object().at("needed").to_number<int>() == 2);
    CHECK(text_of(proposal, "what").find("max_photo_s") != std::string::npos);
    CHECK(town.run(carl.person, {"endorse", id.substr(0, 6)}).exit.code == 2);  // nobody to ask
    CHECK(flag(town.json_of(carl.person, {"endorse", id.substr(0, 6), "--yes"}), "effective"));
    const auto policy = town.json_of(olivia.person, {"policy", "show"}).as_object();
    CHECK(policy.at("policy").as_object().at("max_photo_s").to_number<int>() == 3 * 86400);
    CHECK(town.json_of(carl.person, {"endorse", "list"})
              .as_object()
              .at("proposals")
              .as_array()
              .empty());

    // An invite for the police is a grant: worthless until it is endorsed.
    const auto police =
        town.json_of(olivia.person, {"invite", "--role", "police", "--member", "Pia"});
    CHECK(text_of(police, "state") == "proposed");
    const auto pia = town.person("Pia");
    CHECK(error_of(refused(town, pia, {"join", text_of(police, "link")}, 6)) == "invite_unknown");
    CHECK(flag(
        town.json_of(carl.person, {"endorse", text_of(police, "proposal").substr(0, 8), "--yes"}),
        "effective"));
    CHECK(text_of(town.json_of(pia, {"join", text_of(police, "link")}), "standing") == "pending");
    const auto log = town.run(carl.person, {"directory", "log"}).output;
    CHECK(log.find("; proposed)") != std::string::npos);
    CHECK(log.find("; completed)") != std::string::npos);

    for (const auto& bad : std::vector<Words>{{"policy", "set", "nonsense=1"},
                                              {"policy", "set", "dormant_days=soon"},
                                              {"policy", "set", "max_photo_s"},
                                              {"policy", "set", "max_photo_s=3d"},
                                              {"policy", "set", "dormant_days=2"}})
        CHECK(town.run(olivia.person, bad).exit.code == 2);

    // Carl's profile has no root key; Olivia's founded the partnership.
    CHECK(error_of(refused(town, carl.person, {"quorum", "set", "1"}, 7)) == "not_found");
    CHECK(flag(town.json_of(olivia.person, {"quorum", "set", "1"}), "effective"));
    CHECK(town.run(carl.person, {"directory", "log"}).output.find("as root key)") !=
          std::string::npos);
}

TEST_CASE("the root key: away from the machine, back from words, replaced after loss and theft") {
    Town town;
    const auto olivia = online(town, town.found());
    const auto carl = coordinator(town, olivia.person, "Carl");
    const auto backup = town.json_of(olivia.person, {"authority", "backup", "--words", "--remove"});
    const auto root = text_of(backup, "root_words"), next = text_of(backup, "next_words");
    CHECK(flag(backup, "removed"));
    CHECK_FALSE(flag(town.json_of(olivia.person, {"authority", "show"}), "held"));
    // Daily work goes on without it.
    town.must(olivia.person, {"invite", "--role", "retailer", "--member", "Ben"});
    CHECK(error_of(refused(town, olivia.person, {"authority", "rotate"}, 7)) == "not_found");

    const auto restore = [&](const std::string& words) {
        return town.run(carl.person, {"authority", "restore", "--words", "--json"}, words);
    };
    auto wrong = root;
    wrong.replace(0, wrong.find(' '), wrong.starts_with("acorn") ? "almond" : "acorn");
    CHECK(restore(wrong).exit.code == 2);
    CHECK(restore(root.substr(0, root.rfind(' '))).exit.code == 2);
    CHECK(restore("acornn").exit.code == 2);
    // The present key is lost: the next one alone is enough.
    const auto restored = restore(next);
    REQUIRE(restored.exit.code == 0);
    CHECK_FALSE(flag(json::parse(restored.output), "root"));
    CHECK(flag(json::parse(restored.output), "next"));
    const auto rotated = town.json_of(carl.person, {"authority", "rotate"});
    (void)next_event(*olivia.listener, "authority-changed");
    CHECK(flag(town.json_of(carl.person, {"authority", "show"}), "held"));
    CHECK(flag(town.json_of(carl.person, {"authority", "show"}), "next_held"));
    // Whoever stole the old one has nothing any more.
    CHECK(town.run(olivia.person, {"authority", "restore", "--words"}, root).exit.code == 7);
    // A file, and on to the one after.
    auto file = town.command(carl.person, {});
    file.arguments = {"-c",
                      "exec \"$0\" authority backup root.key --backup-passphrase-fd 7 7<\"$1\"",
                      file.program.string(), (town.folder() / "passphrase").string()};
    file.program = "/bin/sh";
    file.folder = town.folder();
    CHECK(run(file).exit.code == 0);
    auto back = town.command(olivia.person, {});
    back.arguments = {"-c",
                      "exec \"$0\" authority restore root.key --backup-passphrase-fd 7 7<\"$1\"",
                      back.program.string(), (town.folder() / "passphrase").string()};
    back.program = "/bin/sh";
    back.folder = town.folder();
    CHECK(run(back).exit.code == 0);
    CHECK(flag(town.json_of(olivia.person, {"authority", "show"}), "held"));
    const auto again = town.json_of(olivia.person, {"authority", "rotate"});
    CHECK(text_of(again, "root_key") != text_of(rotated, "root_key"));
    town.must(carl.person, {"directory", "verify"});
}

TEST_CASE(
    "a further device: its own kind of link, its own command, approved by its owner; new keys") {
    Town town;
    const auto olivia = online(town, town.found());
    const auto ben = online(town, town.admit(olivia.person, "Ben", "retailer"));
    const auto made = town.json_of(ben.person, {"device", "link"});
    const auto link = text_of(made, "link");
    CHECK(link.starts_with("huecry://device/"));
    const auto tablet = town.person("tablet");
    const auto dressed_up = refused(town, tablet, {"join", link}, 2);
    CHECK(error_of(dressed_up) == "link_kind");
    CHECK(detail_of(dressed_up).find("robbed") != std::string::npos);
    const auto invite = town.invite(olivia.person, "Zoe", "retailer", {"--in-person"});
    const auto other = refused(town, tablet, {"link-device", invite}, 2);
    CHECK(error_of(other) == "link_kind");
    CHECK(detail_of(other).find("huecry join") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(tablet.profile));

    const auto joined = town.json_of(tablet, {"link-device", link});
    CHECK(text_of(joined, "standing") == "pending");
    const auto device = text_of(joined.as_object().at("self"), "device");
    const auto approved = town.json_of(ben.person, {"approve", device.substr(0, 8), "--yes"});
    CHECK(text_of(approved, "safety_phrase") == text_of(joined, "safety_phrase"));
    CHECK(town.json_of(ben.person, {"device", "list", "--own"})
              .as_object()
              .at("devices")
              .as_array()
              .size() == 2);
    const auto here = online(town, tablet);
    joined_everywhere(town, tablet);
    town.must(ben.person, {"send", "town", "to both of mine"});
    CHECK(text_of(next_event(*here.listener, "alert-received").at("alert"), "text") ==
          "to both of mine");

    // New keys: the old device is out, the new one reads and is read.
    const auto rotated = town.json_of(tablet, {"device", "rotate-key"});
    CHECK(text_of(rotated, "replaced") == device);
    const auto renewed = text_of(rotated, "device");
    CHECK(renewed != device);
    CHECK(own_device(town, tablet) == renewed);
    CHECK(text_of(next_event(*ben.listener, "device-changed").at("person"), "device") == renewed);
    joined_everywhere(town, tablet);
    town.must(ben.person, {"send", "town", "after the change"});
    CHECK(text_of(next_event(*here.listener, "alert-received").at("alert"), "text") ==
          "after the change");
    CHECK(town.inbox(tablet).size() == 2);
    town.must(tablet, {"send", "town", "from the new key"});
    (void)next_event(*ben.listener, "alert-received");
    // A device may always revoke itself.
    town.must(tablet, {"device", "revoke", renewed});
    town.must(olivia.person, {"policy", "set", "members_link_devices=no"});
    CHECK(error_of(refused(town, ben.person, {"device", "link"}, 6)) == "statement_forbidden");
}

TEST_CASE("a link that two have: the second is told, the coordinators are alarmed") {
    Town town;
    const auto olivia = online(town, town.found());
    const auto link = town.invite(olivia.person, "Ben", "retailer", {"--in-person"});
    const auto ben = town.person("Ben"), thief = town.person("thief");
    town.must(ben, {"join", "Join us: <" + link + ">."});
    const auto second = refused(town, thief, {"join", link}, 6);
    CHECK(error_of(second) == "invite_used");
    CHECK(detail_of(second).find("have been alarmed") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(thief.profile));
    const auto alarm = next_event(*olivia.listener, "invite-alarm");
    CHECK(text_of(alarm.at("person"), "name") == "Ben");
    const auto third = refused(town, thief, {"join", link}, 6);
    CHECK(error_of(third) == "invite_used");
    const auto invites = town.json_of(olivia.person, {"invite", "list"}).as_object();
    CHECK(flag(invites.at("invites").as_array().at(0), "alarmed"));
    const auto log = town.run(olivia.person, {"directory", "log"}).output;
    const auto first = log.find("ALARM");
    CHECK(first != std::string::npos);
    CHECK(log.find("ALARM", first + 1) == std::string::npos);
}

TEST_CASE("guards post for a retailer while its delegation runs") {
    Town town;
    const auto olivia = online(town, town.found());
    const auto shop = town.person("Mia");
    town.must(shop, {"join", town.invite(olivia.person, "Mia", "retailer",
                                         {"--in-person", "--organisation", "Northgate Store"})});
    const auto guard = town.person("Gus");
    town.must(guard, {"join", town.invite(olivia.person, "Gus", "security",
                                          {"--in-person", "--organisation", "Shield"})});
    const auto mia = online(town, shop), gus = online(town, guard);
    CHECK(error_of(refused(town, olivia.person, {"delegate", "grant", "Shield"}, 6)) ==
          "statement_forbidden");
    CHECK(detail_of(refused(town, mia.person, {"delegate", "grant", "Nobody"}, 7)).find("Shield") !=
          std::string::npos);
    // Where only shops post, a guard does in their name alone.
    town.must(olivia.person,
              {"channel", "create", "shops", "--post", "retailer", "--no-agreement"});
    joined_everywhere(town, gus.person);
    joined_everywhere(town, mia.person);
    CHECK(error_of(refused(town, gus.person, {"send", "shops", "early"}, 6)) ==
          "post_not_permitted");
    town.must(mia.person, {"delegate", "grant", "Shield", "--for", "10d"});
    (void)next_event(*gus.listener, "delegation-granted");
    CHECK(detail_of(refused(town, gus.person, {"send", "shops", "whose?"}, 6))
              .find("for which organisation") != std::string::npos);
    town.must(gus.person, {"send", "shops", "two at the till", "--for", "Northgate Store"});
    const auto told = next_event(*mia.listener, "alert-received").at("alert").as_object();
    CHECK(text_of(told, "text") == "two at the till");
    CHECK(text_of(told, "for") == "Northgate Store");
    CHECK(text_of(told.at("from"), "name") == "Gus");
    town.must(gus.person, {"respond", text_of(told, "id"), "coming"});
    (void)next_event(*mia.listener, "response-received");
    const auto list = town.json_of(gus.person, {"delegate", "list"}).as_object();
    const auto& one = list.at("delegations").as_array().at(0);
    CHECK(text_of(one, "state") == "running");
    CHECK(text_of(one.as_object().at("grantor"), "name") == "Northgate Store");
    town.must(mia.person, {"delegate", "withdraw", "Shield"});
    (void)next_event(*gus.listener, "delegation-ended");
    CHECK(refused(town, mia.person, {"delegate", "withdraw", "Shield"}, 7).is_object());
    CHECK(error_of(refused(town, gus.person, {"send", "shops", "late", "--for", "Northgate Store"},
                           6)) == "post_not_permitted");
}

TEST_CASE("a device that is alone in its channels goes on in them under a new key") {
    Town town;
    const auto olivia = online(town, town.found());
    town.must(olivia.person, {"channel", "create", "shops"});
    town.must(olivia.person, {"device", "rotate-key"});
    joined_everywhere(town, olivia.person);
    const auto sent = town.json_of(olivia.person, {"send", "shops", "nobody yet"});
    CHECK(text_of(sent, "state") == "accepted");
    const auto ben = online(town, town.admit(olivia.person, "Ben", "retailer"));
    joined_everywhere(town, ben.person);
    town.must(olivia.person, {"send", "all-members", "now there are two"});
    CHECK(text_of(next_event(*ben.listener, "alert-received").at("alert"), "text") ==
          "now there are two");
}

TEST_CASE("to another relay, the old one being dead; nobody enrols again") {
    Town town, elsewhere;
    const auto olivia = online(town, town.found());
    const auto ben = online(town, town.admit(olivia.person, "Ben", "retailer"));
    const auto agreement = town.folder() / "agreement.txt";
    std::ofstream(agreement) << "Wherever we are, we are fair.\n";
    town.must(olivia.person, {"agreement", "publish", agreement.string()});
    const auto before = town.json_of(ben.person, {"directory", "words"}).as_object();
    town.must(olivia.person, {"directory", "words"});
    town.kill_relay();
    const auto keyless = elsewhere.address().substr(0, elsewhere.address().find('#'));
    CHECK(town.run(olivia.person, {"relay", "move", keyless}).exit.code == 13);
    CHECK(town.run(ben.person, {"relay", "move", elsewhere.address()}).exit.code == 7);
    const auto moved = town.json_of(olivia.person, {"relay", "move", elsewhere.address()});
    const auto notice = text_of(moved, "notice");
    CHECK(notice.starts_with("huecry://relay/"));
    CHECK(text_of(moved, "relay") == elsewhere.address());

    auto forged = notice;
    forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
    CHECK(town.run(ben.person, {"relay", "follow", forged}).exit.code != 0);
    CHECK(town.run(ben.person, {"relay", "follow", "huecry://relay/"}).exit.code != 0);
    const auto followed =
        town.run(ben.person, {"relay", "follow", "Go here: " + notice + ".", "--json"});
    INFO(followed.errors);
    CHECK(text_of(json::parse(followed.output), "relay") == elsewhere.address());
    town.must(ben.person, {"relay", "follow", notice});  // twice does no harm

    const auto log = town.run(ben.person, {"directory", "log"}).output;
    CHECK(log.find("the relay is now at 127.0.0.1") != std::string::npos);
    const auto proof = town.json_of(ben.person, {"directory", "verify"}).as_object();
    CHECK(proof.at("entries").to_number<int>() > before.at("entries").to_number<int>());
    same_words(town, olivia.person, ben.person);
    // The channels begin anew there, and alerts flow both ways.
    joined_everywhere(town, olivia.person);
    joined_everywhere(town, ben.person);
    town.must(olivia.person, {"send", "all-members", "we are over here"});
    const auto heard = next_event(*ben.listener, "alert-received");
    CHECK(text_of(heard.at("alert"), "text") == "we are over here");
    town.must(ben.person, {"respond", text_of(heard.at("alert"), "id"), "coming"});
    (void)next_event(*olivia.listener, "response-received");
    // Newcomers come by links that name the new relay, and read the agreement there.
    const auto gus = town.person("Gus");
    const auto joined =
        town.json_of(gus, {"join", town.invite(olivia.person, "Gus", "security", {"--in-person"}),
                           "--accept-agreement"});
    CHECK(town.run(gus, {"agreement", "show"}).output == "Wherever we are, we are fair.\n");
    CHECK(text_of(joined, "standing") == "active");
    CHECK(town.json_of(gus, {"directory", "verify"}).as_object().at("entries").to_number<int>() >
          proof.at("entries").to_number<int>());
}
