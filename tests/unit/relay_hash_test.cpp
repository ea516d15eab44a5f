#include <doctest/doctest.h>

#include "huecry/wire/hash_function.hpp"
#include "huecry/wire/signing.hpp"
#include "ops/openssl_hash.hpp"

using namespace huecry;

namespace {

int asked = 0;

bool wrong(BytesView, std::span<std::uint8_t, 32> out) {
    std::fill(out.begin(), out.end(), std::uint8_t{7});
    return true;
}
bool unable(BytesView, std::span<std::uint8_t, 32>) {
    ++asked;
    return false;
}
/// Able once, when it is tried.
bool able_once(BytesView bytes, std::span<std::uint8_t, 32> out) {
    if (asked++ > 0) return false;
    const auto digest = Sha256().add(bytes).finish();
    std::copy_n(digest.view().begin(), out.size(), out.begin());
    return true;
}

}  // namespace

TEST_CASE("a hash function that errs is not taken, and one that fails is replaced") {
    REQUIRE(initialise_crypto());
    const auto abc = to_bytes(view("abc"));
    const auto right = Sha256().add(abc).finish();
    CHECK_FALSE(use_hash_function(wrong));
    CHECK(sha256(abc) == right);
    CHECK_FALSE(use_hash_function(unable));
    asked = 0;
    REQUIRE(use_hash_function(able_once));
    CHECK(sha256(abc) == right);
    CHECK(asked == 2);
}

TEST_CASE("OpenSSL and libsodium hash to the same") {
    REQUIRE(initialise_crypto());
    relay::hash_with_openssl();
    CHECK(sha256(view("abc")).hex() ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    Bytes bytes;
    for (std::size_t size = 0; size <= 300; ++size) {
        CHECK(sha256(bytes) == Sha256().add(bytes).finish());
        bytes.push_back(static_cast<std::uint8_t>(size * 31));
    }
    bytes.resize(1 << 20, 0x42);
    CHECK(sha256(bytes) == Sha256().add(bytes).finish());
}
