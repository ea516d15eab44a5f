#include <doctest/doctest.h>

#include "unit/projection_phone.hpp"

// Alerts that are handed on by somebody other than their author.
using namespace huecry;
using namespace huecry::test;
using namespace std::chrono_literals;

namespace {

std::vector<domain::Projection::Gift> gifts(Pair& pair) {
    return pair.shop.said.to_give(pair.channel, false, [](std::uint64_t) { return true; });
}

}  // namespace

TEST_CASE("an alert is handed on as its author signed it, and lives no longer for it") {
    Pair pair;
    auto draft = pair.draft("red jacket");
    draft.offender = "Cobalt Lantern";
    const auto message = pair.send(draft);
    Phone third{pair.town, pair.town.join_active(Role::retailer)};
    pair.other.pass(hour_ms);
    auto have = pair.other.said.to_give(pair.channel, false, [](std::uint64_t) { return true; });
    REQUIRE(have.size() == 1);
    CHECK(pair.other.said.to_give(pair.channel, true, [](std::uint64_t) { return true; }).empty());
    CHECK(
        pair.other.said.to_give(pair.channel, false, [](std::uint64_t) { return false; }).empty());
    third.pass(hour_ms);
    auto& gift = have[0].alert;
    // As if it had been accepted just now: its author's time stands.
    gift.set_accepted_ms(third.wall);
    third.in_transaction([&] { return third.said.given(pair.channel, pair.guard.id(), gift); });
    const auto alert = third.said.alert(message.id);
    REQUIRE(alert.has_value());
    CHECK(alert->text == "red jacket");
    CHECK(alert->offender == "Cobalt Lantern");
    CHECK(alert->from.device == pair.shop.keys.id());
    CHECK(alert->expires_ms == third.wall - hour_ms + 8 * hour_ms);
    // Twice is once, and it can be handed on again.
    third.in_transaction([&] { return third.said.given(pair.channel, pair.guard.id(), gift); });
    CHECK(third.said.alerts().size() == 1);
    CHECK(third.events().size() == 1);
    CHECK(third.said.to_give(pair.channel, false, [](std::uint64_t) { return true; }).size() == 1);
}

TEST_CASE("nothing that was changed, or has no author who might say it, is taken as an alert") {
    Pair pair;
    pair.send(pair.draft("red jacket"));
    const auto good = gifts(pair);
    REQUIRE(good.size() == 1);
    Phone third{pair.town, pair.town.join_active(Role::retailer)};
    const auto refused = [&](auto change) {
        auto bad = good[0].alert;
        change(bad);
        third.in_transaction([&] { return third.said.given(pair.channel, pair.guard.id(), bad); });
        CHECK(third.said.alerts().empty());
        return third.events().back().note.find("breaks the rules") != std::string::npos;
    };
    using content::v1::GivenAlert;
    CHECK(refused([&](GivenAlert& a) { a.set_author(to_string(pair.guard.id().view())); }));
    CHECK(refused([&](GivenAlert& a) { a.set_id(to_string(pair.town.id<MessageId>().view())); }));
    CHECK(refused([](GivenAlert& a) { a.mutable_said()->at(4) ^= 1; }));
    CHECK(refused([](GivenAlert& a) { a.mutable_said()->back() ^= 1; }));
    CHECK(refused([](GivenAlert& a) { a.mutable_said()->append("\x0a\x00", 2); }));
    CHECK(refused([](GivenAlert& a) { a.mutable_said()->clear(); }));
    CHECK(refused([](GivenAlert& a) { a.set_accepted_ms(0); }));
    CHECK(refused([&](GivenAlert& a) { a.set_directory_index(pair.town.state().index() + 1); }));
    // Before its author was there at all.
    CHECK(refused([](GivenAlert& a) { a.set_directory_index(0); }));
    // As it is, to show that nothing else is wrong with it.
    Phone fourth{pair.town, pair.town.join_active(Role::retailer)};
    fourth.in_transaction(
        [&] { return fourth.said.given(pair.channel, pair.guard.id(), good[0].alert); });
    CHECK(fourth.said.alerts().size() == 1);
    // Its time is over: no event either.
    third.pass(8 * hour_ms);
    third.hear();
    const auto events = third.events().size();
    auto late = good[0].alert;
    late.set_accepted_ms(third.wall);
    third.in_transaction([&] { return third.said.given(pair.channel, pair.guard.id(), late); });
    CHECK(third.said.alerts().empty());
    CHECK(third.events().size() == events);
}

TEST_CASE("what can be handed on goes with the first of the alert and its photos") {
    Pair pair;
    std::vector<domain::Projection::Sealed> photos;
    photos.push_back(sealed_photo(1));
    auto longer = pair.shop.compose(pair.draft("with a photo"), std::move(photos));
    longer.lifetime = 3 * 24h;
    longer.content.mutable_alert()->set_lifetime_ms(3 * 24 * hour_ms);
    pair.shop.sign(longer);
    pair.shop.queue(longer);
    pair.shop.accept(longer);
    CHECK(gifts(pair).size() == 1);
    pair.shop.pass(25 * hour_ms);
    pair.shop.hear();
    CHECK(pair.shop.expire());
    CHECK(gifts(pair).empty());
    CHECK(pair.shop.said.alert(longer.id).has_value());
}
