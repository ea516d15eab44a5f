#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "crypto/file_stream.hpp"
#include "crypto/hkdf.hpp"
#include "huecry/limits.hpp"
#include "huecry/wire/signing.hpp"
#include "photos/intake.hpp"
#include "photos/seal.hpp"
#include "support/photos.hpp"

using namespace huecry;
using namespace huecry::test;

namespace {

constexpr std::size_t header = crypto::file_header_size;
constexpr std::size_t chunk = limits::photo_chunk + crypto::file_chunk_overhead;

SecretBytes half(std::uint8_t first) {
    SecretBytes out(32);
    for (std::size_t i = 0; i < 32; ++i) out.span()[i] = static_cast<std::uint8_t>(first + i * 7);
    return out;
}
const SecretBytes& share() {
    static const SecretBytes value = half(1);
    return value;
}
const SecretBytes& secret() {
    static const SecretBytes value = half(100);
    return value;
}
Bytes pattern(std::size_t size) {
    Bytes out(size);
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 31 + i / 251);
    return out;
}
// As the receiver sees it whose relay or storage has changed the bytes, even with the digest
// fitted: the sender's device itself may lie.
Result<SecretBytes> open_refitted(BytesView ciphertext) {
    return photos::open(ciphertext, share(), secret(), sha256(ciphertext));
}
void check_tampered(BytesView ciphertext) {
    const auto opened = open_refitted(ciphertext);
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().code == Errc::photo_tampered);
}
// The key as PROTOCOL.md gives it, made here by hand.
SecretBytes documented_key() {
    Bytes both = to_bytes(share().view());
    both.insert(both.end(), secret().view().begin(), secret().view().end());
    const auto label = view("huecry/1 photo key");
    return crypto::hkdf_expand(crypto::hkdf_extract(label, both).view(), label, 32);
}

}  // namespace

TEST_CASE("a real photo is sealed and opened again") {
    const auto photo = photos::intake(read_file(photograph(Photograph::sunset)));
    REQUIRE(photo.ok());
    const auto sealed = photos::seal(photo->jpeg, share(), secret());
    REQUIRE(sealed.ok());
    CHECK(sealed->ciphertext.size() < limits::max_blob);
    CHECK(sealed->digest == sha256(sealed->ciphertext));
    CHECK_FALSE(contains(sealed->ciphertext, "JFIF"));
    const auto opened = photos::open(sealed->ciphertext, share(), secret(), sealed->digest);
    REQUIRE(opened.ok());
    CHECK(to_bytes(opened->view()) == photo->jpeg);
}

TEST_CASE("sizes around every border come back whole") {
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{2}, std::size_t{24}, std::size_t{16375}, std::size_t{16376},
          std::size_t{16377}, std::size_t{32760}, std::size_t{32768}, std::size_t{100000},
          std::size_t{1000000}}) {
        CAPTURE(size);
        const Bytes plain = pattern(size);
        const auto sealed = photos::seal(plain, share(), secret());
        REQUIRE(sealed.ok());
        const auto opened = photos::open(sealed->ciphertext, share(), secret(), sealed->digest);
        REQUIRE(opened.ok());
        CHECK(to_bytes(opened->view()) == plain);
    }
    CHECK(photos::seal({}, share(), secret()).error().code == Errc::invalid_argument);
    CHECK(photos::seal(pattern(limits::max_blob), share(), secret()).error().code ==
          Errc::photo_too_large);
    CHECK(photos::seal(pattern(9), SecretBytes(31), secret()).error().code ==
          Errc::invalid_argument);
}

TEST_CASE("Padme: few different lengths, at most 12 % longer") {
    // by hand: 9 = 0b1001, E = 3, S = 2, so the lowest bit goes
    CHECK(photos::padme(9) == 10);
    CHECK(photos::padme(8) == 8);
    CHECK(photos::padme(1000) == 1024);
    std::uint64_t different = 0;
    std::uint64_t last = 0;
    for (std::uint64_t length = 1; length < 300000; ++length) {
        const std::uint64_t padded = photos::padme(length);
        REQUIRE(padded >= length);
        REQUIRE(static_cast<double>(padded) <= static_cast<double>(length) * 1.12);
        REQUIRE(padded >= last);
        if (padded != last) ++different;
        last = padded;
    }
    CHECK(different < 500);
    const auto a = photos::seal(pattern(300001), share(), secret());
    const auto b = photos::seal(pattern(303000), share(), secret());
    REQUIRE(a.ok());
    REQUIRE(b.ok());
    CHECK(a->ciphertext.size() == b->ciphertext.size());
}

