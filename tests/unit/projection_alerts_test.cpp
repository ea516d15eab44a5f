#include <doctest/doctest.h>

#include "unit/projection_phone.hpp"

using namespace huecry;
using namespace huecry::test;
using namespace std::chrono_literals;

TEST_CASE("an alert arrives with everything that was said") {
    Pair pair;
    auto draft = pair.draft("red jacket, two bags\nwent north");
    draft.category = Category::theft_in_progress;
    draft.urgent = true;
    draft.place = "High Street 4";
    draft.offender = "Cobalt Lantern";
    const auto message = pair.send(draft, {});
    const auto alerts = pair.other.said.alerts();
    REQUIRE(alerts.size() == 1);
    const auto& alert = alerts[0];
    CHECK(alert.id == message.id);
    CHECK(alert.channel == pair.channel);
    CHECK(alert.text == draft.text);
    CHECK(alert.place == draft.place);
    CHECK(alert.offender == "Cobalt Lantern");
    CHECK(alert.category == Category::theft_in_progress);
    CHECK(alert.urgent);
    CHECK(alert.from.device == pair.shop.keys.id());
    CHECK(alert.from.role == Role::coordinator);
    CHECK_FALSE(alert.from.self);
    CHECK(alert.expires_ms == pair.other.wall + 8 * hour_ms);
    CHECK(alert.state == SendState::accepted);
    const auto own = pair.shop.said.alert(message.id);
    REQUIRE(own);
    CHECK(own->from.self);
    CHECK(own->text == draft.text);
}

TEST_CASE("an own alert is queued, then accepted or refused") {
    Pair pair;
    auto& shop = pair.shop;
    const auto first = shop.compose(pair.draft("one"));
    const auto second = shop.compose(pair.draft("two"));
    shop.queue(first);
    shop.queue(second);
    CHECK(shop.said.alert(first.id)->state == SendState::queued);
    shop.pass(minute_ms);
    shop.accept(first);
    CHECK(shop.said.alert(first.id)->state == SendState::accepted);
    CHECK(shop.said.alert(first.id)->sent_ms == shop.wall);
    CHECK(shop.said.alert(first.id)->expires_ms == shop.wall + 8 * hour_ms);
    shop.accept(first);  // an answer that comes twice
    shop.in_transaction(
        [&] { return shop.said.refused(second.id, Error{Errc::post_not_permitted, "role"}); });
    CHECK(shop.said.alert(second.id)->state == SendState::failed);
    REQUIRE(shop.said.failure(second.id));
    CHECK(shop.said.failure(second.id)->code == Errc::post_not_permitted);
    CHECK_FALSE(shop.said.failure(first.id));
    const auto events = shop.events();
    REQUIRE(events.size() == 2);
    CHECK(events[0].kind == Event::Kind::alert_accepted);
    CHECK(events[1].kind == Event::Kind::alert_failed);
    CHECK(events[1].note.find("role") != std::string::npos);
}

TEST_CASE("the same message twice has no second effect, nor has an own one from the stream") {
    Pair pair;
    const auto message = pair.send(pair.draft("once"));
    pair.other.receive(message, pair.shop.keys.id());
    CHECK(pair.other.said.alerts().size() == 1);
    CHECK(pair.other.events().size() == 1);

    // Accepted, but the device restarted before it heard so.
    const auto unheard = pair.shop.compose(pair.draft("unheard"));
    pair.shop.queue(unheard);
    pair.shop.receive(unheard, pair.shop.keys.id());
    CHECK(pair.shop.said.alert(unheard.id)->state == SendState::accepted);
    CHECK(pair.shop.said.alerts().size() == 2);
    CHECK(pair.shop.events().size() == 1);  // the first one's acceptance
}

TEST_CASE("an id that somebody else has used does not take the place of an alert") {
    Pair pair;
    const auto message = pair.send(pair.draft("the first"));
    auto copy = message;
    copy.content.mutable_alert()->set_text("an impostor");
    const auto retailer = pair.town.join_active(Role::retailer);
    domain::sign_alert(copy.content, {pair.town.state().partnership(), copy.channel, copy.id},
                       retailer.key);
    pair.other.receive(copy, retailer.id());
    CHECK(pair.other.said.alert(message.id)->text == "the first");
    CHECK(pair.other.said.alerts().size() == 2);
}

