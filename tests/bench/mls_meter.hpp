#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "crypto/ed25519.hpp"
#include "crypto/random.hpp"
#include "huecry/result.hpp"

// How the MLS benchmark measures: CPU time of this process, a counting operator new, and the
// primitives from which each row's floor is computed.
namespace huecry::bench {

/// Of this process, in milliseconds.
[[nodiscard]] double cpu_ms();

/// What operator new hands out while one of these lives, malloc's own overhead included: what is
/// given back counts against it. Counting costs time, so nothing is timed meanwhile.
class HeapCount {
public:
    HeapCount();
    HeapCount(const HeapCount&) = delete;
    HeapCount& operator=(const HeapCount&) = delete;
    ~HeapCount();
    [[nodiscard]] std::size_t allocations() const;
    [[nodiscard]] std::size_t held() const;
    [[nodiscard]] std::size_t peak() const;
};

/// The median of `runs` calls, in milliseconds.
[[nodiscard]] double timed(int runs, const std::function<void()>& work);

/// Milliseconds of each primitive. `sign` and `verify` of 300 bytes, `hmac` of 32, `sha` of 64, the
/// last three of 1 KiB: what long messages cost besides.
struct Primitives {
    double sign = 0, verify = 0, dh = 0, derive = 0, seal = 0, open = 0, hmac = 0, sha = 0;
    double aead_kib = 0, sha256_kib = 0, sha512_kib = 0;
};
[[nodiscard]] Primitives time_primitives(crypto::Random& random);
void print(const Primitives& p);

/// A least amount of work, counted in primitives.
struct Floor {
    double sign = 0, verify = 0, derive = 0, seal = 0, open = 0, hmac = 0, sha = 0;
    double aead_kib = 0, sha256_kib = 0, sha512_kib = 0;

    /// Milliseconds; `curve_only` leaves out what is not arithmetic on curves.
    [[nodiscard]] double over(const Primitives& p, bool curve_only = false) const;
    Floor& operator+=(const Floor& other);
    friend Floor operator+(Floor a, const Floor& b) { return a += b; }
    [[nodiscard]] std::string text() const;
};

/// The machine's speed changes from second to second, and not for all instructions alike. A pace is
/// how much longer than at the time of `p` curves and hashes take right now.
class Pace {
public:
    Pace(const Primitives& p, crypto::Random& random);
    struct Factors {
        double curves = 1, rest = 1;
    };
    [[nodiscard]] Factors now() const;

private:
    const Primitives& p_;
    crypto::SigningKey key_;
    Bytes message_, signature_, point_, scalar_;
};

struct Sample {
    double ms = 0;        // median
    double multiple = 0;  // of the floor, each run by the pace around it: median
    double curve_multiple = 0;
    std::size_t peak = 0;  // bytes above what was held before
    std::size_t held = 0;  // bytes more than before
    std::size_t allocations = 0;
};
/// One run: prepares without being measured, and returns the work. One more run is counted.
using Run = std::function<std::function<void()>()>;
/// `batch`: how often the work repeats the operation; all figures are for one.
[[nodiscard]] Sample measure(const Pace& pace, const Primitives& p, const Floor& floor, int runs,
                             const Run& prepare, int batch = 1);

/// Ends the program with the error's text.
[[noreturn]] void give_up(const std::string& why);
template <class T>
T must(Result<T> r) {
    if (!r) give_up(r.error().text());
    return std::move(r).value();
}
inline void must(const Result<void>& r) {
    if (!r) give_up(r.error().text());
}

}  // namespace huecry::bench
