#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>

#include <atomic>
#include <boost/json.hpp>
#include <fstream>
#include <thread>

#include "e2e/cli_world.hpp"
#include "huecry/wire/signing.hpp"
#include "ops/data_folder.hpp"
#include "store/backup.hpp"
#include "store/sqlcipher_store.hpp"
#include "support/sqlcipher_pages.hpp"

// Backup and restore with the real programs: a relay under load is backed up, its machine is lost,
// another takes its place, and the shops go on.
using namespace huecry;
using namespace huecry::test;
namespace fs = std::filesystem;

namespace {

/// Somebody who goes on sending on a thread of its own.
class Sender {
public:
    Sender(const Member& who, std::string what) {
        thread_ = std::thread([this, who, what = std::move(what)] {
            do {
                const auto done =
                    who.run({"send", "town", what + " " + std::to_string(sent_.load())});
                if (done.exit.code == 0) ++sent_;
            } while (!over_ && sent_ < 500);
        });
    }
    ~Sender() { (void)stop(); }
    int stop() {
        over_ = true;
        if (thread_.joinable()) thread_.join();
        return sent_;
    }

private:
    std::atomic<bool> over_{false};
    std::atomic<int> sent_{0};
    std::thread thread_;
};

Finished back_up(const fs::path& data, const fs::path& file) {
    return run_relay({"backup", file.string(), "--data", data.string(), "--json"});
}

/// Every body that the relay holds for somebody now, directories apart.
std::vector<Bytes> bodies_of(const fs::path& data) {
    const auto folder = relay::DataFolder::open(data);
    REQUIRE(folder.ok());
    const auto store =
        relay::open_sqlcipher_store(folder->file("relay.db"), folder->store_key().view());
    REQUIRE(store.ok());
    std::vector<Bytes> out;
    const auto known = (*store)->partnerships();
    for (const auto& p : *known) {
        const auto rows = (*store)->load(p);
        for (const auto& stream : rows->streams) {
            if (stream.stream.kind == StreamKind::directory) continue;
            const auto entries = (*store)->entries(p, stream.stream, 0, 4000, 64 << 20);
            for (const auto& entry : *entries)
                if (entry.has_body) out.push_back(entry.body);
        }
    }
    return out;
}

/// Both as they are and under the encryption.
void holds_nothing_of(const fs::path& backup, const fs::path& data) {
    const auto folder = relay::DataFolder::open(data);
    REQUIRE(folder.ok());
    const auto raw = file_bytes(backup);
    const auto plain = decrypted_pages(backup, relay::backup_key(folder->identity()));
    const auto bodies = bodies_of(data);
    REQUIRE_FALSE(bodies.empty());
    for (const auto& body : bodies) {
        for (std::size_t at = 0; at + 24 <= body.size(); at += 1000) {
            const auto piece = to_string(BytesView(body).subspan(at, 24));
            CHECK_FALSE(holds(plain, piece));
            CHECK_FALSE(holds(raw, piece));
        }
    }
    for (const auto* name : {"identity.key", "store.key", "leases.key", "certificate.key"}) {
        CAPTURE(name);
        const auto secret = file_bytes(data / name);
        REQUIRE(secret.size() >= 32);
        const auto piece = to_string(BytesView(secret).subspan(secret.size() / 2 - 12, 24));
        CHECK_FALSE(holds(plain, piece));
        CHECK_FALSE(holds(raw, piece));
    }
    CHECK(holds(plain, to_string(folder->identity().public_key.view())));  // the search works
}

}  // namespace