TEST_CASE("what cannot be sent is refused with the reason") {
    Pair pair;
    std::vector<domain::Projection::Sealed> none;
    const auto refused = [&](auto change) {
        auto draft = pair.draft("text");
        change(draft);
        const auto out = pair.shop.said.compose(draft, none);
        return out.ok() ? Errc::internal : out.error().code;
    };
    CHECK(refused([](Draft& d) { d.text = " \n"; }) == Errc::text_empty);
    CHECK(refused([](Draft& d) { d.text = std::string(8001, 'x'); }) == Errc::text_too_long);
    CHECK(refused([](Draft& d) { d.text = "bell\a"; }) == Errc::text_unprintable);
    CHECK(refused([](Draft& d) { d.text = "\xff"; }) == Errc::text_unprintable);
    CHECK(refused([](Draft& d) { d.place = "a\nb"; }) == Errc::text_unprintable);
    CHECK(refused([](Draft& d) { d.offender = std::string(61, 'x'); }) == Errc::text_too_long);
    CHECK(refused([](Draft& d) { d.expiry = 8 * 24h; }) == Errc::expiry_too_long);
    CHECK(refused([](Draft& d) { d.expiry = 0s; }) == Errc::invalid_argument);
    CHECK(refused([](Draft& d) { d.channel = ChannelId{}; }) == Errc::channel_unknown);
    Draft nickname_only = pair.draft("");
    nickname_only.offender = "Cobalt Lantern";
    CHECK(pair.shop.said.compose(nickname_only, none).ok());

    auto settings = pair.town.channel_for(directory::every_role, directory::bit(Role::coordinator));
    REQUIRE(pair.town.by_founder(directory::ChannelDefined{settings}).ok());
    auto draft = pair.draft("text");
    draft.channel = settings.id;
    CHECK(pair.other.said.compose(draft, none).error().code == Errc::post_not_permitted);
    CHECK(pair.shop.said.compose(draft, none).ok());
}

TEST_CASE("photos: a life of their own below the alert's, and what opens them") {
    Pair pair;
    std::vector<domain::Projection::Sealed> photos;
    photos.push_back(sealed_photo(1));
    photos.push_back(sealed_photo(2));
    auto draft = pair.draft("");
    draft.expiry = 2 * 24h;
    CHECK(pair.shop.said.compose(draft, photos).error().code == Errc::expiry_too_long);
    draft.expiry.reset();
    const auto message = pair.shop.compose(draft, std::move(photos));
    CHECK(message.lifetime == 24h);
    pair.other.receive(message, pair.shop.keys.id());
    const auto alert = pair.other.said.alert(message.id);
    REQUIRE(alert);
    REQUIRE(alert->photos.size() == 2);
    CHECK(alert->photos[1].width == 1600);
    const auto second = pair.other.said.photo_key(message.id, 2);
    REQUIRE(second.ok());
    CHECK(second->secret == SecretBytes(Bytes(32, 2)));
    CHECK(second->size == 5000);
    CHECK(pair.other.said.photo_key(message.id, 3).error().code == Errc::not_found);
    CHECK(pair.other.said.photo_key(MessageId{}, 1).error().code == Errc::alert_gone);

    // A sender who asks for more than the channel allows: the photo goes first.
    auto longer = message;
    longer.id = pair.town.id<MessageId>();
    longer.lifetime = 3 * 24h;
    longer.content.mutable_alert()->set_lifetime_ms(3 * 24 * hour_ms);
    pair.shop.sign(longer);
    pair.other.receive(longer, pair.shop.keys.id());
    pair.other.pass(25 * hour_ms);
    pair.other.hear();
    CHECK(pair.other.expire());
    CHECK(pair.other.said.photo_key(message.id, 1).error().code == Errc::alert_gone);
    CHECK(pair.other.said.alert(longer.id));
    CHECK(pair.other.said.photo_key(longer.id, 1).error().code == Errc::photo_gone);
}

TEST_CASE("answers: the newest of each device, to alerts that are known") {
    Pair pair;
    const auto message = pair.send(pair.draft("who comes?"));
    const auto answer = [&](Answer what) {
        const auto out = pair.other.said.compose_response(message.id, what);
        REQUIRE(out.ok());
        pair.other.queue(*out);
        CHECK(pair.other.said.alert(message.id)->responses.at(0).answer == what);
        CHECK(pair.other.said.alert(message.id)->responses.at(0).time_ms == 0);
        pair.pass(minute_ms);
        pair.other.accept(*out);
        pair.shop.receive(*out, pair.other.keys.id());
        return *out;
    };
    answer(Answer::seen);
    answer(Answer::coming);
    const auto coming = answer(Answer::coming);
    auto responses = pair.shop.said.alert(message.id)->responses;
    REQUIRE(responses.size() == 1);
    CHECK(responses[0].answer == Answer::coming);
    CHECK(responses[0].from.device == pair.other.keys.id());
    CHECK(responses[0].from.role == Role::security);
    CHECK(responses[0].time_ms == pair.shop.wall);
    // Two pieces of news, the repetition is none; the sender hears of "seen", too.
    const auto events = pair.shop.events();
    REQUIRE(events.size() == 3);
    CHECK(events[1].kind == Event::Kind::response_received);
    CHECK(events[1].response->answer == Answer::seen);
    CHECK(events[2].response->answer == Answer::coming);
    CHECK(events[2].alert->id == message.id);

    auto lost = coming;
    lost.content.mutable_response()->set_alert(std::string(16, 'x'));
    pair.shop.receive(lost, pair.other.keys.id());
    CHECK(pair.shop.events().size() == 3);
    CHECK(pair.other.said.compose_response(MessageId{}, Answer::seen).error().code ==
          Errc::alert_gone);

    // A third who reads along is told who comes, not who has merely seen it.
    Phone third(pair.town, pair.town.join_active(Role::warden));
    third.wall = pair.shop.wall;
    third.hear();
    third.receive(message, pair.shop.keys.id());
    auto seen = coming;
    seen.content.mutable_response()->set_answer(content::v1::SEEN);
    third.receive(seen, pair.other.keys.id());
    CHECK(third.events().size() == 1);
    third.receive(coming, pair.other.keys.id());
    CHECK(third.events().size() == 2);
}

