#include <sys/stat.h>

#include <csignal>

#include "e2e/hostile_world.hpp"
#include "ops/data_folder.hpp"
#include "store/database.hpp"

// The store's file, changed while the relay was not there: each time it says what is wrong and does
// not start, or it starts and has lost nothing of what its file and log hold.
using namespace huecry;
using namespace huecry::test;

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
void write(const fs::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

/// A relay's folder after a clean end, with one partnership in it.
struct Installation {
    TemporaryDirectory folder;
    fs::path data = folder.path() / "relay";
    Caller member;

    Installation() {
        RelayProcess relay(data);
        member = found_partnership(relay).device;
        relay.process().send_signal(SIGTERM);
        REQUIRE(relay.process().wait() == Exit{0, 0});
    }
    [[nodiscard]] Finished start() const {
        return run_relay({"serve", "--data", data.string(), "--listen", "127.0.0.1:0"});
    }
    /// It does not start, says `said`, and has changed nothing.
    void refused(const std::string& said) const {
        const auto before = text_of(data / "relay.db");
        const auto ended = start();
        CHECK(ended.exit == Exit{9, 0});
        CHECK(ended.errors.find(said) != std::string::npos);
        CHECK(ended.errors.size() < 2000);
        CHECK(text_of(data / "relay.db") == before);
        CHECK(run_relay({"check", "--data", data.string()}).exit == Exit{9, 0});
    }
    /// It starts, and the member is known.
    void works() const {
        RelayProcess relay(data);
        WireClient client(relay.port());
        CHECK(member.enter(client));
        relay.process().send_signal(SIGTERM);
        CHECK(relay.process().wait() == Exit{0, 0});
    }
    void with_the_key(const char* sql) const {
        const auto opened = relay::DataFolder::open(data);
        REQUIRE(opened.ok());
        const auto db = relay::Database::open(data / "relay.db", opened->store_key().view(),
                                              relay::Database::Mode::writer);
        REQUIRE(db.ok());
        REQUIRE((*db)->execute(sql).ok());
    }
};

}  // namespace

TEST_CASE("hostile store: files that are not the store") {
    Installation here;
    const auto store = here.data / "relay.db";
    const auto good = text_of(store);
    struct Case {
        std::string what;
        std::string text;
        bool starts;  // the damage is further in: found by check, or by the first read of it
    };
    auto flipped = good;
    flipped[good.size() / 2] ^= 1;
    auto swapped = good;  // its second page in place of its third
    std::copy_n(good.begin() + 4096, 4096, swapped.begin() + 8192);
    const std::vector<Case> cases = {
        {"plain SQLite", "SQLite format 3" + std::string(1, '\0') + std::string(4080, '\0'), false},
        {"text", "this was a database\n", false},
        {"noise of its size", std::string(good.size(), '\xa5'), false},
        {"zeros of its size", std::string(good.size(), '\0'), false},
        {"another salt", std::string(16, 'x') + good.substr(16), false},
        {"its first half", good.substr(0, good.size() / 8192 * 4096), true},
        {"all but its last page", good.substr(0, good.size() - 4096), true},
        {"one bit in its middle", flipped, true},
        {"a page twice", swapped, true},
    };
    REQUIRE(good.size() > 3 * 4096);
    for (const auto& one : cases) {
        CAPTURE(one.what);
        write(store, one.text);
        CHECK(run_relay({"check", "--data", here.data.string()}).exit == Exit{9, 0});
        if (!one.starts) here.refused("relay.db");
    }
    write(store, good);
    here.works();
}

TEST_CASE("hostile store: another relay's file, key or log") {
    Installation here;
    const Installation other;
    const auto store = here.data / "relay.db";
    SUBCASE("the file") {
        fs::copy_file(other.data / "relay.db", store, fs::copy_options::overwrite_existing);
        here.refused("relay.db");
    }
    SUBCASE("the key") {
        fs::copy_file(other.data / "store.key", here.data / "store.key",
                      fs::copy_options::overwrite_existing);
        here.refused("relay.db");
    }
    SUBCASE("a log of noise: what is not whole in it was never acknowledged") {
        write(here.data / "relay.db-wal", std::string(100'000, '\xa5'));
        here.works();
    }
    SUBCASE("another relay's log, which has another salt") {
        {
            RelayProcess relay(other.data);
            (void)found_partnership(relay);
            relay.process().kill();
        }
        REQUIRE(fs::exists(other.data / "relay.db-wal"));
        fs::copy_file(other.data / "relay.db-wal", here.data / "relay.db-wal",
                      fs::copy_options::overwrite_existing);
        const auto ended = run_relay({"check", "--data", here.data.string()});
        if (ended.exit == Exit{0, 0}) {
            here.works();
        } else {
            CHECK(ended.exit == Exit{9, 0});
        }
    }
    SUBCASE("nothing in its place; a new store, wanted, under an old identity has no member") {
        for (const auto* name : {"relay.db", "relay.db-wal", "relay.db-shm"})
            fs::remove(here.data / name);
        here.refused("relay.db is missing");
        CHECK_FALSE(fs::exists(store));
        fs::remove(here.data / "leases.db");
        RelayProcess relay(here.data);
        WireClient client(relay.port());
        CHECK_FALSE(here.member.enter(client));
        CHECK(client.close_code() == closed_with(Errc::unknown_partnership));
    }
    SUBCASE("a folder") {
        fs::remove(store);
        fs::create_directory(store);
        CHECK(here.start().exit.code != 0);
    }
}

TEST_CASE("hostile store: a file that comes back with more in it than it had") {
    Installation here;
    SUBCASE("a trigger on our writes") {
        here.with_the_key("CREATE TRIGGER sent AFTER INSERT ON entry BEGIN DELETE FROM entry; END");
        here.refused("relay.db");
    }
    SUBCASE("a view") {
        here.with_the_key("CREATE VIEW everybody AS SELECT 1");
        here.refused("relay.db");
    }
    SUBCASE("a later version") {
        here.with_the_key("PRAGMA user_version = 1000000");
        CHECK(here.start().exit == Exit{12, 0});
        here.with_the_key("PRAGMA user_version = -1");
        CHECK(here.start().exit.code != 0);
    }
}
