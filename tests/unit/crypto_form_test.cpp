#include <doctest/doctest.h>

#include <numeric>
#include <stdexcept>

#include "crypto/aead.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/file_stream.hpp"
#include "crypto/hpke.hpp"
#include "crypto/passphrase.hpp"
#include "crypto/random.hpp"
#include "crypto/x25519.hpp"

// Official examples of the two primitives that other tests only use, and what none of them takes.
using namespace huecry;
using namespace huecry::crypto;

namespace {
Bytes h(std::string_view text) {
    Bytes out;
    REQUIRE(from_hex(text, out));
    return out;
}
}  // namespace

TEST_CASE("X25519 agrees with RFC 7748 and refuses points of small order") {
    const auto scalar = h("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    const auto point = h("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    const auto product = x25519(scalar, point);
    REQUIRE(product.has_value());
    CHECK(to_hex(product->view()) ==
          "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    // 0, 1 and the point of order 8: the secret would be zero, whatever the key.
    Bytes zero(32), one(32);
    one[0] = 1;
    for (const auto& bad :
         {zero, one, h("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")}) {
        CHECK_FALSE(x25519(scalar, bad).has_value());
        SystemRandom random;
        CHECK_FALSE(
            hpke_seal(chacha20_poly1305(), random, bad, {}, {}, view("secret")).has_value());
        CHECK_FALSE(
            hpke_open(chacha20_poly1305(), scalar, point, bad, {}, {}, Bytes(48)).has_value());
        CHECK_FALSE(hpke_send_export(chacha20_poly1305(), random, bad, {}, view("context"), 32)
                        .has_value());
    }
    CHECK_FALSE(x25519(BytesView(scalar).first(31), point).has_value());
    CHECK_FALSE(x25519(scalar, BytesView(point).first(31)).has_value());
    CHECK_THROWS_AS((void)x25519_public(BytesView(scalar).first(31)), std::invalid_argument);
    CHECK_FALSE(
        hpke_open(chacha20_poly1305(), BytesView(scalar).first(31), point, point, {}, {}, Bytes(48))
            .has_value());
}

TEST_CASE("ChaCha20-Poly1305 agrees with RFC 8439; a key of another size is a bug") {
    const auto& aead = chacha20_poly1305();
    Bytes key(32);
    std::iota(key.begin(), key.end(), std::uint8_t{0x80});
    const auto nonce = h("070000004041424344454647"), aad = h("50515253c0c1c2c3c4c5c6c7");
    const auto plain = to_bytes(
        view("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
             "future, sunscreen would be it."));
    const auto sealed = aead.seal(key, nonce, aad, plain);
    REQUIRE(sealed.size() == plain.size() + aead.tag_size());
    CHECK(to_hex(BytesView(sealed).first(16)) == "d31a8d34648e60db7b86afbc53ef7ec2");
    CHECK(to_hex(BytesView(sealed).last(16)) == "1ae10b594f09e26a7e902ecbd0600691");
    const auto opened = aead.open(key, nonce, aad, sealed);
    REQUIRE(opened.has_value());
    CHECK(to_bytes(opened->view()) == plain);
    for (std::size_t n = 0; n < aead.tag_size(); ++n)
        CHECK_FALSE(aead.open(key, nonce, aad, BytesView(sealed).first(n)).has_value());
    CHECK_FALSE(aead.open(key, nonce, {}, sealed).has_value());
    CHECK_THROWS_AS((void)aead.seal(BytesView(key).first(31), nonce, aad, plain),
                    std::invalid_argument);
    CHECK_THROWS_AS((void)aead.open(key, BytesView(nonce).first(11), aad, sealed),
                    std::invalid_argument);
    // Nothing at all is a plaintext too.
    const auto empty = aead.seal(key, nonce, aad, {});
    CHECK(empty.size() == aead.tag_size());
    CHECK(aead.open(key, nonce, aad, empty)->empty());
}

TEST_CASE("a stream ends with its last chunk and after the first that is wrong") {
    SystemRandom random;
    const auto key = random.bytes(file_key_size);
    FileSealer sealer(key);
    const auto first = sealer.seal_chunk(view("one"), false),
               last = sealer.seal_chunk(view("two"), true);
    {
        FileOpener opener(key, sealer.header());
        CHECK_FALSE(opener.complete());
        CHECK(opener.open_chunk(first).ok());
        CHECK(opener.open_chunk(last).ok());
        CHECK(opener.complete());
        CHECK(opener.open_chunk(last).error().code == Errc::photo_tampered);
    }
    {
        FileOpener opener(key, sealer.header());
        CHECK_FALSE(opener.open_chunk(last).ok());
        CHECK_FALSE(opener.open_chunk(first).ok());
    }
    FileOpener short_key(BytesView(key).first(31), sealer.header());
    CHECK_FALSE(short_key.open_chunk(first).ok());
    FileOpener short_header(key, sealer.header().first(23));
    CHECK_FALSE(short_header.open_chunk(first).ok());
    FileOpener short_chunk(key, sealer.header());
    CHECK_FALSE(short_chunk.open_chunk(BytesView(first).first(16)).ok());
    CHECK_THROWS_AS(FileSealer{BytesView(key).first(31)}, std::invalid_argument);
    CHECK_THROWS_AS((void)seal_file(key, {}, 0), std::invalid_argument);
    CHECK_THROWS_AS((void)open_file(key, {}, 0), std::invalid_argument);
}

TEST_CASE("keys that are not there, and costs that are too small") {
    CHECK(SigningKey().empty());
    CHECK(SigningKey().seed().empty());
    SystemRandom random;
    CHECK_FALSE(SigningKey::generate(random).empty());
    CHECK(random.bytes(0).empty());
    CHECK(random.bytes(32) != random.bytes(32));
    const Bytes salt(passphrase_salt_size, 7);
    CHECK(passphrase_key(view("x"), salt, {1, 7}).error().code == Errc::invalid_argument);
}
