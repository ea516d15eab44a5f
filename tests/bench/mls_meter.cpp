#include "bench/mls_meter.hpp"

#include <malloc.h>
#include <sodium.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "crypto/hash.hpp"
#include "crypto/hmac.hpp"
#include "crypto/x25519.hpp"
#include "mls/cipher_suite.hpp"

namespace {
// Constant-initialised: operator new may run before main. Signed, because memory that was taken
// before the counting may be given back during it.
struct {
    bool on = false;
    std::size_t allocations = 0;
    std::ptrdiff_t live = 0, peak = 0;
} counted;

std::ptrdiff_t size_of(void* p) { return static_cast<std::ptrdiff_t>(malloc_usable_size(p) + 8); }
}  // namespace

void* operator new(std::size_t n) {
    void* p = std::malloc(n == 0 ? 1 : n);
    if (p == nullptr) throw std::bad_alloc();
    if (counted.on) {
        ++counted.allocations;
        counted.live += size_of(p);
        counted.peak = std::max(counted.peak, counted.live);
    }
    return p;
}
void operator delete(void* p) noexcept {
    if (counted.on && p != nullptr) counted.live -= size_of(p);
    std::free(p);
}
void operator delete(void* p, std::size_t) noexcept { operator delete(p); }

namespace huecry::bench {

double cpu_ms() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

HeapCount::HeapCount() { counted = {.on = true, .allocations = 0, .live = 0, .peak = 0}; }
HeapCount::~HeapCount() { counted.on = false; }
std::size_t HeapCount::allocations() const { return counted.allocations; }
std::size_t HeapCount::held() const {
    return static_cast<std::size_t>(std::max<std::ptrdiff_t>(counted.live, 0));
}
std::size_t HeapCount::peak() const { return static_cast<std::size_t>(counted.peak); }

namespace {
double median(std::vector<double> all) {
    std::ranges::sort(all);
    return all[all.size() / 2];
}
}  // namespace

double timed(int runs, const std::function<void()>& work) {
    std::vector<double> all;
    for (int i = 0; i < runs; ++i) {
        const auto begin = cpu_ms();
        work();
        all.push_back(cpu_ms() - begin);
    }
    return median(std::move(all));
}

void give_up(const std::string& why) {
    std::fprintf(stderr, "mls_bench: %s\n", why.c_str());
    std::exit(1);
}

Primitives time_primitives(crypto::Random& random) {
    const auto& suite = mls::chacha20_suite();
    const auto key = crypto::SigningKey::generate(random);
    const auto message = random.bytes(300);
    const auto signature = key.sign(message);
    const auto pair = suite.derive_key_pair(random.secret(32).view());
    const auto info = random.bytes(150);
    const auto sealed = suite.seal(random, pair.public_key, info, Bytes(32));
    const auto block = random.bytes(64), hash = random.bytes(32), kib = random.bytes(1024),
               k32 = random.bytes(32), n12 = random.bytes(12);
    Primitives p;
    struct Timer {
        double Primitives::* field;
        int times;
        std::function<void()> work;
        std::vector<double> all{};
    };
    std::array<std::uint8_t, crypto_hash_sha512_BYTES> sha512{};
    std::vector<Timer> timers{
        {&Primitives::sign, 40, [&] { (void)key.sign(message); }},
        {&Primitives::verify, 20,
         [&] { (void)suite.verify(key.public_key(), message, signature); }},
        {&Primitives::dh, 20,
         [&] { (void)crypto::x25519(pair.private_key.view(), pair.public_key); }},
        {&Primitives::derive, 20, [&] { (void)suite.derive_key_pair(k32); }},
        {&Primitives::seal, 10, [&] { (void)suite.seal(random, pair.public_key, info, k32); }},
        {&Primitives::open, 20,
         [&] {
             (void)suite.open(pair.private_key.view(), pair.public_key, sealed->kem_output, info,
                              sealed->ciphertext);
         }},
        {&Primitives::hmac, 500, [&] { (void)crypto::hmac_sha256(k32, hash); }},
        {&Primitives::sha, 1000, [&] { (void)crypto::sha256(block); }},
        {&Primitives::aead_kib, 500, [&] { (void)suite.aead().seal(k32, n12, {}, kib); }},
        {&Primitives::sha256_kib, 200, [&] { (void)crypto::sha256(kib); }},
        {&Primitives::sha512_kib, 200,
         [&] { crypto_hash_sha512(sha512.data(), kib.data(), kib.size()); }},
    };
    // In turns, so that a slow moment meets all of them.
    for (int round = 0; round < 25; ++round)
        for (auto& t : timers)
            t.all.push_back(timed(1,
                                  [&] {
                                      for (int i = 0; i < t.times; ++i) t.work();
                                  }) /
                            t.times);
    for (auto& t : timers) p.*t.field = median(std::move(t.all));
    return p;
}

void print(const Primitives& p) {
    std::printf(
        "primitives, us: sign %.1f  verify %.1f  X25519 %.1f  DeriveKeyPair %.1f  HPKE seal %.1f  "
        "open %.1f  HMAC %.2f  SHA-256(64) %.2f\n"
        "          of 1 KiB: AEAD %.2f  SHA-256 %.2f  SHA-512 %.2f\n",
        p.sign * 1e3, p.verify * 1e3, p.dh * 1e3, p.derive * 1e3, p.seal * 1e3, p.open * 1e3,
        p.hmac * 1e3, p.sha * 1e3, p.aead_kib * 1e3, p.sha256_kib * 1e3, p.sha512_kib * 1e3);
}

double Floor::over(const Primitives& p, bool curve_only) const {
    const auto curves =
        sign * p.sign + verify * p.verify + derive * p.derive + seal * p.seal + open * p.open;
    if (curve_only) return curves;
    return curves + hmac * p.hmac + sha * p.sha + aead_kib * p.aead_kib +
           sha256_kib * p.sha256_kib + sha512_kib * p.sha512_kib;
}

Floor& Floor::operator+=(const Floor& o) {
    sign += o.sign;
    verify += o.verify;
    derive += o.derive;
    seal += o.seal;
    open += o.open;
    hmac += o.hmac;
    sha += o.sha;
    aead_kib += o.aead_kib;
    sha256_kib += o.sha256_kib;
    sha512_kib += o.sha512_kib;
    return *this;
}

std::string Floor::text() const {
    std::string out;
    const auto add = [&](double n, const char* what) {
        if (n == 0) return;
        char buffer[48];
        std::snprintf(buffer, sizeof buffer, "%s%.3g %s", out.empty() ? "" : " + ", n, what);
        out += buffer;
    };
    add(sign, "sign");
    add(verify, "verify");
    add(seal, "seal");
    add(open, "open");
    add(derive, "DeriveKeyPair");
    add(hmac, "HMAC");
    add(sha, "SHA-256(64)");
    add(aead_kib, "KiB AEAD");
    add(sha256_kib, "KiB SHA-256");
    add(sha512_kib, "KiB SHA-512");
    return out;
}

Pace::Pace(const Primitives& p, crypto::Random& random)
    : p_(p),
      key_(crypto::SigningKey::generate(random)),
      message_(random.bytes(300)),
      signature_(key_.sign(message_)),
      point_(crypto::x25519_public(random.bytes(32))),
      scalar_(random.bytes(32)) {}

Pace::Factors Pace::now() const {
    const auto curves = timed(3, [&] {
        for (int i = 0; i < 3; ++i)
            (void)mls::chacha20_suite().verify(key_.public_key(), message_, signature_);
        for (int i = 0; i < 3; ++i) (void)crypto::x25519(scalar_, point_);
    });
    constexpr int hashes = 150;
    const auto rest = timed(3, [&] {
        for (int i = 0; i < hashes; ++i) (void)crypto::hmac_sha256(scalar_, point_);
    });
    return {curves / (3 * p_.verify + 3 * p_.dh), rest / (hashes * p_.hmac)};
}

Sample measure(const Pace& pace, const Primitives& p, const Floor& floor, int runs,
               const Run& prepare, int batch) {
    const auto curves = floor.over(p, true), rest = floor.over(p) - curves;
    std::vector<double> ms, multiple, curve_multiple;
    Sample out;
    for (int i = 0; i < runs; ++i) {
        auto work = prepare();
        const auto before = pace.now();
        const auto begin = cpu_ms();
        work();
        const auto took = (cpu_ms() - begin) / batch;
        const auto after = pace.now();
        const auto now_curves = curves * (before.curves + after.curves) / 2;
        const auto now_rest = rest * (before.rest + after.rest) / 2;
        ms.push_back(took);
        multiple.push_back(curves + rest > 0 ? took / (now_curves + now_rest) : 0);
        curve_multiple.push_back(curves > 0 ? took / now_curves : 0);
    }
    {
        auto work = prepare();
        const HeapCount count;
        work();
        out.allocations = count.allocations() / static_cast<std::size_t>(batch);
        out.peak = count.peak();
        out.held = count.held();
    }
    out.ms = median(std::move(ms));
    out.multiple = median(std::move(multiple));
    out.curve_multiple = median(std::move(curve_multiple));
    return out;
}

}  // namespace huecry::bench
