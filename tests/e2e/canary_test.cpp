#include <doctest/doctest.h>
#include <signal.h>
#include <zlib.h>

#include <fstream>

#include "support/canary.hpp"
#include "support/photos.hpp"
#include "support/sqlcipher_pages.hpp"
#include "town.hpp"

// Nothing that people say or are called reaches the relay: not its store, log, memory or metrics.
namespace huecry::test {
namespace {

/// Unique words, one for each place where people can put text.
const std::vector<std::string> words = {
    "KanariPartnership", "KanariCoordinator", "KanariCouncil", "KanariShopname", "KanariOrgname",
    "KanariGuardname",   "KanariChannel",     "KanariText",    "KanariPlace",    "KanariNickname",
    "KanariFilename",    "KanariAgreement",   "KanariSecond",  "KanariAnswered",
};

std::vector<std::string> all_words() {
    auto out = words;
    out.insert(out.end(), canaries.begin(), canaries.end());
    return out;
}

/// The whole memory of a process that goes on running.
Bytes core_of(const Process& process, const std::filesystem::path& folder) {
    const auto prefix = folder / "core";
    const auto file = prefix.string() + "." + std::to_string(process.id());
    const auto done =
        run({.program = "/usr/bin/gcore",
             .arguments = {"-a", "-o", prefix.string(), std::to_string(process.id())}},
            {}, std::chrono::seconds(60));
    REQUIRE_MESSAGE(std::filesystem::exists(file), done.output << done.errors);
    auto out = read_file(file);
    std::filesystem::remove(file);
    return out;
}

SecretBytes key_file(const std::filesystem::path& file) {
    return SecretBytes(BytesView(read_file(file)));
}

void check_nothing(const CanaryScan& scan, BytesView bytes, const std::string& where) {
    const auto found = scan.scan(bytes);
    CHECK_MESSAGE(found.empty(), where << " holds " << (found.empty() ? "" : found.front()));
}

void check_relay_files(const CanaryScan& scan, const std::filesystem::path& data) {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data)) {
        if (!entry.is_regular_file()) continue;
        ++files;
        check_nothing(scan, read_file(entry.path()), entry.path().filename().string());
    }
    CHECK(files >= 5);
    check_nothing(scan, decrypted_pages(data / "relay.db", key_file(data / "store.key")),
                  "the store, decrypted");
    check_nothing(scan, decrypted_pages(data / "leases.db", key_file(data / "leases.key")),
                  "the shares, decrypted");
}

}  // namespace

TEST_CASE("the scan finds a word in every form that it looks for") {
    const CanaryScan scan({"KanariText"});
    const std::string word = "KanariText";
    CHECK(scan.scan(view("xx" + word)).size() == 1);
    for (const std::string before : {"", "a", "ab"}) {
        std::string coded(64, '\0');
        Bytes plain = to_bytes(view(before + word + "zz"));
        coded = to_base64url(plain);
        CHECK_FALSE(scan.scan(view(coded)).empty());
    }
    CHECK_FALSE(scan.scan(view(to_hex(view(word)))).empty());
    std::string wide;
    for (const char c : word) wide += std::string{c, '\0'};
    CHECK_FALSE(scan.scan(view(wide)).empty());
    Bytes packed(200);
    uLongf size = packed.size();
    const std::string text = "before " + word + " after";
    REQUIRE(compress(packed.data(), &size, reinterpret_cast<const Bytef*>(text.data()),
                     text.size()) == Z_OK);
    CHECK_FALSE(scan.scan(BytesView(packed).first(size)).empty());
    CHECK(scan.scan(view("KanariTexx")).empty());
}

TEST_CASE("canaries: no word of anybody is anywhere at the relay") {
    // Its metrics are read through the log below; the most talkative level, and core images
    // allowed.
    TemporaryDirectory logs;
    const auto log = logs.path() / "relay.log";
    Town town({"--log-level", "debug", "--log-file", log.string(), "--allow-core"});
    const CanaryScan scan(all_words());

    const auto olivia = town.person("olivia");
    town.must(olivia,
              {"partnership", "create", "--relay", town.address(), "--name", "KanariPartnership",
               "--member", "KanariCoordinator", "--organisation", "KanariCouncil"});
    town.must(olivia, {"channel", "create", "KanariChannel"});
    const auto agreement = town.folder() / "agreement.txt";
    std::ofstream(agreement) << "KanariAgreement binds us.\n";
    town.must(olivia, {"agreement", "publish", agreement.string()});
    const auto desk = town.listen(olivia);
    const auto shop = town.person("shop");
    town.must(shop, {"join",
                     town.invite(olivia, "KanariShopname", "retailer",
                                 {"--in-person", "--organisation", "KanariOrgname"}),
                     "--accept-agreement"});
    const auto guard = town.person("guard");
    town.must(guard, {"join", town.invite(olivia, "KanariGuardname", "security", {"--in-person"}),
                      "--accept-agreement"});
    const auto photo = town.folder() / "KanariFilename.jpg";
    write_file(photo, with_metadata(read_file(photograph(Photograph::dragonfly)), 3));
    const auto sent = town.json_of(
        shop, {"send", "KanariChannel", "KanariText at the till", "--place", "KanariPlace",
               "--offender", "KanariNickname", "--photo", photo.string(), "--expires", "20s"});
    const auto id = text_of(sent, "alert");
    town.must(guard, {"photo", id, "--out", (town.folder() / "seen.jpg").string()});
    town.must(guard, {"respond", id, "coming"});

    // While the alert is alive: memory of the relay, and as a control that of a client.
    check_nothing(scan, core_of(town.relay(), logs.path()), "the relay's memory");
    CHECK_MESSAGE(!scan.scan(core_of(*desk, logs.path())).empty(),
                  "the scan finds nothing even in a client's memory");

    town.must(olivia, {"revoke", "KanariGuardname"});
    town.kill_relay();
    town.start_relay();
    town.must(olivia, {"send", "KanariChannel", "KanariSecond"});
    (void)next_event(*desk, "alert-expired");
    check_nothing(scan, core_of(town.relay(), logs.path()), "the relay's memory after a restart");
    check_relay_files(scan, town.relay_data());
    check_nothing(scan, read_file(log), "the log");
    CHECK(std::filesystem::file_size(log) > 0);
    const auto metrics =
        run({.program = "/usr/bin/curl",
             .arguments = {"-s", "http://" + town.metrics_address() + "/metrics"}});
    CHECK(metrics.output.size() > 1000);
    check_nothing(scan, view(metrics.output), "the metrics");
}

}  // namespace huecry::test