TEST_CASE("without either half, or with another, nothing opens") {
    const auto sealed = photos::seal(pattern(50000), share(), secret());
    REQUIRE(sealed.ok());
    const auto refused = [&](const SecretBytes& s, const SecretBytes& t) {
        const auto opened = photos::open(sealed->ciphertext, s, t, sealed->digest);
        return !opened.ok() && opened.error().code == Errc::photo_tampered;
    };
    CHECK(refused(half(2), secret()));
    CHECK(refused(share(), half(101)));
    CHECK(refused(secret(), share()));
    CHECK(photos::share_hash(share()) != photos::share_hash(half(2)));
    CHECK(photos::share_hash(share()) != sha256(share().view()));
    CHECK(photos::open(sealed->ciphertext, SecretBytes(), secret(), sealed->digest).error().code ==
          Errc::invalid_argument);
    // the same photo with fresh halves has nothing in common
    const auto other = photos::seal(pattern(50000), half(3), secret());
    REQUIRE(other.ok());
    CHECK(other->digest != sealed->digest);
}

TEST_CASE("a digest that does not fit is refused") {
    auto sealed = photos::seal(pattern(50000), share(), secret());
    REQUIRE(sealed.ok());
    const Digest digest = sealed->digest;
    sealed->ciphertext[30000] ^= 1;
    CHECK(photos::open(sealed->ciphertext, share(), secret(), digest).error().code ==
          Errc::photo_tampered);
}

TEST_CASE("every change is found, with the digest fitted to it") {
    const auto sealed = photos::seal(pattern(70000), share(), secret());
    REQUIRE(sealed.ok());
    const Bytes& good = sealed->ciphertext;
    REQUIRE(good.size() > header + 4 * chunk);
    REQUIRE(open_refitted(good).ok());

    check_tampered({});
    check_tampered(BytesView(good).first(header));
    for (std::size_t chunks = 1; chunks <= 4; ++chunks) {  // cut at each chunk's border
        check_tampered(BytesView(good).first(header + chunks * chunk));
    }
    for (const std::size_t cut : {std::size_t{1}, std::size_t{16}, std::size_t{17}, chunk - 1}) {
        check_tampered(BytesView(good).first(good.size() - cut));
    }
    for (const std::size_t extra : {std::size_t{1}, std::size_t{17}, chunk}) {
        Bytes longer = good;
        longer.resize(longer.size() + extra, 0);
        check_tampered(longer);
    }
    Bytes swapped = good;
    std::swap_ranges(swapped.begin() + header, swapped.begin() + header + chunk,
                     swapped.begin() + header + chunk);
    check_tampered(swapped);
    Bytes repeated = good;
    std::copy_n(good.begin() + header, chunk, repeated.begin() + header + chunk);
    check_tampered(repeated);
    for (std::size_t at = 0; at < good.size(); at += 997) {
        Bytes flipped = good;
        flipped[at] ^= 0x20;
        check_tampered(flipped);
    }
    Bytes twice = good;  // a second whole file behind the final chunk
    twice.insert(twice.end(), good.begin(), good.end());
    check_tampered(twice);
}

TEST_CASE("a plaintext that is not in the one form is refused") {
    const auto made = [](BytesView plaintext) {
        return crypto::seal_file(documented_key().view(), plaintext, limits::photo_chunk);
    };
    // control: the documented form opens: 8 + 24 bytes, no padding needed for 32
    Bytes plain(32, 7);
    std::fill_n(plain.begin(), 8, std::uint8_t{0});
    plain[7] = 24;
    const auto opened = open_refitted(made(plain));
    REQUIRE(opened.ok());
    CHECK(to_bytes(opened->view()) == Bytes(24, 7));

    for (const int length : {0, 1, 23, 25, 255}) {
        plain[7] = static_cast<std::uint8_t>(length);
        check_tampered(made(plain));
    }
    plain[7] = 24;
    plain[0] = 0xFF;  // a length near 2^64
    check_tampered(made(plain));
    check_tampered(made(Bytes(7, 0)));
    check_tampered(made({}));
    Bytes padded(36, 0);  // 8 + 25 = 33 is padded to 36
    padded[7] = 25;
    REQUIRE(photos::padme(33) == 36);
    CHECK(open_refitted(made(padded)).ok());
    padded[35] = 1;  // padding that is not zero
    check_tampered(made(padded));
}
