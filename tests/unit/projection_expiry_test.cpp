#include <doctest/doctest.h>

#include "support/sqlcipher_pages.hpp"
#include "unit/projection_phone.hpp"

using namespace huecry;
using namespace huecry::test;
using namespace std::chrono_literals;

namespace {

std::int64_t rows(Phone& phone, std::string_view sql) {
    auto statement = phone.db.prepare(sql);
    REQUIRE(*statement.step());
    return statement.integer(0);
}

}  // namespace

TEST_CASE("at its time an alert is gone, and no byte of it is left on the disk") {
    Pair pair;
    auto draft = pair.draft("CanaryText in an alert");
    draft.place = "CanaryPlace";
    draft.offender = "CanaryNickname";
    std::vector<domain::Projection::Sealed> photos;
    photos.push_back(sealed_photo('S'));
    const auto message = pair.send(draft, std::move(photos));
    const auto answer = pair.other.said.compose_response(message.id, Answer::arrived);
    pair.other.queue(*answer);
    pair.other.accept(*answer);
    REQUIRE(pair.other.said.alerts().size() == 1);
    const auto keys = [&] {
        auto statement = pair.other.db.prepare("SELECT secret FROM item_key");
        std::vector<Bytes> out;
        while (*statement.step()) out.push_back(statement.blob(0));
        return out;
    }();
    CHECK(keys.size() == 4);  // content, photo, the whole as signed; the offender's
    // Only keys stand in the clear there: the content does not, even under the store's encryption.
    const Bytes before = decrypted_pages(pair.other.file, pair.other.key);
    CHECK_FALSE(holds(before, "CanaryText"));
    CHECK(holds(before, to_string(keys[0])));
    CHECK(holds(before, to_string(message.id.view())));

    CHECK_FALSE(pair.other.expire());
    CHECK(pair.other.said.next_expiry() == pair.other.wall + 24 * hour_ms);
    pair.other.pass(24 * hour_ms);
    CHECK(pair.other.said.alerts().empty());  // hidden before it is erased
    pair.other.hear();
    CHECK(pair.other.expire());
    CHECK_FALSE(pair.other.said.alert(message.id));
    CHECK(rows(pair.other, "SELECT count(*) FROM photo") == 0);
    CHECK(rows(pair.other, "SELECT count(*) FROM said") == 0);
    CHECK(rows(pair.other, "SELECT count(*) FROM response") == 0);
    CHECK(rows(pair.other, "SELECT count(*) FROM item_key") == 1);  // the offender's
    const Bytes after = decrypted_pages(pair.other.file, pair.other.key);
    CHECK(holds(after, "CREATE TABLE alert"));
    int left = 0;
    for (const auto& key : keys) left += holds(after, to_string(key)) ? 1 : 0;
    CHECK(left == 1);
    CHECK_FALSE(holds(after, "Canary"));

    // Only that it has gone is told.
    const auto events = pair.other.events();
    REQUIRE(events.size() == 1);
    CHECK(events[0].kind == Event::Kind::alert_expired);
    CHECK(events[0].alert->id == message.id);
    CHECK(events[0].alert->text.empty());

    // The offender's record outlives the alert, but not its own time.
    pair.other.pass(180ULL * 24 * hour_ms);
    pair.other.hear();
    CHECK(pair.other.expire());
    CHECK(rows(pair.other, "SELECT count(*) FROM item_key") == 0);
    CHECK_FALSE(pair.other.said.next_expiry());
}

TEST_CASE("what has expired does not come back") {
    Pair pair;
    auto draft = pair.draft("short");
    draft.expiry = 60s;
    const auto message = pair.send(draft);
    const domain::Origin origin{pair.channel, pair.shop.keys.id(), message.id, pair.other.wall,
                                pair.other.wall + minute_ms};
    pair.other.pass(minute_ms);
    pair.other.hear();
    CHECK(pair.other.expire());
    const auto told = pair.other.events().size();
    pair.other.receive(origin, message.content);
    CHECK(pair.other.said.alerts().empty());
    CHECK(pair.other.events().size() == told);
    // Nor by a relay that says it lives longer than its sender asked for.
    auto stretched = origin;
    stretched.expiry_ms += hour_ms;
    pair.other.receive(stretched, message.content);
    CHECK(pair.other.said.alerts().empty());
    CHECK(rows(pair.other, "SELECT count(*) FROM alert") == 0);
}

