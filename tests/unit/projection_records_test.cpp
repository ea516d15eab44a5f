#include <doctest/doctest.h>

#include "domain/names.hpp"
#include "domain/offender_record.hpp"
#include "huecry/directory/document_key.hpp"
#include "unit/projection_phone.hpp"

using namespace huecry;
using namespace huecry::test;
using domain::NameKind;

namespace {

content::v1::NameRecord record(NameKind kind, BytesView id, BytesView salt, std::string name) {
    content::v1::NameRecord out;
    out.set_kind(static_cast<std::uint32_t>(kind));
    out.set_id(to_string(id));
    out.set_salt(to_string(salt));
    out.set_name(std::move(name));
    return out;
}

content::v1::Content names(std::initializer_list<content::v1::NameRecord> records) {
    content::v1::Content out;
    for (const auto& one : records) *out.mutable_names()->add_names() = one;
    return out;
}

domain::Origin origin(Pair& pair) {
    return {pair.town.state().all_members(), pair.shop.keys.id(), pair.town.id<MessageId>(),
            pair.other.wall, pair.other.wall + hour_ms};
}

std::string last_warning(Phone& phone) {
    const auto events = phone.events();
    return !events.empty() && events.back().kind == Event::Kind::warning ? events.back().note : "";
}

}  // namespace

TEST_CASE("names are believed when the directory has their hash, whichever comes first") {
    Pair pair;
    auto& town = pair.town;
    const Bytes salt = town.bytes(16);
    auto one_time = town.key();
    auto invite = town.terms(Role::retailer, true, one_time.key);
    invite.member_name_hash = directory::name_hash(salt, "Corner Shop");
    invite.organisation_name_hash = directory::name_hash(salt, "Corner Ltd");
    const auto member = record(NameKind::member, invite.member.view(), salt, "Corner Shop");
    const auto organisation =
        record(NameKind::organisation, invite.organisation.view(), salt, "Corner Ltd");
    // First the message, then the directory.
    pair.other.receive(origin(pair), names({member, organisation}));
    CHECK(pair.other.said.member_name(invite.member).empty());
    const auto applied = town.by_founder(invite);
    REQUIRE(applied.ok());
    pair.other.applied(*applied);
    CHECK(pair.other.said.member_name(invite.member) == "Corner Shop");
    CHECK(pair.other.said.organisation_name(invite.organisation) == "Corner Ltd");
    // First the directory, then the message.
    pair.shop.applied(*applied);
    pair.shop.receive(origin(pair), names({member, organisation}));
    CHECK(pair.shop.said.member_name(invite.member) == "Corner Shop");
    CHECK(*pair.shop.said.organisation_by_name("Corner Ltd") == invite.organisation);
    CHECK_FALSE(pair.shop.said.organisation_by_name("Nobody"));

    const auto device = town.device();
    REQUIRE(town.submit(town.admission(one_time.key, device)).ok());
    const auto person = pair.other.said.person(device.id());
    CHECK(person.member_name == "Corner Shop");
    CHECK(person.organisation == "Corner Ltd");
    CHECK(person.role == Role::retailer);

    // A newcomer gets them from anybody.
    Phone newcomer(town, device);
    const auto snapshot = pair.other.said.snapshot(town.state().all_members());
    REQUIRE(snapshot.size() == 1);
    newcomer.receive(origin(pair), snapshot[0]);
    CHECK(newcomer.said.member_name(invite.member) == "Corner Shop");
}

TEST_CASE("a wrong name is not believed and does not replace the right one") {
    Pair pair;
    const Bytes salt = pair.town.bytes(16);
    auto settings = pair.town.channel_for(directory::every_role, directory::every_role);
    settings.name_hash = directory::name_hash(salt, "Market Square");
    REQUIRE(pair.town.by_founder(directory::ChannelDefined{settings}).ok());
    const auto right = record(NameKind::channel, settings.id.view(), salt, "Market Square");
    const auto wrong = record(NameKind::channel, settings.id.view(), salt, "Harbour");
    pair.other.receive(origin(pair), names({wrong}));
    CHECK(pair.other.said.channel_name(settings.id).empty());
    pair.other.receive(origin(pair), names({right, wrong}));
    CHECK(pair.other.said.channel_name(settings.id) == "Market Square");
    CHECK(pair.other.said.channels_by_name("Market Square") == std::vector{settings.id});

    // Renamed in the directory: the old name is no longer shown, the new one as soon as it is here.
    settings.name_hash = directory::name_hash(salt, "Harbour");
    const auto applied = pair.town.by_founder(directory::ChannelChanged{settings});
    REQUIRE(applied.ok());
    pair.other.applied(*applied);
    CHECK(pair.other.said.channel_name(settings.id) == "Harbour");
}

