#include <openssl/evp.h>

#include <algorithm>

#include "huecry/limits.hpp"
#include "relay_world.hpp"
#include "store/database.hpp"

using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;

namespace {

struct Town : World {
    std::unique_ptr<Client> shop;
    Town() {
        found();
        founder->subscribe(channel());
        REQUIRE(founder->ask(submission(EntryKind::handshake, 0, 0)).has_submit_result());
        shop = join();
        REQUIRE(founder->ask(add_member(*founder, *shop, 1, 1)).has_submit_result());
        shop->subscribe(channel(), 1);
        core->flush();
        shop->pushed();
        founder->pushed();
    }
    v1::Frame alert(std::uint64_t lifetime_ms, const Bytes& body) {
        auto frame = submission(EntryKind::application, 2, 2, lifetime_ms);
        frame.mutable_submit()->mutable_items(0)->set_body(to_string(body));
        return frame;
    }
    void second() {
        clock.pass(1000);
        core->tick();
        core->flush();
    }
    /// Is this in any page of the store or its log, free ones included, as who has the key and a
    /// copy of the disk would read them?
    bool on_disk(BytesView needle) {
        const auto file = read_file(folder.path() / "relay.db");
        const auto log = read_file(folder.path() / "relay.db-wal");
        for (std::size_t at = 0; at + page_size <= file.size(); at += page_size)
            if (page_holds(BytesView(file).subspan(at, page_size), at == 0 ? 16 : 0, needle))
                return true;
        for (std::size_t at = 32; at + 24 + page_size <= log.size(); at += 24 + page_size)
            if (page_holds(BytesView(log).subspan(at + 24, page_size), 0, needle)) return true;
        return false;
    }

private:
    static constexpr std::size_t page_size = 4096;
    static constexpr std::size_t reserved = 80;  // IV, HMAC-SHA512

    static Bytes read_file(const std::filesystem::path& path) {
        std::ifstream in(path, std::ios::binary);
        const std::string all((std::istreambuf_iterator<char>(in)), {});
        return to_bytes(view(all));
    }
    /// SQLCipher 4: AES-256-CBC without padding, the IV right behind the ciphertext.
    bool page_holds(BytesView page, std::size_t skip, BytesView needle) const {
        const auto cipher = page.subspan(skip, page_size - reserved - skip);
        Bytes plain(cipher.size() + 16);
        int n = 0;
        auto* ctx = EVP_CIPHER_CTX_new();
        EVP_DecryptInit_ex(ctx, EVP_aes_256_cbc(), nullptr, store_key.data(),
                           page.data() + page_size - reserved);
        EVP_CIPHER_CTX_set_padding(ctx, 0);
        EVP_DecryptUpdate(ctx, plain.data(), &n, cipher.data(), static_cast<int>(cipher.size()));
        EVP_CIPHER_CTX_free(ctx);
        return std::search(plain.begin(), plain.end(), needle.begin(), needle.end()) != plain.end();
    }
};

v1::Frame put_lease(World& w, const BlobId& blob, BytesView share, std::uint64_t expiry) {
    v1::Frame frame;
    auto& put = *frame.mutable_put_lease();
    put.mutable_channel()->set_kind(2);
    put.mutable_channel()->set_id(to_string(w.all_members.view()));
    put.mutable_channel()->set_incarnation(1);
    put.set_blob(to_string(blob.view()));
    put.set_share(to_string(share));
    put.set_expiry_ms(expiry);
    return frame;
}
v1::Frame take_lease(const BlobId& blob) {
    v1::Frame frame;
    frame.mutable_take_leases()->add_blobs(to_string(blob.view()));
    return frame;
}

}  // namespace