TEST_CASE("a clock behind the mark shows nothing until the relay is heard") {
    Pair pair;
    pair.send(pair.draft("hidden"));
    auto& phone = pair.other;
    REQUIRE(phone.said.alerts().size() == 1);
    // The same store after a restart, with the clock set back.
    std::uint64_t wall = phone.wall - 365ULL * 24 * hour_ms;
    domain::Clock clock(phone.db, [&] { return wall; }, [] { return std::uint64_t{5}; });
    REQUIRE(clock.load().ok());
    domain::Projection said(phone.db, clock, phone.random, phone.keys.key);
    said.set_directory(&pair.town.state(), phone.keys.id());
    CHECK(said.alerts().empty());
    CHECK_FALSE(said.next_event(0));
    CHECK(said.find_alert("last").error().code == Errc::clock_wrong);
    CHECK(said.photo_key(MessageId{}, 1).error().code == Errc::clock_wrong);
    CHECK(said.compose_response(MessageId{}, Answer::seen).error().code == Errc::clock_wrong);
    clock.heard_relay(phone.wall + minute_ms);
    CHECK(said.alerts().size() == 1);
    CHECK(said.next_event(0)->alert->text == "hidden");
}

TEST_CASE("a relay ten years ahead hides and destroys nothing") {
    Pair pair;
    const auto message = pair.send(pair.draft("stays"));
    auto& phone = pair.other;
    phone.clock.heard_relay(phone.wall + 3650ULL * 24 * hour_ms);
    REQUIRE(phone.clock.advance().ok());
    CHECK(phone.said.alerts().empty());
    CHECK_FALSE(phone.expire());
    CHECK(rows(phone, "SELECT count(*) FROM alert") == 1);
    phone.clock.heard_relay(phone.wall);
    CHECK(phone.said.alert(message.id)->text == "stays");
}

TEST_CASE("off past the deadline: hidden at once, erased at the first contact") {
    Pair pair;
    pair.send(pair.draft("old"));
    auto& phone = pair.other;
    phone.wall += 5 * 24 * hour_ms;
    domain::Clock clock(phone.db, [&] { return phone.wall; }, [] { return std::uint64_t{5}; });
    REQUIRE(clock.load().ok());
    domain::Projection said(phone.db, clock, phone.random, phone.keys.key);
    said.set_directory(&pair.town.state(), phone.keys.id());
    CHECK(said.alerts().empty());
    CHECK_FALSE(said.next_event(0));
    clock.heard_relay(phone.wall);
    REQUIRE(clock.advance().ok());
    auto transaction = phone.db.begin();
    const auto erased = said.expire();
    REQUIRE(erased.ok());
    CHECK(*erased);
    REQUIRE(transaction->commit().ok());
    CHECK(rows(phone, "SELECT count(*) FROM alert") == 0);
}

TEST_CASE("removed: everything that was said is gone, and the user is told so") {
    Pair pair;
    auto draft = pair.draft("text");
    draft.offender = "Cobalt Lantern";
    pair.send(draft);
    pair.other.in_transaction([&] { return pair.other.said.removed(); });
    CHECK(pair.other.said.alerts().empty());
    for (const auto* table : {"alert", "item_key", "offender", "offender_channel", "name",
                              "name_aside", "agreement_key", "outbox", "upload"})
        CHECK(rows(pair.other, std::string("SELECT count(*) FROM ") + table) == 0);
    const auto events = pair.other.events();
    REQUIRE(events.size() == 1);
    CHECK(events[0].kind == Event::Kind::removed);
}

TEST_CASE("a transaction that does not commit leaves neither alert nor news") {
    Pair pair;
    const auto message = pair.shop.compose(pair.draft("undone"));
    {
        auto transaction = pair.other.db.begin();
        REQUIRE(pair.other.said
                    .received({pair.channel, pair.shop.keys.id(), message.id, pair.other.wall,
                               pair.other.wall + hour_ms},
                              message.content)
                    .ok());
    }
    pair.other.said.rolled_back();
    CHECK(pair.other.said.alerts().empty());
    CHECK(pair.other.events().empty());
    pair.other.said.committed();
    CHECK(pair.other.woken == 0);
    pair.other.receive(message, pair.shop.keys.id());
    CHECK(pair.other.woken == 1);
    CHECK(pair.other.said.alerts().size() == 1);
}