TEST_CASE("impossible name records are refused, and strangers' names are kept in bounds") {
    Pair pair;
    const Bytes salt = pair.town.bytes(16);
    const Bytes id = pair.town.bytes(16);
    for (const auto& bad :
         {record(NameKind::member, id, salt, ""), record(NameKind::member, id, salt, "a\nb"),
          record(NameKind::member, id, salt, std::string(101, 'x')),
          record(NameKind::member, id, Bytes(15), "x"),
          record(NameKind::member, Bytes(15), salt, "x"),
          record(static_cast<NameKind>(9), id, salt, "x")}) {
        pair.other.receive(origin(pair), names({bad}));
        CHECK(last_warning(pair.other).find("breaks the rules") != std::string::npos);
    }
    for (int part = 0; part < 5; ++part) {
        content::v1::Content many;
        for (int i = 0; i < 500; ++i)
            *many.mutable_names()->add_names() =
                record(NameKind::member, pair.town.bytes(16), salt, "Somebody");
        pair.other.receive(origin(pair), many);
    }
    auto count = pair.other.db.prepare("SELECT count(*) FROM name_aside");
    REQUIRE(*count.step());
    CHECK(count.integer(0) == domain::Names::max_aside);
}

TEST_CASE("the partnership's name, and names kept before the directory came") {
    Town town;
    Bytes salt = town.bytes(16);
    auto statement = town.genesis_statement();
    std::get<directory::Genesis>(statement.body).partnership_name_hash =
        directory::name_hash(salt, "Old Town");
    const auto body =
        directory::sign_genesis(statement, town.root().key, town.founder().key).encode();
    auto state = directory::State::from_genesis(Town::header(1, body, Town::start_ms), body);
    REQUIRE(state.ok());
    Phone phone(town, town.founder());
    phone.said.set_directory(nullptr, town.founder().id());
    phone.in_transaction([&] {
        return phone.said.keep_name(
            record(NameKind::partnership, state->partnership().view(), salt, "Old Town"));
    });
    CHECK(phone.said.partnership_name().empty());
    phone.said.set_directory(&*state, town.founder().id());
    directory::Applied genesis;
    genesis.index = 1;
    genesis.action = directory::Action::genesis;
    phone.applied(genesis);
    CHECK(phone.said.partnership_name() == "Old Town");
}

TEST_CASE("an offender's record is signed, travels with the alert and is used again") {
    Pair pair;
    auto draft = pair.draft("again");
    draft.offender = "Cobalt Lantern";
    const auto first = pair.send(draft);
    // The other knows the nickname now, in whatever case it is typed, and passes the record on.
    draft.offender = "cobalt lantern";
    const auto second = pair.other.compose(draft);
    CHECK(second.content.alert().offender() == first.content.alert().offender());
    CHECK(second.content.alert().new_offender().SerializeAsString() ==
          first.content.alert().new_offender().SerializeAsString());
    Phone third(pair.town, pair.town.join_active(Role::warden));
    third.receive(second, pair.other.keys.id());
    CHECK(third.said.alert(second.id)->offender == "Cobalt Lantern");

    const auto suggested = pair.other.said.suggest_nickname();
    CHECK(suggested.find(' ') != std::string::npos);
    CHECK(suggested != "Cobalt Lantern");

    // A newcomer of the channel gets it from a snapshot; one of another channel does not.
    const auto snapshot = pair.other.said.snapshot(pair.channel);
    REQUIRE(snapshot.size() == 1);
    CHECK(snapshot[0].snapshot().offenders_size() == 1);
    CHECK(pair.other.said.snapshot(Pair::open_channel(pair.town)).empty());
}

TEST_CASE("a record that is about to expire is renewed under the same id") {
    Pair pair;
    auto draft = pair.draft("x");
    draft.offender = "Cobalt Lantern";
    const auto first = pair.send(draft);
    pair.pass((180ULL * 24 - 4) * hour_ms);
    pair.shop.hear();
    pair.other.hear();
    const auto second = pair.other.compose(draft);
    CHECK(second.content.alert().offender() == first.content.alert().offender());
    CHECK(second.content.alert().new_offender().author() == to_string(pair.other.keys.id().view()));
    pair.shop.receive(second, pair.other.keys.id());
    pair.pass(6 * hour_ms);
    pair.shop.hear();
    pair.shop.expire();
    CHECK(pair.shop.said.alert(second.id)->offender == "Cobalt Lantern");
}

