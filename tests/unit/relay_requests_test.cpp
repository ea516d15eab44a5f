#include "huecry/limits.hpp"
#include "relay_faults.hpp"

using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;

TEST_CASE("a package of last resort serves again and again, and only when no other is left") {
    Town t;
    const auto newcomer = t.join(directory::Role::warden);
    const auto package = [&] {
        Writer w;
        w.u16(1).u16(5).raw(t.random.bytes(200));
        return to_string(w.bytes());
    };
    v1::Frame put;
    put.mutable_put_key_packages()->add_packages(package());
    put.mutable_put_key_packages()->set_last_resort(package());
    const auto count = newcomer->ask(put).key_package_count();
    CHECK(count.left() == 1);
    CHECK(count.has_last_resort());
    v1::Frame take;
    name(*take.mutable_take_key_packages()->mutable_channel(), t.channel());
    take.mutable_take_key_packages()->add_devices(to_string(newcomer->id().view()));
    const auto taken = [&](Client& by) {
        const auto answer = by.ask(take);
        REQUIRE(answer.key_packages().packages_size() == 1);
        return answer.key_packages().packages(0);
    };
    CHECK(!taken(*t.founder).last_resort());
    CHECK(!taken(*t.founder).last_resort());  // the one that it holds
    CHECK(taken(*t.shop).package() == put.put_key_packages().last_resort());
    CHECK(taken(*t.shop).last_resort());
    for (std::uint64_t i = 0; i < 2; ++i) {
        auto add = t.submission(EntryKind::handshake, 3 + i, 3 + i);
        welcome(add).set_message_id(to_string(t.random.bytes(16)));
        welcome(add).set_body(std::string("\0\1\0\3x", 5));
        auto& one = *welcome(add).add_joiners();
        one.set_device(to_string(newcomer->id().view()));
        one.set_key_package(to_string(sha256(view(put.put_key_packages().last_resort())).view()));
        CHECK(t.shop->ask(add).has_submit_result());
    }
    // A new one replaces it; the others stay.
    v1::Frame other;
    other.mutable_put_key_packages()->set_last_resort(package());
    CHECK(newcomer->ask(other).key_package_count().left() == 1);
    CHECK(taken(*t.shop).package() == other.put_key_packages().last_resort());
    t.restart();
    REQUIRE(t.shop->connect());
    CHECK(!taken(*t.shop).last_resort());  // who held the other one is forgotten
    const auto ready = newcomer->connect();
    REQUIRE(ready);
    CHECK(ready->has_last_resort());
    CHECK(ready->key_packages_left() == 1);
}

TEST_CASE("key packages: each part of what is put and taken alone") {
    Town t;
    const auto package = [&](std::size_t size = 204) {
        Writer w;
        w.u16(1).u16(5).raw(t.random.bytes(size - 4));
        return to_string(w.bytes());
    };
    v1::Frame put;
    auto& p = *put.mutable_put_key_packages();
    for (std::uint64_t i = 0; i < limits::key_package_stock; ++i) p.add_packages(package());
    p.set_packages(0, package(limits::max_key_package));
    p.set_last_resort(package(limits::max_key_package));
    const auto of = [](auto& f) -> auto& { return *f.mutable_put_key_packages(); };
    const auto answer = each_alone(
        *t.shop, put,
        {{"one byte too large", Errc::too_large,
          [&](auto& f) { of(f).set_packages(1, package(limits::max_key_package + 1)); }},
         {"no key package", Errc::mls_malformed,
          [&](auto& f) { of(f).mutable_packages(1)->at(3) = '\3'; }},
         {"one too many", Errc::quota_exceeded, [&](auto& f) { of(f).add_packages(package()); }},
         {"a last one that is too large", Errc::too_large,
          [&](auto& f) { of(f).set_last_resort(package(limits::max_key_package + 1)); }},
         {"a last one that is none", Errc::mls_malformed,
          [&](auto& f) { of(f).mutable_last_resort()->at(3) = '\3'; }}});
    CHECK(answer.key_package_count().left() == limits::key_package_stock);
    // The same again is no more of them.
    CHECK(t.shop->ask(put).key_package_count().left() == limits::key_package_stock);

    v1::Frame take;
    auto& wanted = *take.mutable_take_key_packages();
    name(*wanted.mutable_channel(), t.channel());
    for (std::uint64_t i = 0; i < limits::max_welcome_devices - 2; ++i)
        wanted.add_devices(to_string(t.random.bytes(16)));
    wanted.add_devices(to_string(t.shop->id().view()));
    wanted.add_devices(to_string(t.guard->id().view()));  // has none
    const auto taking = [](auto& f) -> auto& { return *f.mutable_take_key_packages(); };
    const std::vector<Fault> faults =
        bad_streams([&](auto& f) -> auto& { return *taking(f).mutable_channel(); },
                    Errc::invalid_argument) +
        std::vector<Fault>{
            {"the directory", Errc::invalid_argument,
             [&](auto& f) { name(*taking(f).mutable_channel(), StreamRef::directory()); }},
            {"a channel that there is not", Errc::not_permitted,
             [&](auto& f) { taking(f).mutable_channel()->mutable_id()->at(0) ^= '\1'; }},
            {"an incarnation that there is not", Errc::not_permitted,
             [&](auto& f) { taking(f).mutable_channel()->set_incarnation(2); }},
            {"too many", Errc::too_large,
             [&](auto& f) { taking(f).add_devices(to_string(t.random.bytes(16))); }},
            {"a short device", Errc::bad_frame,
             [&](auto& f) { taking(f).mutable_devices(0)->pop_back(); }}};
    const auto given = each_alone(*t.founder, take, faults);
    REQUIRE(given.key_packages().packages_size() == 1);
    CHECK(given.key_packages().packages(0).device() == to_string(t.shop->id().view()));
    CHECK(t.shop->ask(take).key_packages().packages_size() == 0);  // its own it has
    // Who is not in the group adds nobody.
    const auto outsider = t.join();
    CHECK(code_of(outsider->ask(take)) == number(Errc::not_permitted));
}