TEST_CASE("at its expiry a message is gone from store, log and memory") {
    Town t;
    const auto body = t.mls(EntryKind::application, 2, 500);
    REQUIRE(t.founder->ask(t.alert(10'000, body)).has_submit_result());
    const BytesView needle = BytesView(body).last(400);
    CHECK(t.on_disk(needle));  // the scan can find it
    for (int i = 0; i < 11; ++i) t.second();
    CHECK(!t.on_disk(needle));
    CHECK(std::filesystem::file_size(t.folder.path() / "relay.db-wal") == 0);
    CHECK(t.core->counters().expired_entries == 1);
    CHECK(t.core->counters().erasures_overdue == 0);
    t.shop->entries(t.channel());
    t.shop->subscribe(t.channel(), 2);
    const auto got = t.shop->entries(t.channel());
    REQUIRE(got.size() == 1);
    CHECK(got[0].body_gone());
}

TEST_CASE("when everybody has a message its body goes before its expiry") {
    Town t;
    const auto body = t.mls(EntryKind::application, 2, 500);
    REQUIRE(t.founder->ask(t.alert(day_ms, body)).has_submit_result());
    t.founder->ack(t.channel(), 3);
    t.second();
    CHECK(*t.store->body_bytes(t.partnership, t.channel(), 3, 3) == body.size());
    t.shop->ack(t.channel(), 3);
    t.second();
    CHECK(*t.store->body_bytes(t.partnership, t.channel(), 1, 3) == 0);
    for (int i = 0; i < 11; ++i) t.second();
    CHECK(!t.on_disk(BytesView(body).last(400)));
    t.restart();
    CHECK(t.core->counters().blob_bytes == 0);
    CHECK(t.store->load(t.partnership)->readers.size() == 2);
}

TEST_CASE("many bodies that everybody has go with what comes, and within a second") {
    Town t;
    constexpr std::uint64_t many = 100;
    for (std::uint64_t i = 0; i < many; ++i) {
        const auto sent = t.alert(day_ms, t.mls(EntryKind::application, 2));
        REQUIRE(t.founder->ask(sent).has_submit_result());
    }
    const auto last = many + 2;
    const auto left = [&](std::uint64_t to) {
        return *t.store->body_bytes(t.partnership, t.channel(), 1, to);
    };
    t.founder->ack(t.channel(), last);
    t.shop->ack(t.channel(), last);
    CHECK(left(last) > 0);
    SUBCASE("a batch that brings something takes some away") {
        t.second();
        const auto before = left(last);
        CHECK(before > 0);
        const auto sent = t.alert(day_ms, t.mls(EntryKind::application, 2));
        REQUIRE(t.founder->ask(sent).has_submit_result());
        CHECK(left(last) < before);
        CHECK(left(last) > 0);
        t.second();
        CHECK(left(last) == 0);
        CHECK(left(last + 1) > 0);
    }
    SUBCASE("nothing comes: the next second takes them all") {
        t.second();
        t.second();
        CHECK(left(last) == 0);
    }
    SUBCASE("a restart in between forgets none") {
        t.second();
        CHECK(left(last) > 0);
        t.restart();
        t.second();
        t.second();
        CHECK(left(last) == 0);
    }
}

TEST_CASE("a truncation that a reader blocks is counted and tried again") {
    Town t;
    constexpr std::uint64_t alerts = 3;
    for (std::uint64_t i = 0; i < alerts; ++i)
        REQUIRE(
            t.founder->ask(t.alert(2000, t.mls(EntryKind::application, 2))).has_submit_result());
    auto other = Database::open(t.folder.path() / "relay.db", t.store_key, Database::Mode::reader);
    REQUIRE(other.ok());
    {
        auto reading = (*other)->query("SELECT key FROM entry");
        REQUIRE(*reading.step());
        for (int i = 0; i < 3; ++i) t.second();
        CHECK(t.core->counters().wal_blocked >= 1);
        CHECK(t.core->counters().erasures_overdue == alerts);
        // One more, that everybody has.
        const auto last = t.founder->ask(t.alert(day_ms, t.mls(EntryKind::application, 2)));
        REQUIRE(last.has_submit_result());
        const auto seq = last.submit_result().accepted(0).seq();
        t.founder->ack(t.channel(), seq);
        t.shop->ack(t.channel(), seq);
        const auto before = t.core->counters().acknowledged_entries;
        for (int i = 0; i < 2; ++i) t.second();
        const auto acknowledged = t.core->counters().acknowledged_entries - before;
        CHECK(acknowledged >= 1);
        CHECK(t.core->counters().erasures_overdue == alerts + acknowledged);
    }
    t.second();
    CHECK(t.core->counters().erasures_overdue == 0);
}

TEST_CASE("what could not even be deleted is overdue as well") {
    Town t;
    for (int i = 0; i < 2; ++i)
        REQUIRE(
            t.founder->ask(t.alert(2000, t.mls(EntryKind::application, 2))).has_submit_result());
    t.second();
    CHECK(t.core->counters().erasures_overdue == 0);
    t.store->failure = Errc::no_room;
    for (int i = 0; i < 3; ++i) t.second();
    CHECK(t.core->counters().erasures_overdue >= 1);  // in small steps, on a full disk
    t.store->failure.reset();
    for (int i = 0; i < 5; ++i) t.second();
    CHECK(t.core->counters().expired_entries >= 2);
    CHECK(t.core->counters().erasures_overdue == 0);
}

TEST_CASE("each sync of the store is timed") {
    Town t;
    const auto& counters = t.core->counters();
    const auto before = counters.sync_us.count;
    const auto batches = counters.batches;
    for (int i = 0; i < 5; ++i)
        REQUIRE(
            t.founder->ask(t.alert(day_ms, t.mls(EntryKind::application, 2))).has_submit_result());
    CHECK(counters.batches == batches + 5);
    CHECK(counters.sync_us.count >= before + 5);
    CHECK(counters.sync_us.count <= before + 10);
    // Nothing is synced for what only reads.
    const auto now = counters.sync_us.count;
    t.shop->subscribe(t.channel(), 2);
    CHECK(counters.sync_us.count == now);
}

TEST_CASE("a share is released to readers after it is logged, and shredded at expiry") {
    Town t;
    const auto blob = t.random.id<BlobId>();
    const auto share = t.random.bytes(32);
    const auto put = put_lease(t, blob, share, t.clock.wall + 5000);
    CHECK(t.founder->ask(put).has_lease_stored());
    CHECK(t.founder->ask(put).has_lease_stored());  // a repeat is harmless
    t.clock.pass(1000);
    const auto later = put_lease(t, blob, share, t.clock.wall + 5000);
    CHECK(t.founder->ask(later).has_lease_stored());  // and does not make it live longer
    CHECK((*t.leases->find(t.partnership, blob))->expiry_ms == put.put_lease().expiry_ms());
    CHECK(code_of(t.founder->ask(put_lease(t, blob, t.random.bytes(32), t.clock.wall + 5000))) ==
          number(Errc::id_reused));
    const auto number_of_request = t.shop->send(take_lease(blob));
    CHECK(!t.shop->answer_to(number_of_request));  // the log first
    t.core->flush();
    const auto taken = t.shop->answer_to(number_of_request);
    REQUIRE(taken);
    REQUIRE(taken->leases().leases_size() == 1);
    CHECK(taken->leases().leases(0).share() == to_string(share));
    t.clock.pass(5000);
    CHECK(t.shop->ask(take_lease(blob)).leases().leases_size() == 0);
    t.core->tick();
    t.core->flush();
    CHECK(t.core->counters().expired_leases == 1);
    CHECK(!t.leases->find(t.partnership, blob)->has_value());
    // Nobody but the uploader drops one before its time.
    const auto other = t.random.id<BlobId>();
    CHECK(t.founder->ask(put_lease(t, other, share, t.clock.wall + day_ms)).has_lease_stored());
    v1::Frame drop;
    drop.mutable_drop_blob()->set_blob(to_string(other.view()));
    CHECK(code_of(t.shop->ask(drop)) == number(Errc::not_permitted));
    CHECK(t.founder->ask(drop).has_blob_dropped());
    CHECK(t.shop->ask(take_lease(other)).leases().leases_size() == 0);
}

TEST_CASE("nothing expires after a clock jump until it is confirmed") {
    Town t;
    REQUIRE(t.founder->ask(t.alert(60'000, t.mls(EntryKind::application, 2))).has_submit_result());
    t.second();
    t.clock.wall += 2ULL * 3'600'000;
    t.second();
    CHECK(t.core->clock_held());
    CHECK(t.core->counters().clock_held == 1);
    CHECK(t.core->counters().expired_entries == 0);
    t.core->confirm_clock();
    t.second();
    CHECK(!t.core->clock_held());
    CHECK(t.core->counters().expired_entries == 1);
}

TEST_CASE("a restart does not confirm a clock that has jumped") {
    Town t;
    REQUIRE(t.founder->ask(t.alert(60'000, t.mls(EntryKind::application, 2))).has_submit_result());
    t.second();
    t.clock.wall += 2ULL * 3'600'000;
    SUBCASE("found by the tick") {}
    SUBCASE("found by an answer, before the tick") {
        REQUIRE(
            t.founder->ask(t.alert(day_ms, t.mls(EntryKind::application, 2))).has_submit_result());
        REQUIRE(t.core->clock_held());
    }
    t.second();
    REQUIRE(t.core->clock_held());
    t.restart();
    CHECK(t.core->clock_held());
    t.second();
    CHECK(t.core->counters().expired_entries == 0);
    t.core->confirm_clock();
    t.core->flush();
    t.restart();
    CHECK(!t.core->clock_held());
    t.second();
    CHECK(t.core->counters().expired_entries == 1);
}

TEST_CASE("a relay that starts with a clock far from the last time it saw destroys nothing") {
    Town t;
    REQUIRE(
        t.founder->ask(t.alert(2 * day_ms, t.mls(EntryKind::application, 2))).has_submit_result());
    t.second();
    SUBCASE("years ahead") { t.clock.wall += 3650 * day_ms; }
    SUBCASE("years behind") { t.clock.wall -= 3650 * day_ms; }
    t.restart();
    CHECK(t.core->clock_held());
    t.second();
    CHECK(t.core->counters().expired_entries == 0);
    // It was only off for a while: nothing to ask.
    t.clock.wall = start_ms + 5 * day_ms;
    t.core->confirm_clock();
    t.core->flush();
    t.restart();
    CHECK(!t.core->clock_held());
    t.second();
    CHECK(t.core->counters().expired_entries == 1);
}

TEST_CASE("times do not go back over a restart") {
    Town t;
    const auto accepted = [&] {
        const auto answer = t.founder->ask(t.alert(day_ms, t.mls(EntryKind::application, 2)));
        return answer.submit_result().accepted(0).accepted_ms();
    };
    const auto before = accepted();
    t.clock.wall -= 30'000;
    t.restart();
    REQUIRE(t.founder->connect());
    CHECK(accepted() >= before);
    CHECK(!t.core->clock_held());
}

TEST_CASE("headers older than their retention are named as missing") {
    Town t;
    for (int i = 0; i < 3; ++i)
        REQUIRE(
            t.founder->ask(t.alert(1000, t.mls(EntryKind::application, 2))).has_submit_result());
    // 121 days in steps that no clock check minds.
    for (int day = 0; day < 121; ++day) {
        t.clock.pass(day_ms);
        t.core->tick();
        t.core->flush();
    }
    REQUIRE(t.shop->connect());
    t.shop->subscribe(t.channel(), 1);
    std::optional<v1::Missed> missed;
    for (const auto& frame : t.shop->outlet->frames)
        if (frame.has_missed()) missed = frame.missed();
    REQUIRE(missed);
    CHECK(missed->from() == 2);
    CHECK(missed->to() == 4);
    const auto got = t.shop->entries(t.channel());
    REQUIRE(got.size() == 1);
    const auto header = Header::decode(view(got[0].header()));
    const auto head = *t.store->load(t.partnership);
    for (const auto& row : head.streams)
        if (row.stream == t.channel())
            CHECK(chain_next(*Digest::from(view(missed->hash())), view(got[0].header())) ==
                  row.chain);
}