TEST_CASE("a refused answer is taken back") {
    Pair pair;
    const auto message = pair.send(pair.draft("x"));
    const auto out = pair.other.said.compose_response(message.id, Answer::coming);
    pair.other.queue(*out);
    pair.other.in_transaction(
        [&] { return pair.other.said.refused(out->id, Error{Errc::expired}); });
    CHECK(pair.other.said.alert(message.id)->responses.empty());
    CHECK(pair.other.events().back().kind == Event::Kind::warning);
}

TEST_CASE("what breaks the rules is left out and said so") {
    Pair pair;
    const auto good = pair.shop.compose(pair.draft("good"));
    const auto try_alert = [&](auto change) {
        auto bad = good;
        bad.id = pair.town.id<MessageId>();
        change(*bad.content.mutable_alert());
        pair.shop.sign(bad);
        const auto before = pair.other.events().size();
        pair.other.receive(bad, pair.shop.keys.id());
        CHECK(pair.other.said.alerts().empty());
        const auto events = pair.other.events();
        REQUIRE(events.size() == before + 1);
        CHECK(events.back().kind == Event::Kind::warning);
        CHECK_FALSE(events.back().note.empty());
    };
    using content::v1::Alert;
    try_alert([](Alert& a) { a.set_text(std::string(8001, 'x')); });
    try_alert([](Alert& a) { a.set_text("\x1b[2J"); });
    try_alert([](Alert& a) { a.set_place(std::string(201, 'x')); });
    try_alert([](Alert& a) { a.set_offender("short"); });
    try_alert([](Alert& a) {
        for (std::uint8_t i = 0; i < 5; ++i) *a.add_photos() = sealed_photo(i).photo;
    });
    try_alert([](Alert& a) { a.add_photos()->set_blob("x"); });
    content::v1::Content unknown;
    pair.other.receive({pair.channel, pair.shop.keys.id(), pair.town.id<MessageId>(),
                        pair.other.wall, pair.other.wall + hour_ms},
                       unknown);
    CHECK(pair.other.events().back().kind == Event::Kind::warning);
    // A kind of alert from the future is an alert all the same.
    auto future = good;
    future.content.mutable_alert()->set_category(static_cast<content::v1::Category>(99));
    pair.shop.sign(future);
    pair.other.receive(future, pair.shop.keys.id());
    REQUIRE(pair.other.said.alerts().size() == 1);
    CHECK(pair.other.said.alerts()[0].category == Category::information);
}

TEST_CASE("alerts are found by prefix and by 'last'") {
    Pair pair;
    CHECK(pair.other.said.find_alert("last").error().code == Errc::not_found);
    auto first = pair.draft("first");
    first.id = MessageId(std::array<std::uint8_t, 16>{0xab, 0xcd, 0x01});
    auto second = pair.draft("second");
    second.id = MessageId(std::array<std::uint8_t, 16>{0xab, 0xcd, 0x02});
    pair.send(first);
    pair.send(second);
    CHECK(*pair.other.said.find_alert("last") == *second.id);
    CHECK(*pair.other.said.find_alert("ABCD01") == *first.id);
    CHECK(*pair.other.said.find_alert(first.id->hex()) == *first.id);
    CHECK(pair.other.said.find_alert("abcd").error().code == Errc::ambiguous);
    CHECK(pair.other.said.find_alert("abc").error().code == Errc::invalid_argument);
    CHECK(pair.other.said.find_alert("abcd03").error().code == Errc::not_found);
    CHECK(pair.other.said.find_alert("%_%_").error().code == Errc::not_found);
}
