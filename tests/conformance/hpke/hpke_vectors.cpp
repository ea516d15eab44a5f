#include <doctest/doctest.h>

#include "conformance/hpke/rfc9180.hpp"
#include "conformance/mls/aes128gcm.hpp"
#include "crypto/hpke.hpp"
#include "unit/mls_support.hpp"

using namespace huecry;
using namespace huecry::test;

namespace {
Bytes h(const char* text) {
    Bytes out;
    REQUIRE(from_hex(text, out));
    return out;
}
}  // namespace

TEST_CASE("HPKE base mode agrees with RFC 9180") {
    for (const auto& v : hpke_vectors) {
        CAPTURE(v.aead_id);
        const auto& aead = v.aead_id == 1 ? aes128gcm() : crypto::chacha20_poly1305();
        const auto e = crypto::hpke_derive_key_pair(h(v.ikm_e));
        const auto r = crypto::hpke_derive_key_pair(h(v.ikm_r));
        CHECK(to_hex(e.private_key.view()) == v.sk_e);
        CHECK(to_hex(e.public_key) == v.pk_e);
        CHECK(to_hex(r.private_key.view()) == v.sk_r);
        CHECK(to_hex(r.public_key) == v.pk_r);
        const auto sealed =
            crypto::hpke_seal_with(aead, e, r.public_key, h(v.info), h(v.aad), h(v.pt));
        REQUIRE(sealed.has_value());
        CHECK(to_hex(sealed->kem_output) == v.enc);
        CHECK(to_hex(sealed->ciphertext) == v.ct);
        for (const bool with_public : {true, false}) {
            const auto pk = with_public ? BytesView(r.public_key) : BytesView{};
            const auto opened = crypto::hpke_open(aead, r.private_key.view(), pk, h(v.enc),
                                                  h(v.info), h(v.aad), h(v.ct));
            REQUIRE(opened.has_value());
            CHECK(to_hex(opened->view()) == v.pt);
        }
        for (const auto& x : v.exports) {
            const auto sent =
                crypto::hpke_send_export_with(aead, e, r.public_key, h(v.info), h(x.context), 32);
            REQUIRE(sent.has_value());
            CHECK(to_hex(sent->secret.view()) == x.value);
            const auto got = crypto::hpke_receive_export(aead, r.private_key.view(), r.public_key,
                                                         h(v.enc), h(v.info), h(x.context), 32);
            REQUIRE(got.has_value());
            CHECK(to_hex(got->view()) == x.value);
        }
    }
}

TEST_CASE("HPKE refuses every single-bit change and unusable keys") {
    SeededRandom random(3);
    const auto& aead = crypto::chacha20_poly1305();
    const auto r = crypto::hpke_derive_key_pair(random.secret(32).view());
    const auto info = to_bytes(view("info"));
    const auto sealed = crypto::hpke_seal(aead, random, r.public_key, info, {}, view("secret"));
    REQUIRE(sealed.has_value());
    const auto opens = [&](const Bytes& kem, const Bytes& ciphertext) {
        return crypto::hpke_open(aead, r.private_key.view(), r.public_key, kem, info, {},
                                 ciphertext)
            .has_value();
    };
    CHECK(opens(sealed->kem_output, sealed->ciphertext));
    for (std::size_t bit = 0; bit < 8 * sealed->ciphertext.size(); ++bit) {
        auto c = sealed->ciphertext;
        c[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        CHECK_FALSE(opens(sealed->kem_output, c));
    }
    for (std::size_t bit = 0; bit < 8 * 32; ++bit) {
        auto k = sealed->kem_output;
        k[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        CHECK_FALSE(opens(k, sealed->ciphertext));
    }
    // An all-zero shared secret (RFC 9180 section 7.1.4), and keys of a wrong length.
    const Bytes zero(32), small(31);
    CHECK_FALSE(crypto::hpke_seal(aead, random, zero, info, {}, view("x")).has_value());
    CHECK_FALSE(crypto::hpke_seal(aead, random, small, info, {}, view("x")).has_value());
    CHECK_FALSE(opens(zero, sealed->ciphertext));
    CHECK_FALSE(opens(small, sealed->ciphertext));
    CHECK_FALSE(opens(sealed->kem_output, {}));
}