TEST_CASE("a relay under load is backed up; another machine takes its place and the shops go on") {
    CliWorld world;
    const auto ben = world.join("Ben");
    const auto cleo = world.join("Cleo");
    const auto dora = world.join("Dora");
    const auto& anna = world.anna;
    for (const auto* member : {&anna, &ben, &cleo, &dora}) (void)member->ask({"inbox"});
    const auto data = world.folder.path() / "relay";
    const auto file = world.folder.path() / "relay.backup";
    {
        Sender busy(ben, "while it is backed up");
        for (int i = 0; i < 3; ++i) {
            const auto early = back_up(data, file.string() + std::to_string(i));
            CAPTURE(early.errors);
            CHECK(early.exit.code == 0);
        }
        (void)anna.ask({"send", "town", "Dora has not fetched this"});
        const auto made = back_up(data, file);
        CAPTURE(made.errors);
        REQUIRE(made.exit.code == 0);
        const auto said = json_of(made.output);
        CHECK(said.at("partnerships").as_int64() == 1);
        CHECK(said.at("statements").as_int64() > 5);
        CHECK(said.at("headers").as_int64() > 0);
        CHECK(busy.stop() > 0);
    }
    holds_nothing_of(file, data);
    CHECK_FALSE(cleo.inbox().empty());
    // What the backup does not know: a removal, and a message.
    const auto device = text_at(cleo.ask({"devices", "--own"}).at("devices").at(0), "id");
    (void)anna.ask({"revoke", device});
    (void)anna.ask({"send", "town", "after the backup"});
    (void)ben.ask({"inbox"});

    // The machine is lost, but for the backup and the identity that was kept apart.
    const auto identity = world.folder.path() / "kept.key";
    fs::copy_file(data / "identity.key", identity);
    const auto listen = "127.0.0.1:" + std::to_string(world.relay->port());
    world.relay->process().kill();
    fs::remove_all(data);
    const auto there = world.folder.path() / "another machine" / "relay";
    const auto restored = run_relay({"restore", file.string(), "--data", there.string(),
                                     "--identity", identity.string(), "--json"});
    CAPTURE(restored.errors);
    REQUIRE(restored.exit.code == 0);
    CHECK(json_of(restored.output).at("partnerships").as_int64() == 1);
    CHECK(run_relay({"check", "--data", there.string()}).exit.code == 0);
    world.relay =
        std::make_unique<RelayProcess>(there, std::vector<std::string>{"--listen", listen});
    CHECK(world.relay->process().errors_contain("a new generation begins"));

    for (int i = 0; i < 2; ++i) {  // what is due is done by whoever comes
        for (const auto* member : {&ben, &anna, &dora}) {
            const auto told = member->run({"inbox"});
            CAPTURE(told.errors);
            CHECK(told.errors.find("withholds") == std::string::npos);
        }
    }
    (void)anna.ask({"send", "town", "after the restore"});
    (void)ben.ask({"send", "town", "and an answer"});
    for (const auto* member : {&ben, &anna, &dora}) {
        const auto seen = member->inbox();
        for (const auto* text : {"after the restore", "and an answer"}) {
            if (member == &ben && text == std::string("and an answer")) continue;
            if (member == &anna && text == std::string("after the restore")) continue;
            CAPTURE(text);
            CAPTURE(member->profile);
            CHECK(std::count(seen.begin(), seen.end(), text) == 1);
        }
        CHECK(member->ask({"evidence", "list"}).at("evidence").as_array().empty());
    }
    // Who was removed since the backup is out again, and everybody can see why.
    CHECK(cleo.run({"send", "town", "still here?"}).exit.code != 0);
    CHECK(ben.run({"directory", "log"}).output.find("restored") != std::string::npos);
}

TEST_CASE("backup and restore say what is wrong, and leave alone what is there") {
    TemporaryDirectory folder;
    const auto data = folder.path() / "relay";
    const auto file = folder.path() / "b";
    CHECK(run_relay({"backup", file.string(), "--data", data.string()}).exit.code == 7);
    {
        RelayProcess running(data);
        REQUIRE(found_partnership(running).failure == 0);
        const auto config = folder.path() / "relay.toml";
        std::ofstream(config) << "[log]\nlevel = \"warning\"\n";
        const auto made = run_relay(
            {"backup", file.string(), "--data", data.string(), "--config", config.string()});
        CHECK(made.exit == Exit{0, 0});
        CHECK(made.output.find("identity.key") != std::string::npos);
        const auto twice = run_relay({"backup", file.string(), "--data", data.string()});
        CHECK(twice.exit == Exit{2, 0});
        CHECK(twice.errors.find("is not replaced") != std::string::npos);
        const auto over = run_relay({"restore", file.string(), "--data", data.string()});
        CHECK(over.exit == Exit{2, 0});
        CHECK(over.errors.find("not empty") != std::string::npos);
    }
    struct stat info{};
    REQUIRE(stat(file.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    const auto fresh = folder.path() / "fresh";
    const auto nobody = run_relay({"restore", file.string(), "--data", fresh.string()});
    CHECK(nobody.exit == Exit{7, 0});
    CHECK(nobody.errors.find("--identity") != std::string::npos);
    const auto identity = (data / "identity.key").string();
    const std::vector<std::string> restore = {"restore",      file.string(), "--data",
                                              fresh.string(), "--identity",  identity};
    CHECK(run_relay({"restore", (folder.path() / "none").string(), "--data", fresh.string(),
                     "--identity", identity})
              .exit == Exit{7, 0});
    const auto good = file_bytes(file);
    const auto put = [&](const Bytes& bytes) {
        std::ofstream(file, std::ios::binary | std::ios::trunc)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
    };
    for (const std::size_t at : {std::size_t{50}, good.size() / 2, good.size() - 50}) {
        auto bad = good;
        bad[at] ^= 1;
        put(bad);
        const auto refused = run_relay(restore);
        CAPTURE(at);
        CHECK(refused.exit == Exit{9, 0});
        CHECK(refused.errors.find("another backup") != std::string::npos);
        CHECK_FALSE(fs::exists(fresh / "relay.db"));
    }
    put(good);
    const auto done = run_relay(restore);  // after the refusals, into the same folder
    CAPTURE(done.errors);
    CHECK(done.exit == Exit{0, 0});
    CHECK(done.output.find("relay.toml") != std::string::npos);
    CHECK(to_string(file_bytes(fresh / "relay.toml")) == "[log]\nlevel = \"warning\"\n");
    CHECK(file_bytes(fresh / "store.key") != file_bytes(data / "store.key"));
    for (const auto& entry : fs::directory_iterator(fresh)) {
        REQUIRE(stat(entry.path().c_str(), &info) == 0);
        CAPTURE(entry.path());
        CHECK((info.st_mode & (S_IRWXG | S_IRWXO)) == 0);
    }
    CHECK(run_relay(restore).exit == Exit{2, 0});
    for (const auto* command : {"backup", "restore", "restored"})
        CHECK(run_relay({command, "--help"}).output.find("huecry-relay") != std::string::npos);
    CHECK(run_relay({"backup", "--data", data.string()}).exit == Exit{2, 0});
}
