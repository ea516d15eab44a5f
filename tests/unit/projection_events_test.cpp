#include <doctest/doctest.h>

#include "unit/projection_phone.hpp"

using namespace huecry;
using namespace huecry::test;

namespace {

std::vector<Event::Kind> kinds(Phone& phone) {
    std::vector<Event::Kind> out;
    for (const auto& event : phone.events()) out.push_back(event.kind);
    return out;
}

}  // namespace

TEST_CASE("what was shown is remembered, numbers only rise") {
    Pair pair;
    pair.send(pair.draft("one"));
    pair.send(pair.draft("two"));
    auto& said = pair.other.said;
    CHECK(said.first_unshown() == 0);
    const auto events = pair.other.events();
    REQUIRE(events.size() == 2);
    CHECK(events[0].number < events[1].number);
    CHECK(events[0].alert->text == "one");
    REQUIRE(said.mark_shown(events[0].number).ok());
    CHECK(said.first_unshown() == events[0].number);
    CHECK(said.next_event(said.first_unshown())->alert->text == "two");
    REQUIRE(said.mark_shown(0).ok());
    CHECK(said.first_unshown() == events[0].number);
    // What is yet to come cannot have been shown.
    REQUIRE(said.mark_shown(events[1].number + 1000).ok());
    CHECK(said.first_unshown() == events[1].number);
    pair.send(pair.draft("three"));
    CHECK(said.next_event(said.first_unshown())->alert->text == "three");
    // A fresh reader of the same store goes on there.
    domain::Projection again(pair.other.db, pair.other.clock, pair.other.random,
                             pair.other.keys.key);
    CHECK(again.first_unshown() == events[1].number);
}

TEST_CASE("people come and go: told to whom it concerns") {
    Pair pair;
    auto& town = pair.town;
    const auto step = [&](const Result<directory::Applied>& applied) {
        REQUIRE(applied.ok());
        pair.shop.applied(*applied);
        pair.other.applied(*applied);
    };
    auto one_time = town.key();
    step(town.by_founder(town.terms(Role::retailer, false, one_time.key)));
    const auto newcomer = town.device();
    step(town.submit(town.admission(one_time.key, newcomer)));
    // Only who can approve is asked to.
    CHECK(kinds(pair.shop) == std::vector{Event::Kind::device_pending});
    CHECK(pair.shop.events()[0].person->device == newcomer.id());
    CHECK(kinds(pair.other).empty());
    step(town.by_founder(directory::DeviceApproved{newcomer.id()}));
    CHECK(kinds(pair.shop).size() == 1);  // its own doing is no news
    CHECK(kinds(pair.other) == std::vector{Event::Kind::device_admitted});
    step(town.by_founder(town.agreement()));
    step(town.by(pair.guard, directory::AgreementAccepted{1}));
    step(town.by_founder(directory::DeviceRevoked{newcomer.id()}));
    CHECK(kinds(pair.other) == std::vector{Event::Kind::device_admitted,
                                           Event::Kind::agreement_published,
                                           Event::Kind::device_revoked});
    CHECK(kinds(pair.shop) ==
          std::vector{Event::Kind::device_pending, Event::Kind::agreement_accepted});
    CHECK(pair.shop.events()[1].person->device == pair.guard.id());
}

TEST_CASE("what was before this device came is no news") {
    Town town;
    Phone phone(town, town.founder());
    auto one_time = town.key();
    auto invite = town.by_founder(town.terms(Role::retailer, true, one_time.key));
    REQUIRE(invite.ok());
    const auto device = town.device();
    auto admitted = town.submit(town.admission(one_time.key, device));
    REQUIRE(admitted.ok());
    Phone newcomer(town, device);
    newcomer.applied(*invite);
    newcomer.applied(*admitted);
    CHECK(newcomer.events().empty());
    phone.applied(*admitted);
    CHECK(kinds(phone) == std::vector{Event::Kind::device_admitted});
}

TEST_CASE("notes and joined channels are events; a flood is bounded; old ones go") {
    Pair pair;
    auto& phone = pair.other;
    phone.in_transaction([&] { return phone.said.channel_joined(pair.channel); });
    phone.in_transaction([&] { return phone.said.note(Event::Kind::online, "x"); });
    const auto events = phone.events();
    REQUIRE(events.size() == 2);
    CHECK(events[0].channel == pair.channel);
    CHECK(events[1].note == "x");
    CHECK(phone.woken == 2);
    phone.in_transaction([&]() -> Result<void> {
        for (int i = 0; i < 10'100; ++i) HUECRY_TRY(phone.said.note(Event::Kind::warning, "flood"));
        return {};
    });
    auto count = phone.db.prepare("SELECT count(*), max(number) FROM event");
    REQUIRE(*count.step());
    CHECK(count.integer(0) == 10'000);
    CHECK(count.integer(1) == 10'102);
    CHECK_FALSE(*count.step());
    phone.pass(31ULL * 24 * hour_ms);
    phone.hear();
    phone.expire();
    CHECK(phone.events().empty());
    // Numbers go on even when all rows are gone.
    phone.in_transaction([&] { return phone.said.note(Event::Kind::offline, {}); });
    CHECK(phone.events()[0].number == 10'103);
}

TEST_CASE("names of kinds, both ways") {
    CHECK(name(Category::theft_in_progress) == "theft-in-progress");
    CHECK(category_from_name("missing-person") == Category::missing_person);
    CHECK_FALSE(category_from_name("Missing-Person"));
    CHECK(name(Answer::stood_down) == "stood-down");
    CHECK(answer_from_name("coming") == Answer::coming);
    CHECK_FALSE(answer_from_name(""));
    CHECK(name(Event::Kind::used_elsewhere) == "used-elsewhere");
    for (int i = 1; i <= 10; ++i)
        CHECK(category_from_name(name(static_cast<Category>(i))) == static_cast<Category>(i));
}
