#include <doctest/doctest.h>

#include "crypto/ed25519.hpp"
#include "crypto/file_stream.hpp"
#include "crypto/hash.hpp"
#include "crypto/hkdf.hpp"
#include "crypto/hmac.hpp"
#include "crypto/passphrase.hpp"
#include "crypto/random.hpp"
#include "unit/mls_support.hpp"

using namespace huecry;
using namespace huecry::crypto;

namespace {
Bytes h(std::string_view text) {
    Bytes out;
    REQUIRE(from_hex(text, out));
    return out;
}
}  // namespace

TEST_CASE("SHA-256 and HMAC agree with FIPS 180-4 and RFC 4231") {
    CHECK(to_hex(sha256(view("abc"))) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(Sha256().update(view("a")).update(view("bc")).finish() == sha256(view("abc")));
    CHECK(to_hex(hmac_sha256(view("Jefe"), view("what do ya want for nothing?"))) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(to_hex(hmac_sha256(Bytes(131, 0xaa),
                             view("Test Using Larger Than Block-Size Key - Hash Key First"))) ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    const auto tag = hmac_sha256(view("k"), view("m"));
    CHECK(hmac_sha256_verify(view("k"), view("m"), tag));
    CHECK_FALSE(hmac_sha256_verify(view("k"), view("m"), BytesView(tag).first(31)));
    CHECK_FALSE(hmac_sha256_verify(view("k"), view("m"), {}));
}

TEST_CASE("HKDF agrees with RFC 5869") {
    const auto prk = hkdf_extract(h("000102030405060708090a0b0c"), Bytes(22, 0x0b));
    CHECK(to_hex(prk.view()) == "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    CHECK(to_hex(hkdf_expand(prk.view(), h("f0f1f2f3f4f5f6f7f8f9"), 42).view()) ==
          "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    // Test case 3: no salt, no info.
    CHECK(to_hex(hkdf_expand(hkdf_extract({}, Bytes(22, 0x0b)).view(), {}, 42).view()) ==
          "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
    CHECK(hkdf_expand(prk.view(), {}, 255 * 32).size() == 255 * 32);
    CHECK_THROWS((void)hkdf_expand(prk.view(), {}, 255 * 32 + 1));
}

TEST_CASE("Ed25519 agrees with RFC 8032 and refuses what is not its own") {
    const auto key = SigningKey::from_seed(
        h("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
    REQUIRE(key.has_value());
    CHECK(to_hex(key->public_key()) ==
          "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    const auto signature = key->sign({});
    CHECK(
        to_hex(signature) ==
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
        "f9b46bd25bf5f0595bbe24655141438e7a100b");
    CHECK(ed25519_verify(key->public_key(), {}, signature));
    CHECK_FALSE(ed25519_verify(key->public_key(), view("x"), signature));
    CHECK_FALSE(ed25519_verify(key->public_key(), {}, BytesView(signature).first(63)));
    CHECK_FALSE(ed25519_verify(BytesView(key->public_key()).first(31), {}, signature));
    CHECK_FALSE(SigningKey::from_seed(Bytes(31)).has_value());
    CHECK(key->clone().sign(view("x")) == key->sign(view("x")));
    CHECK(SigningKey::from_seed(key->seed().view())->public_key().size() == 32);
}

TEST_CASE("a file opens only whole and in order") {
    SystemRandom random;
    const auto key = random.bytes(file_key_size);
    for (const std::size_t size : {0U, 1U, 99U, 100U, 101U, 1000U}) {
        const auto plain = random.bytes(size);
        const auto sealed = seal_file(key, plain, 100);
        const auto opened = open_file(key, sealed, 100);
        REQUIRE(opened.ok());
        CHECK(*opened == plain);
        for (std::size_t n = 0; n < sealed.size(); n += 7)
            CHECK_FALSE(open_file(key, BytesView(sealed).first(n), 100).ok());
        for (std::size_t n = 0; n < sealed.size(); n += 5) {
            auto changed = sealed;
            changed[n] ^= 1;
            CHECK_FALSE(open_file(key, changed, 100).ok());
        }
        auto longer = sealed;
        longer.insert(longer.end(), sealed.begin() + file_header_size, sealed.end());
        CHECK_FALSE(open_file(key, longer, 100).ok());
    }
    // Two chunks exchanged.
    auto swapped = seal_file(key, Bytes(250, 1), 100);
    std::swap_ranges(swapped.begin() + 24, swapped.begin() + 24 + 117, swapped.begin() + 24 + 117);
    CHECK_FALSE(open_file(key, swapped, 100).ok());
    CHECK_FALSE(open_file(random.bytes(file_key_size), seal_file(key, Bytes(3), 100), 100).ok());
}

TEST_CASE("a passphrase gives its key, and costs are bounded") {
    const Bytes salt(passphrase_salt_size, 7);
    const PassphraseCost cheap{1, 64};
    const auto a = passphrase_key(view("correct horse"), salt, cheap);
    const auto b = passphrase_key(view("correct horse"), salt, cheap);
    const auto c = passphrase_key(view("correct horsf"), salt, cheap);
    REQUIRE(a.ok());
    CHECK(a->size() == 32);
    CHECK(*a == *b);
    CHECK_FALSE(*a == *c);
    CHECK_FALSE(passphrase_key(view("x"), Bytes(15), cheap).ok());
    CHECK_FALSE(passphrase_key(view("x"), salt, {0, 64}).ok());
    CHECK_FALSE(passphrase_key(view("x"), salt, {65, 64}).ok());
    CHECK_FALSE(passphrase_key(view("x"), salt, {1, 0xffffffff}).ok());
}