TEST_CASE("questions: each part of them alone") {
    Town t;
    REQUIRE(t.shop->ask(t.alert()).has_submit_result());
    v1::Frame head;
    name(*head.mutable_head_query()->mutable_stream(), t.channel());
    const auto answer = each_alone(
        *t.shop, head,
        bad_streams([](auto& f) -> auto& { return *f.mutable_head_query()->mutable_stream(); },
                    Errc::bad_frame) +
            std::vector<Fault>{{"a channel that there is not", Errc::channel_unknown, [](auto& f) {
                                    f.mutable_head_query()->mutable_stream()->mutable_id()->at(0) ^=
                                        '\1';
                                }}});
    const auto& signed_head = answer.queue_empty().head();
    const SignedHead made{to_bytes(view(signed_head.head())),
                          Signature::from(view(signed_head.signature())).value()};
    const auto verified = made.verify(t.relay.public_key);
    REQUIRE(verified.ok());
    CHECK(verified->seq == 4);

    v1::Frame query;
    name(*query.mutable_delivery_query()->mutable_stream(), t.channel());
    const auto of = [](auto& f) -> auto& { return *f.mutable_delivery_query(); };
    query.mutable_delivery_query()->add_seqs(4);
    for (std::uint64_t i = 1; i < limits::max_query; ++i)
        query.mutable_delivery_query()->add_seqs(i % 2 == 0 ? 0 : 5);
    const auto counts = each_alone(
        *t.shop, query,
        bad_streams([&](auto& f) -> auto& { return *of(f).mutable_stream(); },
                    Errc::invalid_argument) +
            std::vector<Fault>{
                {"the directory", Errc::invalid_argument,
                 [&](auto& f) { name(*of(f).mutable_stream(), StreamRef::directory()); }},
                {"too many", Errc::invalid_argument, [&](auto& f) { of(f).add_seqs(1); }},
                {"a channel that there is not", Errc::channel_unknown,
                 [&](auto& f) { of(f).mutable_stream()->mutable_id()->at(0) ^= '\1'; }}});
    REQUIRE(counts.delivery_counts().counts_size() == 1);
    CHECK(counts.delivery_counts().counts(0).delivered() == 0);

    v1::Frame subscribe;
    name(*subscribe.mutable_subscribe()->mutable_stream(), t.channel());
    for (const auto& fault :
         bad_streams([](auto& f) -> auto& { return *f.mutable_subscribe()->mutable_stream(); },
                     Errc::bad_frame)) {
        CAPTURE(fault.what);
        auto frame = subscribe;
        fault.make(frame);
        CHECK(code_of(t.shop->ask(frame)) == number(fault.code));
    }
    // From what is not there yet: told how far it goes, and given nothing.
    t.shop->outlet->frames.clear();
    subscribe.mutable_subscribe()->set_from(5);
    CHECK(t.shop->ask(subscribe).has_queue_empty());
    CHECK(t.shop->entries(t.channel()).empty());
}

