#include <csignal>
#include <fstream>

#include "blobs/lease_store.hpp"
#include "fault/place.hpp"
#include "ops/data_folder.hpp"
#include "store/database.hpp"
#include "support/sqlcipher_pages.hpp"

// The real relay when time jumps, stops or goes by, when readers fall silent, and when somebody
// holds its store open while things must go.
using namespace huecry;
using namespace huecry::fault;
using namespace huecry::test;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr const char* held = "huecry_relay_clock_held";
constexpr const char* expired = "huecry_relay_expired_entries_total";
constexpr const char* overdue = "huecry_relay_erasures_overdue";

std::uint64_t accepted_ms(RawSession& by, const v1::Frame& frame) {
    const auto answer = by.ask(frame);
    REQUIRE(answer);
    REQUIRE(answer->has_submit_result());
    return answer->submit_result().accepted(0).accepted_ms();
}

v1::Frame put_lease(const RawTown& town, const BlobId& blob, std::uint64_t expiry_ms) {
    v1::Frame frame;
    auto& put = *frame.mutable_put_lease();
    put.mutable_channel()->set_kind(2);
    put.mutable_channel()->set_id(to_string(town.channel().id));
    put.mutable_channel()->set_incarnation(1);
    put.set_blob(to_string(blob.view()));
    put.set_share(to_string(fresh_bytes(32)));
    put.set_expiry_ms(expiry_ms);
    return frame;
}

HttpReply put_blob(WireClient& client, const BlobId& blob, const std::string& bytes,
                   std::uint64_t lifetime_ms) {
    return client.request(
        "PUT", "/v1/blobs/" + blob.hex(),
        "Content-Range: bytes 0-" + std::to_string(bytes.size() - 1) + "/" +
            std::to_string(bytes.size()) +
            "\r\nHuecry-Channel: directory\r\nHuecry-Lifetime: " + std::to_string(lifetime_ms) +
            "\r\nHuecry-Digest: " + sha256(view(bytes)).hex() + "\r\n",
        bytes);
}

SecretBytes key_file(const Place& place, const char* name) {
    return relay::read_secret_file(place.data / name, 32).value();
}

}  // namespace

TEST_CASE("a clock that jumps ahead destroys nothing until the operator says that it is right") {
    Place place;
    auto sender = place.sender();
    const auto short_lived = place.town->message(fresh_id<MessageId>(), hour_ms, fresh_bytes(100));
    const auto before = accepted_ms(*sender, short_lived);
    REQUIRE(place.submit(*sender, place.town->message(fresh_id<MessageId>(), 24 * hour_ms,
                                                      fresh_bytes(100))) == 0);
    place.shim.jump(hours(10));
    REQUIRE(metric_becomes(*place.relay, held, 1));
    CHECK(accepted_ms(*sender, place.message(fresh_id<MessageId>())) >= before);
    const auto from = place.town->handshake_seq();
    const auto nothing_gone = [&] {
        const auto got = place.reader()->read(from);
        CHECK(got.size() == 3);
        for (const auto& one : got) CHECK_FALSE(one.gone);
    };
    nothing_gone();
    place.relay->process().kill();
    place.start();
    CHECK(metric(*place.relay, held) == 1);
    nothing_gone();
    SUBCASE("it is right") {
        CHECK(run_relay({"confirm-clock", "--data", place.data.string()}).exit == Exit{0, 0});
        CHECK(metric_becomes(*place.relay, expired, 2));
        const auto got = place.reader()->read(from);
        REQUIRE(got.size() == 3);
        CHECK(got[0].gone);
        CHECK_FALSE(got[1].gone);
    }
    SUBCASE("it was wrong, and is mended") {
        place.relay->process().kill();
        place.shim.jump(-hours(10));
        place.start();
        CHECK(run_relay({"confirm-clock", "--data", place.data.string()}).exit == Exit{0, 0});
        CHECK(metric_becomes(*place.relay, held, 0));
        nothing_gone();
    }
}

