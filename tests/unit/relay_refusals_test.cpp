#include "huecry/limits.hpp"
#include "relay_faults.hpp"

using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;

namespace {

/// `size` bytes in all, as the relay sees a PrivateMessage.
std::string mls_of_size(World& w, EntryKind kind, std::uint64_t epoch, std::size_t size) {
    auto room = size - w.mls(kind, epoch, 20'000).size() + 20'000;
    return to_string(w.mls(kind, epoch, room));
}

v1::Frame letter(World& w, const DeviceId& to) {
    v1::Frame frame;
    name(*submit(frame).mutable_stream(), StreamRef::mailbox(to));
    auto& one = *submit(frame).add_items();
    one.set_message_id(to_string(w.random.bytes(16)));
    one.set_kind(static_cast<std::uint32_t>(EntryKind::directed));
    one.set_lifetime_ms(day_ms);
    one.set_body(to_string(w.random.bytes(64)));
    return frame;
}

}  // namespace

TEST_CASE("a submission to a channel: each part of it alone") {
    Town t;
    REQUIRE(limits::max_items == 2);
    const auto good = t.alert();
    const auto index = t.state().index();
    const auto body = to_bytes(view(good.submit().items(0).body()));
    const auto patched = [&](std::size_t at, std::uint8_t byte) {
        auto out = body;
        out[at] = byte;
        return to_string(out);
    };
    const std::size_t content_type = 2 + 2 + 1 + 20 + 8;
    REQUIRE(body[content_type] == 1);
    each_alone(
        *t.shop, good,
        bad_streams([](auto& f) -> auto& { return *submit(f).mutable_stream(); }, Errc::bad_frame) +
            std::vector<Fault>{
                {"no items", Errc::invalid_argument, [](auto& f) { submit(f).clear_items(); }},
                {"three items", Errc::invalid_argument,
                 [&](auto& f) {
                     item(f).set_kind(2);
                     item(f).set_lifetime_ms(0);
                     item(f).set_body(to_string(t.mls(EntryKind::handshake, 3)));
                     t.add_item(f, EntryKind::application, 4);
                     t.add_item(f, EntryKind::application, 5);
                 }},
                {"a short message id", Errc::bad_frame,
                 [](auto& f) { item(f).mutable_message_id()->pop_back(); }},
                {"no kind", Errc::bad_frame, [](auto& f) { item(f).set_kind(0); }},
                {"an unknown kind", Errc::bad_frame, [](auto& f) { item(f).set_kind(6); }},
                {"no body", Errc::bad_frame, [](auto& f) { item(f).clear_body(); }},
                {"a kind of a mailbox", Errc::invalid_argument,
                 [](auto& f) { item(f).set_kind(5); }},
                {"two messages", Errc::invalid_argument,
                 [&](auto& f) { t.add_item(f, EntryKind::application, 4); }},
                {"two commits", Errc::invalid_argument,
                 [&](auto& f) {
                     submit(f).clear_items();
                     t.add_item(f, EntryKind::handshake, 3);
                     t.add_item(f, EntryKind::handshake, 4);
                 }},
                {"a commit and a message under one id", Errc::invalid_argument,
                 [&](auto& f) {
                     submit(f).clear_items();
                     t.add_item(f, EntryKind::handshake, 3);
                     t.add_item(f, EntryKind::application, 4);
                     item(f, 1).set_message_id(item(f).message_id());
                 }},
                {"a message that is not of its commit's epoch", Errc::mls_wrong_epoch,
                 [&](auto& f) {
                     submit(f).clear_items();
                     t.add_item(f, EntryKind::handshake, 3);
                     t.add_item(f, EntryKind::application, 5);
                 }},
                {"a commit that ends", Errc::invalid_argument,
                 [&](auto& f) {
                     submit(f).clear_items();
                     t.add_item(f, EntryKind::handshake, 3);
                     item(f).set_lifetime_ms(1);
                 }},
                {"a message that never ends", Errc::invalid_argument,
                 [](auto& f) { item(f).set_lifetime_ms(0); }},
                {"another kind than its MLS message", Errc::invalid_argument,
                 [&](auto& f) { item(f).set_body(to_string(t.mls(EntryKind::handshake, 3))); }},
                {"a Welcome with a message alone", Errc::invalid_argument,
                 [&](auto& f) {
                     welcome(f).set_message_id(to_string(t.random.bytes(16)));
                     welcome(f).set_body(std::string("\0\1\0\3x", 5));
                     auto& one = *welcome(f).add_joiners();
                     one.set_device(to_string(t.guard->id().view()));
                     one.set_key_package(to_string(t.random.bytes(32)));
                 }},
                {"a later incarnation", Errc::stale,
                 [&](auto& f) {
                     submit(f).mutable_stream()->set_incarnation(2);
                     item(f).set_body(to_string(t.mls(EntryKind::application, 3, 100,
                                                      StreamRef::channel(t.all_members, 2))));
                 }},
                {"a handshake that was not given", Errc::invalid_argument,
                 [](auto& f) { submit(f).set_handshake_seq(4); }},
                {"an entry of the directory that was not given", Errc::invalid_argument,
                 [&](auto& f) { submit(f).set_directory_index(index + 1); }},
                {"another version of MLS", Errc::mls_malformed,
                 [&](auto& f) { item(f).set_body(patched(1, 2)); }},
                {"another format of MLS", Errc::mls_malformed,
                 [&](auto& f) { item(f).set_body(patched(3, 1)); }},
                {"a proposal", Errc::mls_invalid,
                 [&](auto& f) { item(f).set_body(patched(content_type, 2)); }},
                {"bytes behind it", Errc::mls_malformed,
                 [](auto& f) { item(f).mutable_body()->push_back('x'); }},
                {"one byte too large", Errc::too_large,
                 [&](auto& f) {
                     item(f).set_body(
                         mls_of_size(t, EntryKind::application, 3, limits::max_content + 1));
                 }},
                {"a commit that is one byte too large", Errc::too_large,
                 [&](auto& f) {
                     submit(f).clear_items();
                     t.add_item(f, EntryKind::handshake, 3);
                     item(f).set_body(
                         mls_of_size(t, EntryKind::handshake, 3, limits::max_handshake + 1));
                 }},
            });
    // At its bounds it is taken.
    auto largest = t.alert(limits::max_life_s * 1000);
    item(largest).set_body(mls_of_size(t, EntryKind::application, 3, limits::max_content));
    CHECK(t.shop->ask(largest).has_submit_result());
    auto commit = t.submission(EntryKind::handshake, 3, 3);
    item(commit).set_body(mls_of_size(t, EntryKind::handshake, 3, limits::max_handshake));
    CHECK(t.shop->ask(commit).has_submit_result());
}

TEST_CASE("a Welcome: each part of it alone") {
    Town t;
    const auto newcomer = t.join(directory::Role::warden);
    const auto bare = t.join(directory::Role::warden);  // has no key packages
    const auto good = t.add_member(*t.founder, *newcomer, 3, 3);
    const auto joiner = [](auto& f) -> auto& { return *welcome(f).mutable_joiners(0); };
    // Whoever else has what the founder has reserved.
    auto others = good;
    CHECK(code_of(t.guard->ask(others)) == number(Errc::reservation_lapsed));
    each_alone(
        *t.founder, good,
        {{"a short message id", Errc::bad_frame,
          [](auto& f) { welcome(f).mutable_message_id()->pop_back(); }},
         {"no body", Errc::bad_frame, [](auto& f) { welcome(f).clear_body(); }},
         {"no joiners", Errc::bad_frame, [](auto& f) { welcome(f).clear_joiners(); }},
         {"a short device", Errc::bad_frame,
          [&](auto& f) { joiner(f).mutable_device()->pop_back(); }},
         {"a short digest", Errc::bad_frame,
          [&](auto& f) { joiner(f).mutable_key_package()->pop_back(); }},
         {"a device twice", Errc::invalid_argument,
          [&](auto& f) { *welcome(f).add_joiners() = v1::Joiner(joiner(f)); }},
         {"too many joiners", Errc::too_large,
          [&](auto& f) {
              for (std::uint64_t i = 0; i < limits::max_welcome_devices; ++i) {
                  auto& one = *welcome(f).add_joiners();
                  one.set_device(to_string(t.random.bytes(16)));
                  one.set_key_package(to_string(t.random.bytes(32)));
              }
          }},
         {"no Welcome of MLS", Errc::mls_malformed,
          [](auto& f) { welcome(f).mutable_body()->at(3) = '\2'; }},
         {"another version of MLS", Errc::mls_malformed,
          [](auto& f) { welcome(f).mutable_body()->at(1) = '\2'; }},
         {"nothing behind its head", Errc::mls_malformed,
          [](auto& f) { welcome(f).mutable_body()->resize(4); }},
         {"one byte too large", Errc::too_large,
          [](auto& f) { welcome(f).mutable_body()->resize(limits::max_handshake + 1, 'x'); }},
         {"a chain that is not there yet", Errc::invalid_argument,
          [](auto& f) { welcome(f).set_chain_from(4); }},
         {"a device that nobody knows", Errc::not_permitted,
          [&](auto& f) { joiner(f).set_device(to_string(t.random.bytes(16))); }},
         {"the committer itself", Errc::not_permitted,
          [&](auto& f) { joiner(f).set_device(to_string(t.founder->id().view())); }},
         {"a device without key packages", Errc::reservation_lapsed,
          [&](auto& f) { joiner(f).set_device(to_string(bare->id().view())); }},
         {"a package that nobody has stocked", Errc::reservation_lapsed,
          [&](auto& f) { joiner(f).set_key_package(to_string(t.random.bytes(32))); }}});
    // The package went with its use: whoever was let in by it is not let in by it again.
    auto again = t.submission(EntryKind::handshake, 4, 4);
    *submit(again).mutable_welcome() = good.submit().welcome();
    CHECK(code_of(t.founder->ask(again)) == number(Errc::reservation_lapsed));
}

TEST_CASE("a directed message: each part of it alone") {
    Town t;
    auto good = letter(t, t.guard->id());
    item(good).set_lifetime_ms(limits::handshake_retention_days * day_ms);
    item(good).set_body(to_string(t.random.bytes(limits::max_content)));
    const auto gone = t.join();
    REQUIRE(t.by(*t.founder, directory::DeviceRevoked{gone->id()}).has_submit_result());
    const auto answer = each_alone(
        *t.shop, good,
        {{"two", Errc::invalid_argument,
          [&](auto& f) {
              *submit(f).add_items() = v1::Item(item(f));
              item(f, 1).set_message_id(to_string(t.random.bytes(16)));
          }},
         {"with a Welcome", Errc::invalid_argument,
          [&](auto& f) {
              welcome(f).set_message_id(to_string(t.random.bytes(16)));
              welcome(f).set_body("x");
              auto& one = *welcome(f).add_joiners();
              one.set_device(to_string(t.guard->id().view()));
              one.set_key_package(to_string(t.random.bytes(32)));
          }},
         {"another kind", Errc::invalid_argument, [](auto& f) { item(f).set_kind(4); }},
         {"without an end", Errc::invalid_argument, [](auto& f) { item(f).set_lifetime_ms(0); }},
         {"a handshake", Errc::invalid_argument, [](auto& f) { submit(f).set_handshake_seq(1); }},
         {"an index", Errc::invalid_argument, [](auto& f) { submit(f).set_directory_index(1); }},
         {"too long a life", Errc::expiry_too_long,
          [](auto& f) { item(f).set_lifetime_ms(item(f).lifetime_ms() + 1); }},
         {"one byte too large", Errc::too_large,
          [](auto& f) { item(f).mutable_body()->push_back('x'); }},
         {"to nobody", Errc::not_found,
          [&](auto& f) { submit(f).mutable_stream()->mutable_id()->at(0) ^= '\1'; }},
         {"to who was revoked", Errc::not_found,
          [&](auto& f) { submit(f).mutable_stream()->set_id(to_string(gone->id().view())); }}});
    CHECK(answer.submit_result().accepted(0).readers() == 1);
    const auto got = t.guard->entries(StreamRef::mailbox(t.guard->id()));
    REQUIRE(!got.empty());
    CHECK(got.back().body() == good.submit().items(0).body());
    // Nobody reads another's.
    t.shop->subscribe(StreamRef::mailbox(t.guard->id()));
    CHECK(code_of(*t.shop->answer_to(t.shop->request)) == number(Errc::channel_unknown));
}

TEST_CASE("a statement: each part of it alone, and what may be done with an invite's key") {
    Town t;
    const auto sign = [&](const directory::Body& body) {
        return t.statement_frame(directory::sign_statement(
            directory::make_statement(t.state(), t.random.id<directory::Nonce>(), body),
            t.founder->key));
    };
    const auto holder = t.client();
    const auto other = t.client();
    each_alone(
        *t.founder, sign(invite_for(t, *holder)),
        {{"two", Errc::invalid_argument,
          [&](auto& f) {
              *submit(f).add_items() = v1::Item(item(f));
              item(f, 1).set_message_id(to_string(t.random.bytes(16)));
          }},
         {"with a Welcome", Errc::invalid_argument,
          [&](auto& f) {
              welcome(f).set_message_id(to_string(t.random.bytes(16)));
              welcome(f).set_body("x");
              auto& one = *welcome(f).add_joiners();
              one.set_device(to_string(t.guard->id().view()));
              one.set_key_package(to_string(t.random.bytes(32)));
          }},
         {"another kind", Errc::invalid_argument, [](auto& f) { item(f).set_kind(3); }},
         {"an end", Errc::invalid_argument, [](auto& f) { item(f).set_lifetime_ms(1); }},
         {"a handshake", Errc::invalid_argument, [](auto& f) { submit(f).set_handshake_seq(1); }},
         {"an index", Errc::invalid_argument, [](auto& f) { submit(f).set_directory_index(1); }},
         {"too large", Errc::too_large,
          [](auto& f) { item(f).mutable_body()->resize(limits::max_statement + 1); }}});
    REQUIRE(t.founder->ask(sign(invite_for(t, *other))).has_submit_result());
    // By an invite's key: its own device's admission, and nothing else.
    REQUIRE(holder->connect(ClientKind::invite).has_value());
    const auto admission = [&](const Client& link, const Client& by, const Client& newcomer) {
        const directory::DeviceAdmitted admitted{invite_id_of(link.key.public_key),
                                                 newcomer.key.public_key, newcomer.sealing};
        return t.statement_frame(directory::sign_admission(
            directory::make_statement(t.state(), t.random.id<directory::Nonce>(), admitted), by.key,
            newcomer.key));
    };
    const auto newcomer = t.client();
    CHECK(code_of(holder->ask(admission(*other, *other, *newcomer))) ==
          number(Errc::not_permitted));
    CHECK(code_of(holder->ask(sign(directory::DeviceRevoked{t.guard->id()}))) ==
          number(Errc::not_permitted));
    CHECK(code_of(holder->ask(t.alert())) == number(Errc::not_permitted));
    CHECK(code_of(holder->ask(letter(t, t.guard->id()))) == number(Errc::not_permitted));
    auto rubbish = sign(directory::DeviceRevoked{t.guard->id()});
    item(rubbish).set_body("x");
    CHECK(code_of(holder->ask(rubbish)) != 0);
    for (const auto body : {"put", "take", "lease", "leases", "drop", "query"}) {
        v1::Frame frame;
        const std::string_view kind(body);
        if (kind == "put") frame.mutable_put_key_packages();
        if (kind == "take") frame.mutable_take_key_packages();
        if (kind == "lease") frame.mutable_put_lease();
        if (kind == "leases") frame.mutable_take_leases();
        if (kind == "drop") frame.mutable_drop_blob();
        if (kind == "query") frame.mutable_delivery_query();
        CHECK(code_of(holder->ask(frame)) == number(Errc::not_permitted));
    }
    holder->subscribe(t.channel());
    CHECK(code_of(*holder->answer_to(holder->request)) == number(Errc::channel_unknown));
    holder->subscribe(StreamRef::directory());
    CHECK(holder->entries(StreamRef::directory()).size() == t.state().index());
    CHECK(holder->ask(admission(*holder, *holder, *newcomer)).has_submit_result());
    CHECK(newcomer->connect().has_value());
}
