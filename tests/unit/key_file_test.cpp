#include <doctest/doctest.h>

#include <fstream>

#include "store/key_file.hpp"
#include "support/sqlcipher_pages.hpp"
#include "support/temporary_directory.hpp"

using namespace huecry;
using store::Unlock;
namespace fs = std::filesystem;

namespace {

// The cheapest that Argon2id allows: the cost itself is not what these tests are about.
constexpr crypto::PassphraseCost cheap{.passes = 1, .memory_kib = 8};

Unlock passphrase(std::string_view text) { return {.passphrase = view(text)}; }

}  // namespace

TEST_CASE("the key file opens with its passphrase only") {
    test::TemporaryDirectory folder;
    const auto file = folder.path() / "profile.key";
    crypto::SystemRandom random;
    const auto key = store::create_key_file(file, passphrase("correct horse"), random, cheap);
    REQUIRE(key.ok());
    CHECK(key->size() == 32);
    const auto opened = store::open_key_file(file, passphrase("correct horse"));
    REQUIRE(opened.ok());
    CHECK(*opened == *key);
    const Bytes external(32, 5);
    CHECK(store::open_key_file(file, passphrase("wrong")).error().code == Errc::passphrase_wrong);
    CHECK(store::open_key_file(file, passphrase("")).error().code == Errc::passphrase_missing);
    CHECK(store::open_key_file(file, {.key = external}).error().code == Errc::passphrase_wrong);
    CHECK(store::open_key_file(folder.path() / "none", passphrase("x")).error().code ==
          Errc::no_profile);
    CHECK(store::create_key_file(file, passphrase("x"), random, cheap).error().code ==
          Errc::profile_exists);
    CHECK((fs::status(file).permissions() & (fs::perms::group_all | fs::perms::others_all)) ==
          fs::perms::none);
    CHECK_FALSE(test::holds(test::file_bytes(file), to_string(key->view())));
}

TEST_CASE("a changed passphrase keeps the key and leaves no second file") {
    test::TemporaryDirectory folder;
    const auto file = folder.path() / "profile.key";
    crypto::SystemRandom random;
    const auto key = store::create_key_file(file, passphrase("one"), random, cheap);
    REQUIRE(key.ok());
    const Bytes before = test::file_bytes(file);
    CHECK(store::change_key_file(file, passphrase("no"), passphrase("two"), random, cheap)
              .error()
              .code == Errc::passphrase_wrong);
    CHECK(store::change_key_file(file, passphrase("one"), passphrase(""), random, cheap)
              .error()
              .code == Errc::passphrase_missing);
    CHECK((test::file_bytes(file) == before));
    REQUIRE(store::change_key_file(file, passphrase("one"), passphrase("two"), random, cheap).ok());
    CHECK(store::open_key_file(file, passphrase("one")).error().code == Errc::passphrase_wrong);
    const Bytes external(32, 5);
    REQUIRE(store::change_key_file(file, passphrase("two"), {.key = external}, random).ok());
    CHECK(store::open_key_file(file, passphrase("two")).error().code == Errc::passphrase_wrong);
    const auto opened = store::open_key_file(file, {.key = external});
    REQUIRE(opened.ok());
    CHECK(*opened == *key);
    CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a damaged key file never gives a key") {
    test::TemporaryDirectory folder;
    const auto file = folder.path() / "profile.key";
    crypto::SystemRandom random;
    REQUIRE(store::create_key_file(file, passphrase("one"), random, cheap).ok());
    const Bytes whole = test::file_bytes(file);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        if (at >= 10 && at < 18) continue;  // costs: below
        Bytes bytes = whole;
        bytes[at] ^= 1;
        std::ofstream(file, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
        CAPTURE(at);
        const auto opened = store::open_key_file(file, passphrase("one"));
        REQUIRE_FALSE(opened.ok());
        const auto code = opened.error().code;
        CHECK((code == Errc::passphrase_wrong || code == Errc::store_damaged));
    }
    for (const std::size_t size : {std::size_t{0}, std::size_t{9}, whole.size() - 1}) {
        std::ofstream(file, std::ios::binary)
            .write(reinterpret_cast<const char*>(whole.data()), static_cast<std::streamsize>(size));
        CHECK(store::open_key_file(file, passphrase("one")).error().code == Errc::store_damaged);
    }
    Bytes costly = whole;
    costly[10] = 0xff;  // passes
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(costly.data()),
               static_cast<std::streamsize>(costly.size()));
    CHECK(store::open_key_file(file, passphrase("one")).error().code == Errc::store_damaged);
    Bytes newer = whole;
    newer[8] = 2;
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(newer.data()),
               static_cast<std::streamsize>(newer.size()));
    CHECK(store::open_key_file(file, passphrase("one")).error().code == Errc::store_newer);
    std::ofstream(file, std::ios::binary) << std::string(5000, 'x');
    CHECK(store::open_key_file(file, passphrase("one")).error().code == Errc::store_damaged);
}