TEST_CASE("a clock that goes back ten years: nothing lost, times never go back") {
    Place place;
    auto sender = place.sender();
    const auto before = accepted_ms(*sender, place.message(fresh_id<MessageId>()));
    place.shim.jump(-hours(87'600));
    REQUIRE(metric_becomes(*place.relay, held, 1));
    CHECK(accepted_ms(*sender, place.message(fresh_id<MessageId>())) >= before);
    place.relay->process().kill();
    place.start();
    CHECK(metric(*place.relay, held) == 1);
    sender = place.sender();
    CHECK(accepted_ms(*sender, place.message(fresh_id<MessageId>())) >= before);
    CHECK(place.reader()->read(place.town->handshake_seq()).size() == 3);
}

TEST_CASE("what has expired is given to nobody from that moment on") {
    Place place;
    auto sender = place.sender();
    REQUIRE(accepted_ms(*sender,
                        place.town->message(fresh_id<MessageId>(), 60'000, fresh_bytes(100))) != 0);
    REQUIRE(place.submit(*sender, place.message(fresh_id<MessageId>())) == 0);
    auto reader = place.reader();
    place.shim.pass(seconds(61));
    const auto got = reader->read(place.town->handshake_seq());
    REQUIRE(got.size() == 2);
    CHECK(got[0].gone);
    CHECK_FALSE(got[1].gone);
}

TEST_CASE("a relay that stands still for a minute goes on: one answer, one delivery") {
    Place place;
    auto sender = place.sender();
    auto reader = place.reader();
    REQUIRE(reader->read(place.town->handshake_seq()).empty());
    place.relay->process().send_signal(SIGSTOP);
    const auto frame = place.message(fresh_id<MessageId>());
    const auto request = sender->send(frame);
    place.shim.pass(minutes(1));
    place.relay->process().send_signal(SIGCONT);
    const auto answer = sender->answer(request);
    REQUIRE(answer);
    CHECK(answer->has_submit_result());
    const auto got = reader->next();
    REQUIRE(got);
    CHECK(got->seq == answer->submit_result().accepted(0).seq());
    const auto repeat = sender->ask(frame);
    REQUIRE(repeat);
    CHECK(repeat->submit_result().repeat());
    CHECK(reader->alive());
    CHECK(reader->read(got->seq).empty());
    CHECK(metric(*place.relay, held) == 0);
}

TEST_CASE("a connection whose other end has gone is closed, and holds up nobody") {
    Place place;
    std::ofstream(place.folder.path() / "relay.toml")
        << "[limits]\nidle_ping_s = 1\nidle_close_s = 3\n";
    place.start({"--config", (place.folder.path() / "relay.toml").string()});
    auto sender = place.sender();
    auto silent = place.reader();  // answers nothing from here on
    REQUIRE(silent->read(place.town->handshake_seq()).empty());
    // It is pinged, and pinged again, and then the relay gives it up.
    while (!silent->client().receive().empty()) CHECK(sender->alive());
    CHECK(place.submit(*sender, place.message(fresh_id<MessageId>(), 30'000)) == 0);
    CHECK(metric_becomes(*place.relay, "huecry_relay_net_deadline_closed_total", 1));
    CHECK(sender->alive());
    place.all_there();
}

TEST_CASE("expiry while readers hold the store open: retried, shown, and then nothing is left") {
    Place place;
    auto sender = place.sender();
    const auto store_key = key_file(place, "store.key");
    const auto lease_key = key_file(place, "leases.key");
    const std::string canary = "CANARY-IN-A-BODY";
    const auto with_canary = [&] {
        Bytes content;
        for (int i = 0; i < 40; ++i) content.insert(content.end(), canary.begin(), canary.end());
        return place.town->message(fresh_id<MessageId>(), 60'000, content);
    };
    const auto blob = fresh_id<BlobId>();
    const auto expiry = accepted_ms(*sender, with_canary()) + 60'000;
    REQUIRE(sender->ask(put_lease(*place.town, blob, expiry))->has_lease_stored());
    WireClient https(place.relay->port());
    REQUIRE(place.town->founder().enter_https(https) == 200);
    REQUIRE(put_blob(https, blob, std::string(5000, 'p'), 60'000).status == 201);
    const auto blob_file = place.data / "blobs" / place.town->partnership().hex() / blob.hex();
    CHECK(std::filesystem::exists(blob_file));
    for (int i = 0; i < 20; ++i) {
        REQUIRE(accepted_ms(*sender, with_canary()) != 0);
        REQUIRE(place.submit(*sender, place.message(fresh_id<MessageId>())) == 0);
    }
    const auto store = place.data / "relay.db";
    const auto leases = place.data / "leases.db";
    CHECK(holds(decrypted_pages(store, store_key), canary));
    CHECK(holds(decrypted_pages(leases, lease_key), to_string(blob.view())));
    {
        auto other = relay::Database::open(store, store_key.view(), relay::Database::Mode::reader);
        REQUIRE(other.ok());
        auto reading = (*other)->query("SELECT key FROM entry");
        REQUIRE(reading.step().value());
        place.shim.pass(minutes(2));
        CHECK(metric_becomes(*place.relay, overdue, 23));  // 21 alerts, a blob, a share
        CHECK(metric(*place.relay, "huecry_relay_wal_blocked_total") >= 1);
        // Others are served meanwhile.
        CHECK(place.submit(*sender, place.message(fresh_id<MessageId>())) == 0);
    }
    CHECK(metric_becomes(*place.relay, overdue, 0));
    CHECK(metric(*place.relay, expired) == 21);
    CHECK_FALSE(holds(decrypted_pages(store, store_key), canary));
    CHECK_FALSE(holds(decrypted_pages(leases, lease_key), to_string(blob.view())));
    CHECK_FALSE(std::filesystem::exists(blob_file));
    CHECK(place.submit(*sender, place.message(fresh_id<MessageId>())) == 0);
}

TEST_CASE("a damaged page is never served: the relay refuses to start, or to read") {
    Place place;
    auto sender = place.sender();
    for (int i = 0; i < 60; ++i)
        REQUIRE(place.submit(*sender, place.message(fresh_id<MessageId>(), 12'000)) == 0);
    place.relay->process().send_signal(SIGTERM);
    REQUIRE(place.relay->process().wait() == Exit{0, 0});
    const auto store = place.data / "relay.db";
    const auto whole = file_bytes(store);
    const auto write = [&](const Bytes& bytes) {
        std::ofstream(store, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
    };
    const auto pages = whole.size() / 4096;
    int refused = 0;
    int unread = 0;
    for (std::size_t page = 0; page < pages; page += pages / 8) {
        CAPTURE(page);
        auto damaged = whole;
        damaged[page * 4096 + 1000] ^= 0x10;
        write(damaged);
        CHECK(run_relay({"check", "--data", place.data.string()}).exit == Exit{9, 0});
        std::optional<RelayProcess> relay;
        try {
            relay.emplace(place.data);
        } catch (const std::runtime_error& error) {
            ++refused;
            CHECK(std::string(error.what()).find("damaged") != std::string::npos);
            continue;
        }
        // It runs: whoever reads that page is sent away, and whatever is given is whole (the
        // session checks the digests).
        try {
            RawSession reader(relay->port(), *place.town, place.town->founder());
            const auto got = reader.read(place.town->handshake_seq());
            CHECK(got.size() == 60);
        } catch (const std::runtime_error&) {
            ++unread;
            CHECK(metric(*relay, "huecry_relay_read_failures_total") >= 1);
            CHECK(relay->process().errors_contain("stream cannot be read"));
        }
    }
    CHECK(refused > 0);
    CHECK(unread > 0);
    write(whole);
    place.start();
    place.all_there();
}
