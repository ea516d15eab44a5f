#include "huecry/limits.hpp"
#include "relay_world.hpp"

using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;

namespace {

struct Town : World {
    std::unique_ptr<Client> shop;
    Principal who;
    Bytes data;
    BlobPart part;

    Town() {
        found();
        shop = join();
        who.partnership = partnership;
        who.device = shop->id();
        who.standing = Standing::active;
        data = random.bytes(100'000);
        part.blob = random.id<BlobId>();
        part.audience = channel();
        part.size = data.size();
        part.digest = sha256(data);
        part.expiry_ms = clock.wall + 10'000;
        part.body = data;
    }
    std::variant<BlobInfo, BlobError> put(const BlobPart& p) {
        std::optional<std::variant<BlobInfo, BlobError>> out;
        blobs->put(who, p, [&](auto answer) { out = answer; });
        core->flush();
        REQUIRE(out);
        return *out;
    }
    Errc error(const BlobPart& p) {
        const auto out = put(p);
        REQUIRE(std::holds_alternative<BlobError>(out));
        return std::get<BlobError>(out).code;
    }
    std::size_t files() {
        std::size_t n = 0;
        for (const auto& f : std::filesystem::recursive_directory_iterator(folder.path() / "blobs"))
            n += f.is_regular_file() ? 1 : 0;
        return n;
    }
};

}  // namespace

TEST_CASE("a blob goes up in parts, resumes, comes down in ranges, and expires") {
    Town t;
    auto first = t.part;
    first.body = BytesView(t.data).first(60'000);
    CHECK(std::get<BlobInfo>(t.put(first)).received == 60'000);
    auto wrong = t.part;
    wrong.offset = 10;
    wrong.body = BytesView(t.data).subspan(10);
    const auto refused = std::get<BlobError>(t.put(wrong));
    CHECK(refused.code == Errc::offset_mismatch);
    CHECK(refused.offset == 60'000);
    CHECK(!t.blobs->get(t.who, t.part.blob, 0, 10).ok());
    CHECK(t.blobs->head(t.who, t.part.blob)->received == 60'000);
    auto rest = t.part;
    rest.offset = 60'000;
    rest.body = BytesView(t.data).subspan(60'000);
    CHECK(std::get<BlobInfo>(t.put(rest)).complete);
    CHECK(std::get<BlobInfo>(t.put(t.part)).complete);  // the answer was lost: harmless
    CHECK(t.blobs->used(t.partnership) == t.data.size());
    t.restart();
    CHECK(*t.blobs->get(t.who, t.part.blob, 0, 1'000'000) == t.data);
    CHECK(*t.blobs->get(t.who, t.part.blob, 99'990, 100) == to_bytes(BytesView(t.data).last(10)));
    CHECK(t.blobs->get(t.who, t.part.blob, 100'000, 1).error().code == Errc::invalid_argument);
    Principal stranger = t.who;
    stranger.device = t.random.id<DeviceId>();
    CHECK(t.blobs->get(stranger, t.part.blob, 0, 1).error().code == Errc::not_found);
    t.clock.pass(10'000);
    CHECK(t.blobs->get(t.who, t.part.blob, 0, 1).error().code == Errc::expired);
    t.core->tick();
    t.core->flush();
    CHECK(t.files() == 0);
    CHECK(t.store->blobs()->empty());
    CHECK(t.blobs->used(t.partnership) == 0);
}

TEST_CASE("a blob that is half down, or half up, goes no further when its device is revoked") {
    Town t;
    CHECK(std::get<BlobInfo>(t.put(t.part)).complete);
    auto second = t.part;
    second.blob = t.random.id<BlobId>();
    second.body = BytesView(t.data).first(60'000);
    CHECK(std::get<BlobInfo>(t.put(second)).received == 60'000);
    CHECK(t.blobs->get(t.who, t.part.blob, 0, 65'536)->size() == 65'536);
    // The connection, and what was proved on it, are from before.
    REQUIRE(t.by(*t.founder, directory::DeviceRevoked{t.shop->id()}).has_submit_result());
    CHECK(t.blobs->get(t.who, t.part.blob, 65'536, 65'536).error().code == Errc::not_found);
    CHECK(t.blobs->head(t.who, t.part.blob).error().code == Errc::not_found);
    second.offset = 60'000;
    second.body = BytesView(t.data).subspan(60'000);
    CHECK(t.error(second) == Errc::not_permitted);
}

TEST_CASE("wrong digest, wrong size, no right, no room, reused id") {
    Town t;
    auto p = t.part;
    p.digest = t.random.id<Digest>();
    CHECK(t.error(p) == Errc::digest_mismatch);
    CHECK(t.files() == 0);
    p = t.part;
    p.size = limits::max_blob + 1;
    CHECK(t.error(p) == Errc::too_large);
    p = t.part;
    p.audience = StreamRef::directory();  // for coordinators
    CHECK(t.error(p) == Errc::not_permitted);
    p = t.part;
    p.expiry_ms = t.clock.wall;
    CHECK(t.error(p) == Errc::expired);
    CHECK(std::get<BlobInfo>(t.put(t.part)).complete);
    p = t.part;
    p.digest = t.random.id<Digest>();
    CHECK(t.error(p) == Errc::id_reused);
    t.quota = 150'000;
    t.restart();
    p = t.part;
    p.blob = t.random.id<BlobId>();
    CHECK(t.error(p) == Errc::quota_exceeded);
}

TEST_CASE("a blob whose row could not be stored leaves no file") {
    Town t;
    t.store->failure = Errc::no_room;
    CHECK(t.error(t.part) == Errc::no_room);
    CHECK(t.files() == 0);
    CHECK(t.blobs->used(t.partnership) == 0);
    t.store->failure.reset();
    CHECK(std::get<BlobInfo>(t.put(t.part)).complete);
}

TEST_CASE("a blob that is dropped loses its row first, then its file") {
    Town t;
    REQUIRE(std::get<BlobInfo>(t.put(t.part)).complete);
    v1::Frame drop;
    drop.mutable_drop_blob()->set_blob(to_string(t.part.blob.view()));
    CHECK(code_of(t.founder->ask(drop)) == number(Errc::not_permitted));
    CHECK(t.files() == 1);
    std::size_t at_commit = 99;
    t.store->before_commit = [&] { at_commit = t.files(); };
    SUBCASE("a crash in between leaves a file without a row, which the next start removes") {
        REQUIRE(t.shop->ask(drop).has_blob_dropped());
        CHECK(at_commit == 1);
        CHECK(t.files() == 0);
        CHECK(t.store->blobs()->empty());
        CHECK(t.blobs->used(t.partnership) == 0);
        CHECK(t.blobs->get(t.who, t.part.blob, 0, 1).error().code == Errc::not_found);
    }
    SUBCASE("a row that cannot be removed keeps the blob") {
        t.store->failure = Errc::no_room;
        CHECK(t.shop->ask(drop).failure().code() == static_cast<std::uint32_t>(Errc::no_room));
        CHECK(t.files() == 1);
        CHECK(*t.blobs->get(t.who, t.part.blob, 0, 1'000'000) == t.data);
        CHECK(t.blobs->used(t.partnership) == t.data.size());
        t.store->failure.reset();
        CHECK(t.shop->ask(drop).has_blob_dropped());
        CHECK(t.files() == 0);
        CHECK(std::get<BlobInfo>(t.put(t.part)).complete);
    }
    SUBCASE("it can be uploaded anew once it is gone, and not before") {
        t.shop->send(drop);
        CHECK(t.error(t.part) == Errc::busy);
        CHECK(t.files() == 0);
        CHECK(std::get<BlobInfo>(t.put(t.part)).complete);
        CHECK(*t.blobs->get(t.who, t.part.blob, 0, 1'000'000) == t.data);
        t.restart();
        CHECK(*t.blobs->get(t.who, t.part.blob, 0, 1'000'000) == t.data);
    }
    SUBCASE("nobody is given it while its row is on its way out") {
        t.shop->send(drop);
        CHECK(t.blobs->get(t.who, t.part.blob, 0, 1).error().code == Errc::not_found);
        t.core->flush();
        CHECK(t.files() == 0);
    }
}

TEST_CASE("a partnership has so many blobs, and no more") {
    Town t;
    std::vector<Write> rows;
    for (std::uint64_t i = 0; i < limits::max_blobs - 1; ++i)
        rows.emplace_back(write::Blob{{t.partnership, t.random.id<BlobId>(), t.who.device,
                                       t.part.audience, 1, t.part.expiry_ms, t.part.digest}});
    REQUIRE(t.store->commit(rows).ok());
    t.restart();
    CHECK(std::get<BlobInfo>(t.put(t.part)).complete);
    auto more = t.part;
    more.blob = t.random.id<BlobId>();
    CHECK(t.error(more) == Errc::quota_exceeded);
    t.clock.pass(10'001);
    t.core->tick();
    t.core->flush();
    CHECK(t.blobs->used(t.partnership) == 0);
    more.expiry_ms = t.clock.wall + 1000;
    CHECK(std::get<BlobInfo>(t.put(more)).complete);
}

TEST_CASE("a channel that begins anew between two tries of an upload keeps the photo") {
    Town t;
    v1::Frame lease;
    auto& put = *lease.mutable_put_lease();
    put.mutable_channel()->set_kind(2);
    put.mutable_channel()->set_id(to_string(t.all_members.view()));
    put.mutable_channel()->set_incarnation(1);
    put.set_blob(to_string(t.part.blob.view()));
    put.set_share(to_string(t.random.bytes(32)));
    put.set_expiry_ms(t.part.expiry_ms);
    CHECK(t.shop->ask(lease).has_lease_stored());
    auto first = t.part;
    first.body = BytesView(t.data).first(60'000);
    CHECK(std::get<BlobInfo>(t.put(first)).received == 60'000);

    const directory::ChannelRestarted anew{t.all_members, t.founder->id()};
    REQUIRE(t.by(*t.founder, anew).has_submit_result());
    auto rest = t.part;
    rest.audience = StreamRef::channel(t.all_members, 2);
    rest.offset = 60'000;
    rest.body = BytesView(t.data).subspan(60'000);
    CHECK(std::get<BlobInfo>(t.put(rest)).complete);
    put.mutable_channel()->set_incarnation(2);
    CHECK(t.shop->ask(lease).has_lease_stored());
    // Another channel is another matter.
    put.mutable_channel()->set_id(to_string(t.random.id<ChannelId>().view()));
    CHECK(t.shop->ask(lease).has_failure());
    rest.audience = StreamRef::directory();
    CHECK(t.error(rest) == Errc::id_reused);
}

TEST_CASE("an upload: each part of it alone") {
    Town t;
    const auto other = t.join();
    auto first = t.part;
    first.body = BytesView(t.data).first(60'000);
    using Change = std::function<void(BlobPart&)>;
    const std::vector<std::tuple<const char*, Errc, Change>> faults{
        {"no size", Errc::invalid_argument, [](auto& p) { p.size = 0; }},
        {"no body", Errc::invalid_argument, [](auto& p) { p.body = {}; }},
        {"more than its size", Errc::invalid_argument, [](auto& p) { p.size = 59'999; }},
        {"from behind its end", Errc::invalid_argument, [](auto& p) { p.offset = p.size + 1; }},
        {"beyond its end", Errc::invalid_argument, [](auto& p) { p.offset = p.size - 1; }},
        {"not from its beginning", Errc::offset_mismatch, [](auto& p) { p.offset = 1; }},
        {"one byte too large", Errc::too_large, [](auto& p) { p.size = limits::max_blob + 1; }},
        {"too long a life", Errc::expiry_too_long,
         [&](auto& p) { p.expiry_ms = t.clock.wall + limits::max_life_s * 1000 + 1; }},
        {"a life that is over", Errc::expired, [&](auto& p) { p.expiry_ms = t.clock.wall; }},
        {"for a mailbox", Errc::not_permitted,
         [&](auto& p) { p.audience = StreamRef::mailbox(t.who.device); }},
        {"for a channel that is none", Errc::not_permitted,
         [&](auto& p) { p.audience = StreamRef::channel(t.random.id<ChannelId>(), 1); }}};
    for (const auto& [what, code, change] : faults) {
        CAPTURE(what);
        auto p = first;
        change(p);
        CHECK(t.error(p) == code);
        CHECK(t.blobs->used(t.partnership) == 0);
    }
    const auto large = t.random.bytes(limits::max_blob_request + 1);
    auto p = first;
    p.size = limits::max_blob;
    p.body = large;
    CHECK(t.error(p) == Errc::too_large);
    CHECK(t.files() == 0);
    // At its bounds it is taken.
    p.body = BytesView(large).first(limits::max_blob_request);
    p.blob = t.random.id<BlobId>();
    p.expiry_ms = t.clock.wall + limits::max_life_s * 1000;
    CHECK(std::get<BlobInfo>(t.put(p)).received == limits::max_blob_request);
    CHECK(t.blobs->used(t.partnership) == limits::max_blob);
    // What has begun is one thing, and its device's.
    CHECK(std::get<BlobInfo>(t.put(first)).received == 60'000);
    auto rest = t.part;
    rest.offset = 60'000;
    rest.body = BytesView(t.data).subspan(60'000);
    for (const auto& change :
         std::vector<Change>{[](auto& q) { q.size += 1; }, [](auto& q) { q.expiry_ms += 1; },
                             [&](auto& q) { q.digest = t.random.id<Digest>(); }}) {
        auto q = rest;
        change(q);
        CHECK(t.error(q) == Errc::id_reused);
    }
    const auto shop = t.who.device;
    t.who.device = other->id();
    CHECK(t.error(rest) == Errc::id_reused);
    CHECK(t.blobs->head(t.who, t.part.blob).error().code == Errc::not_found);
    t.who.device = shop;
    CHECK(t.blobs->head(t.who, t.part.blob)->received == 60'000);
    CHECK(!t.blobs->head(t.who, t.part.blob)->complete);
    t.who.standing = Standing::pending;
    CHECK(t.error(rest) == Errc::not_permitted);
    t.who.standing = Standing::active;
    // The last part waits for the disk; meanwhile it is not taken again, nor forgotten.
    bool done = false;
    t.blobs->put(t.who, rest, [&](auto answer) { done = std::get<BlobInfo>(answer).complete; });
    std::optional<Errc> again;
    t.blobs->put(t.who, rest, [&](auto answer) { again = std::get<BlobError>(answer).code; });
    CHECK(again == Errc::busy);
    CHECK(!done);
    CHECK(t.blobs->expire(t.part.expiry_ms).empty());
    t.core->flush();
    CHECK(done);
    CHECK(t.blobs->head(t.who, t.part.blob)->complete);
}

TEST_CASE("an upload that nobody goes on with makes room, and so does one that is over") {
    Town t;
    auto first = t.part;
    first.body = BytesView(t.data).first(60'000);
    first.expiry_ms = t.clock.wall + 3 * day_ms;
    REQUIRE(std::get<BlobInfo>(t.put(first)).received == 60'000);
    auto short_one = first;
    short_one.blob = t.random.id<BlobId>();
    short_one.expiry_ms = t.clock.wall + 1000;
    REQUIRE(std::get<BlobInfo>(t.put(short_one)).received == 60'000);
    REQUIRE(t.files() == 2);
    auto whole = t.part;
    whole.blob = t.random.id<BlobId>();
    whole.expiry_ms = first.expiry_ms;
    REQUIRE(std::get<BlobInfo>(t.put(whole)).complete);
    t.clock.pass(1000);
    CHECK(t.blobs->expire(t.clock.wall).empty());
    CHECK(t.files() == 2);
    CHECK(t.blobs->used(t.partnership) == 2 * t.data.size());
    t.clock.pass(day_ms - 1000);
    CHECK(t.blobs->expire(t.clock.wall).empty());
    CHECK(t.files() == 2);
    t.clock.pass(1);
    CHECK(t.blobs->expire(t.clock.wall).empty());
    CHECK(t.files() == 1);
    CHECK(t.blobs->used(t.partnership) == t.data.size());
    CHECK(*t.blobs->get(t.who, whole.blob, 0, 1'000'000) == t.data);  // what is whole stays
    CHECK(std::get<BlobInfo>(t.put(first)).received == 60'000);
}

TEST_CASE("what the quota just holds is taken, and not a byte more") {
    Town t;
    t.restart();
    t.core->tick();
    t.quota = t.core->counters().message_bytes + t.data.size();
    --t.quota;
    t.restart();
    CHECK(t.error(t.part) == Errc::quota_exceeded);
    ++t.quota;
    t.restart();
    CHECK(std::get<BlobInfo>(t.put(t.part)).complete);
}

TEST_CASE("a start removes what has no row, and leaves what is not the relay's") {
    Town t;
    REQUIRE(std::get<BlobInfo>(t.put(t.part)).complete);
    auto half = t.part;
    half.blob = t.random.id<BlobId>();
    half.body = BytesView(t.data).first(60'000);
    REQUIRE(std::get<BlobInfo>(t.put(half)).received == 60'000);
    const auto root = t.folder.path() / "blobs";
    const auto own = root / t.partnership.hex();
    const auto write = [](const std::filesystem::path& file) { std::ofstream(file) << "x"; };
    write(own / t.random.id<BlobId>().hex());
    write(own / "readme");
    std::filesystem::create_directories(root / "not hexadecimal");
    write(root / "not hexadecimal" / t.part.blob.hex());
    std::filesystem::create_directories(root / "0123");
    write(root / "0123" / t.part.blob.hex());
    std::filesystem::permissions(root, std::filesystem::perms::all);
    t.restart();
    CHECK(t.files() == 3);
    CHECK(std::filesystem::exists(own / t.part.blob.hex()));
    CHECK(std::filesystem::status(root).permissions() == std::filesystem::perms::owner_all);
    CHECK(*t.blobs->get(t.who, t.part.blob, 0, 1'000'000) == t.data);
    CHECK(t.blobs->used(t.partnership) == t.data.size());
    CHECK(t.blobs->head(t.who, half.blob).error().code == Errc::not_found);
    // A file that was cut is not passed on as if it were whole.
    std::filesystem::resize_file(own / t.part.blob.hex(), t.data.size() - 1);
    CHECK(t.blobs->get(t.who, t.part.blob, 0, 1'000'000).error().code == Errc::io_failed);
    CHECK(t.blobs->get(t.who, t.part.blob, 0, 10)->size() == 10);
    std::filesystem::remove(own / t.part.blob.hex());
    CHECK(t.blobs->get(t.who, t.part.blob, 0, 10).error().code == Errc::io_failed);
}

TEST_CASE("a folder that cannot be written refuses uploads, and counts nothing") {
    Town t;
    const auto own = t.folder.path() / "blobs" / t.partnership.hex();
    std::ofstream(own) << "a file where a folder should be";
    CHECK(t.error(t.part) == Errc::io_failed);
    CHECK(t.blobs->used(t.partnership) == 0);
    std::filesystem::remove(own);
    auto first = t.part;
    first.body = BytesView(t.data).first(60'000);
    REQUIRE(std::get<BlobInfo>(t.put(first)).received == 60'000);
    const auto part = own / (t.part.blob.hex() + "." + t.who.device.hex() + ".part");
    REQUIRE(std::filesystem::remove(part));
    std::filesystem::create_directory(part);
    auto rest = t.part;
    rest.offset = 60'000;
    rest.body = BytesView(t.data).subspan(60'000);
    const auto failed = std::get<BlobError>(t.put(rest));
    CHECK(failed.code == Errc::io_failed);
    CHECK(failed.offset == 60'000);
    std::filesystem::remove(part);
    // Its beginning is lost: the digest says so, and it begins again.
    CHECK(t.error(rest) == Errc::digest_mismatch);
    CHECK(t.files() == 0);
    CHECK(!t.core->broken());
    CHECK(std::get<BlobInfo>(t.put(t.part)).complete);
}

TEST_CASE("an upload whose file is lost before it is whole stops the relay: its disk has failed") {
    Town t;
    const auto own = t.folder.path() / "blobs" / t.partnership.hex();
    std::optional<Errc> failed;
    t.blobs->put(t.who, t.part, [&](auto answer) { failed = std::get<BlobError>(answer).code; });
    SUBCASE("gone") {
        REQUIRE(std::filesystem::remove(own /
                                        (t.part.blob.hex() + "." + t.who.device.hex() + ".part")));
    }
    SUBCASE("its name is taken") {
        std::filesystem::create_directories(own / t.part.blob.hex() / "x");
    }
    t.core->flush();
    CHECK(failed == Errc::io_failed);
    CHECK(t.core->broken() == Errc::io_failed);
    CHECK(t.store->blobs()->empty());
    CHECK(t.blobs->used(t.partnership) == 0);
}

TEST_CASE("a file that cannot be removed is expired all the same, and goes when it can") {
    Town t;
    REQUIRE(std::get<BlobInfo>(t.put(t.part)).complete);
    const auto file = t.folder.path() / "blobs" / t.partnership.hex() / t.part.blob.hex();
    REQUIRE(std::filesystem::remove(file));
    std::filesystem::create_directories(file / "x");
    t.clock.pass(10'000);
    const auto second = [&] {
        t.core->tick();
        t.core->flush();
    };
    second();
    CHECK(t.blobs->get(t.who, t.part.blob, 0, 1).error().code == Errc::expired);
    CHECK(t.store->blobs()->size() == 1);
    std::filesystem::remove_all(file);
    second();
    CHECK(t.store->blobs()->empty());
    CHECK(t.blobs->used(t.partnership) == 0);
}

TEST_CASE("photos wait while the disk is nearly full, and a start needs a folder for them") {
    Town t;
    std::uint64_t free = 1ULL << 40;
    t.free_bytes = [&] { return free; };
    t.restart();
    free = 0;
    t.core->tick();
    t.core->flush();
    CHECK(t.error(t.part) == Errc::no_room);
    free = 1ULL << 40;
    t.core->tick();
    t.core->flush();
    CHECK(std::get<BlobInfo>(t.put(t.part)).complete);
    const auto file = t.folder.path() / "no folder";
    std::ofstream(file) << "x";
    BlobService none(file, t.clock);
    CHECK(none.load({}).error().code == Errc::io_failed);
}