TEST_CASE("records that nobody signed, or that rename an offender, are left out") {
    Pair pair;
    auto draft = pair.draft("x");
    draft.offender = "Cobalt Lantern";
    const auto first = pair.send(draft);
    const auto known = first.content.alert().new_offender();
    const auto try_record = [&](const content::v1::OffenderRecord& bad) {
        content::v1::Content content;
        *content.mutable_offender() = bad;
        const auto before = pair.other.events().size();
        auto from = origin(pair);
        from.channel = pair.channel;
        pair.other.receive(from, content);
        CHECK(pair.other.events().size() == before + 1);
        CHECK_FALSE(last_warning(pair.other).empty());
    };
    auto forged = known;
    forged.set_nickname("Amber Kettle");
    try_record(forged);
    auto stranger = domain::OffenderRecord::from(known);
    stranger->sign(pair.town.key().key);  // not in the directory
    try_record(stranger->message());
    auto renamed = domain::OffenderRecord::from(known);
    renamed->nickname = "Amber Kettle";
    renamed->expiry_ms += 1;
    renamed->created_ms += 1;
    renamed->sign(pair.shop.keys.key);
    try_record(renamed->message());
    auto future = domain::OffenderRecord::from(known);
    future->id = pair.town.id<OffenderId>();
    future->created_ms += 2 * 24 * hour_ms;
    future->expiry_ms = future->created_ms + hour_ms;
    future->sign(pair.shop.keys.key);
    try_record(future->message());
    auto eternal = domain::OffenderRecord::from(known);
    eternal->id = pair.town.id<OffenderId>();
    eternal->expiry_ms += 1;
    eternal->sign(pair.shop.keys.key);
    try_record(eternal->message());
    CHECK(pair.other.said.alert(first.id)->offender == "Cobalt Lantern");
}

TEST_CASE("the agreement's text: only what the directory's digest proves, whoever sent keys") {
    Pair pair;
    auto& phone = pair.other;
    const SecretBytes key(pair.town.bytes(32));
    auto agreement = pair.town.agreement();
    agreement.text_digest = directory::document_digest(key, "Share with care.");
    content::v1::Content said;
    said.mutable_agreement()->set_version(1);
    said.mutable_agreement()->set_blob(to_string(agreement.blob.view()));
    said.mutable_agreement()->set_key(std::string(32, 'w'));  // a wrong one comes first
    phone.receive(origin(pair), said);
    said.mutable_agreement()->set_key(to_string(key.view()));
    phone.receive(origin(pair), said);
    CHECK_FALSE(phone.said.agreement_to_fetch());
    CHECK(phone.said.agreement().version == 0);
    const auto applied = pair.town.by_founder(agreement);
    REQUIRE(applied.ok());
    phone.applied(*applied);
    CHECK(phone.said.agreement().version == 1);
    CHECK(phone.said.agreement().text.empty());
    // Every key gets its turn.
    bool offered = false;
    for (int i = 0; i < 2; ++i) {
        const auto wanted = phone.said.agreement_to_fetch();
        REQUIRE(wanted);
        CHECK(wanted->blob == agreement.blob);
        offered = offered || wanted->key == key;
    }
    CHECK(offered);
    {
        auto transaction = phone.db.begin();
        CHECK(phone.said.keep_agreement_text(1, "Share with everybody.").error().code ==
              Errc::digest_mismatch);
    }
    phone.in_transaction([&] { return phone.said.keep_agreement_text(1, "Share with care."); });
    CHECK(phone.said.agreement().text == "Share with care.");
    CHECK_FALSE(phone.said.agreement().accepted_by_me);
    CHECK_FALSE(phone.said.agreement_to_fetch());
    CHECK(*phone.said.agreement_key(1) == key);
    const auto snapshot = phone.said.snapshot(pair.town.state().all_members());
    REQUIRE(snapshot.size() == 1);
    CHECK(snapshot[0].snapshot().agreement().key() == to_string(key.view()));

    // The next version puts the old text away.
    const auto next = pair.town.by_founder(pair.town.agreement());
    REQUIRE(next.ok());
    phone.applied(*next);
    CHECK(phone.said.agreement().version == 2);
    CHECK(phone.said.agreement().text.empty());
    CHECK_FALSE(phone.said.agreement_key(1));
}