TEST_CASE("shares of photo keys: each part of them alone") {
    Town t;
    const auto blob = t.random.id<BlobId>();
    v1::Frame put;
    auto& lease = *put.mutable_put_lease();
    name(*lease.mutable_channel(), t.channel());
    lease.set_blob(to_string(blob.view()));
    lease.set_share(to_string(t.random.bytes(32)));
    lease.set_expiry_ms(t.clock.wall + limits::max_life_s * 1000);
    const auto of = [](auto& f) -> auto& { return *f.mutable_put_lease(); };
    const auto faults =
        bad_streams([&](auto& f) -> auto& { return *of(f).mutable_channel(); }, Errc::bad_frame) +
        std::vector<Fault>{
            {"the directory", Errc::invalid_argument,
             [&](auto& f) { name(*of(f).mutable_channel(), StreamRef::directory()); }},
            {"a short blob", Errc::bad_frame, [&](auto& f) { of(f).mutable_blob()->pop_back(); }},
            {"a short share", Errc::bad_frame, [&](auto& f) { of(f).mutable_share()->pop_back(); }},
            {"a channel that there is not", Errc::post_not_permitted,
             [&](auto& f) { of(f).mutable_channel()->mutable_id()->at(0) ^= '\1'; }},
            {"an incarnation that there is not", Errc::post_not_permitted,
             [&](auto& f) { of(f).mutable_channel()->set_incarnation(2); }},
            {"over already", Errc::expired, [&](auto& f) { of(f).set_expiry_ms(t.clock.wall); }},
            {"too long a life", Errc::expiry_too_long,
             [&](auto& f) { of(f).set_expiry_ms(t.clock.wall + limits::max_life_s * 1000 + 1); }}};
    each_alone(*t.shop, put, faults);
    const auto differs = [&](Client& by, const v1::Frame& frame) {
        CHECK(code_of(by.ask(frame)) == number(Errc::id_reused));
    };
    differs(*t.guard, put);
    auto other = put;
    of(other).mutable_share()->at(0) ^= '\1';
    differs(*t.shop, other);
    // At most so many at once, and only those that there are.
    v1::Frame take;
    for (std::uint64_t i = 0; i < limits::max_query; ++i)
        take.mutable_take_leases()->add_blobs(to_string(t.random.bytes(16)));
    take.mutable_take_leases()->set_blobs(3, to_string(blob.view()));
    const auto taken = each_alone(
        *t.guard, take,
        {{"too many", Errc::too_large,
          [&](auto& f) { f.mutable_take_leases()->add_blobs(to_string(t.random.bytes(16))); }},
         {"a short blob", Errc::bad_frame,
          [](auto& f) { f.mutable_take_leases()->mutable_blobs(0)->pop_back(); }}});
    REQUIRE(taken.leases().leases_size() == 1);
    CHECK(taken.leases().leases(0).blob() == to_string(blob.view()));
    CHECK(taken.leases().leases(0).expiry_ms() == lease.expiry_ms());
    v1::Frame drop;
    drop.mutable_drop_blob()->set_blob(to_string(blob.view()).substr(1));
    CHECK(code_of(t.shop->ask(drop)) == number(Errc::bad_frame));
    // Neither given nor taken beyond the channel's rights.
    directory::Channel c;
    c.id = t.random.id<ChannelId>();
    c.name_hash = t.random.id<Digest>();
    c.read_roles =
        directory::bit(directory::Role::coordinator) | directory::bit(directory::Role::security);
    c.post_roles = directory::bit(directory::Role::coordinator);
    c.max_alert_s = 3600;
    c.max_photo_s = 3600;
    c.creator = t.founder->id();
    REQUIRE(t.by(*t.founder, directory::ChannelDefined{c}).has_submit_result());
    auto guarded = put;
    name(*of(guarded).mutable_channel(), StreamRef::channel(c.id, 1));
    of(guarded).set_blob(to_string(t.random.bytes(16)));
    for (auto* by : {t.shop.get(), t.guard.get()})
        CHECK(code_of(by->ask(guarded)) == number(Errc::post_not_permitted));
    CHECK(t.founder->ask(guarded).has_lease_stored());
    take.mutable_take_leases()->clear_blobs();
    take.mutable_take_leases()->add_blobs(guarded.put_lease().blob());
    CHECK(t.guard->ask(take).leases().leases_size() == 1);
    CHECK(t.shop->ask(take).leases().leases_size() == 0);
}
