#include "client_net_world.hpp"
#include "huecry/wire/signing.hpp"
#include "support/cutting_proxy.hpp"

using namespace huecry;
using namespace huecry::test;

namespace {

struct World {
    Relay relay;
    Founder founder{relay.address()};
    crypto::SystemRandom random;
    net::Runtime runtime{random};
    std::unique_ptr<net::BlobTransfer> blobs;

    World() { found(runtime, founder); }
    ~World() {
        on_thread(runtime, [this] { blobs.reset(); });
    }
    /// Over `port`: the relay's own, or a proxy's.
    void connect(std::uint16_t port) {
        auto identity = founder.as(ClientKind::device);
        identity.relay.port = port;
        on_thread(runtime, [&] { blobs = runtime.make_blobs(identity); });
    }
    net::BlobUpload upload(std::size_t size) {
        net::BlobUpload out;
        out.id = *BlobId::from(random.bytes(16));
        out.owner = founder.all_members();
        out.lifetime = std::chrono::hours(1);
        out.bytes = std::make_shared<const Bytes>(random.bytes(size));
        out.digest = sha256(*out.bytes);
        return out;
    }
    Result<void> put(const net::BlobUpload& upload) {
        std::promise<Result<void>> told;
        std::unique_ptr<net::Transfer> transfer;
        on_thread(runtime, [&] {
            transfer = blobs->put(upload, [&](Result<void> r) { told.set_value(std::move(r)); });
        });
        auto out = told.get_future().get();
        on_thread(runtime, [&] { transfer.reset(); });
        return out;
    }
    Result<Bytes> get(const net::BlobDownload& download) {
        std::promise<Result<Bytes>> told;
        std::unique_ptr<net::Transfer> transfer;
        on_thread(runtime, [&] {
            transfer = blobs->get(download, [&](Result<Bytes> r) { told.set_value(std::move(r)); });
        });
        auto out = told.get_future().get();
        on_thread(runtime, [&] { transfer.reset(); });
        return out;
    }
};

net::BlobDownload download(const net::BlobUpload& upload) {
    return {upload.id, upload.digest, 4'194'304, upload.bytes->size()};
}

std::string problem(const Result<void>& r) { return r ? std::string() : r.error().text(); }

}  // namespace

TEST_CASE("blobs of every size go up and come back the same") {
    World w;
    w.connect(w.relay.address().port);
    for (const std::size_t size : {1U, 262'144U, 262'145U, 1'000'000U}) {
        CAPTURE(size);
        const auto upload = w.upload(size);
        const auto stored = w.put(upload);
        CAPTURE(problem(stored));
        REQUIRE(stored.ok());
        CHECK(w.put(upload).ok());  // once more is harmless
        const auto got = w.get(download(upload));
        REQUIRE(got.ok());
        CHECK(*got == *upload.bytes);
    }
}

TEST_CASE("over a line that breaks in the middle") {
    World w;
    const auto upload = w.upload(1'000'000);
    {
        CuttingProxy line(w.relay.address().port, 600'000);
        w.connect(line.port());
        const auto stored = w.put(upload);
        CAPTURE(problem(stored));
        REQUIRE(stored.ok());
        CHECK(line.connections() >= 2);
        w.connect(w.relay.address().port);
    }
    {
        CuttingProxy line(w.relay.address().port, 600'000);
        w.connect(line.port());
        const auto got = w.get(download(upload));
        REQUIRE(got.ok());
        CHECK(*got == *upload.bytes);
        CHECK(line.connections() >= 2);
        w.connect(w.relay.address().port);
    }
}

TEST_CASE("what cannot be had is refused with its reason") {
    World w;
    w.connect(w.relay.address().port);
    const auto never = w.upload(10);
    CHECK(w.get(download(never)).error().code == Errc::not_found);

    const auto upload = w.upload(1000);
    REQUIRE(w.put(upload).ok());
    auto wanted = download(upload);
    wanted.digest = never.digest;
    CHECK(w.get(wanted).error().code == Errc::digest_mismatch);
    wanted = download(upload);
    wanted.size = 0;
    wanted.max_size = 999;
    CHECK(w.get(wanted).error().code == Errc::too_large);

    auto other = w.upload(1000);
    other.id = upload.id;
    CHECK(w.put(other).error().code == Errc::id_reused);
    auto foreign = w.upload(10);
    foreign.owner = StreamRef::channel(ChannelId(std::array<std::uint8_t, 16>{9}), 1);
    CHECK(w.put(foreign).error().code == Errc::not_permitted);
}

TEST_CASE("a cancelled transfer says nothing, the next one goes on") {
    World w;
    CuttingProxy hole(w.relay.address().port, 0);
    w.connect(hole.port());
    const auto upload = w.upload(1000);
    bool told = false;
    on_thread(w.runtime, [&] {
        auto transfer = w.blobs->put(upload, [&](Result<void>) { told = true; });
        auto second = w.blobs->put(upload, [&](Result<void>) { told = true; });
        second.reset();
    });
    w.connect(w.relay.address().port);
    CHECK(w.put(upload).ok());
    CHECK(!told);
}

TEST_CASE("nobody there, or the wrong one: an error, not a hang") {
    World w;
    auto identity = w.founder.as(ClientKind::device);
    identity.relay.key = PublicKey(std::array<std::uint8_t, 32>{1});
    on_thread(w.runtime, [&] { w.blobs = w.runtime.make_blobs(identity); });
    CHECK(w.put(w.upload(10)).error().code == Errc::wrong_relay);
    w.relay.kill();
    w.connect(w.relay.address().port);
    CHECK(w.put(w.upload(10)).error().code == Errc::unreachable);
}
