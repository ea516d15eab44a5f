#pragma once

#include <doctest/doctest.h>

#include <fstream>

#include "e2e/relay_process.hpp"
#include "huecry/limits.hpp"
#include "huecry/result.hpp"

// One relay that everything hostile is thrown at, with the limits that it has by default. After
// each input a member is still served, and the relay has not grown.
namespace huecry::test {

class HostileWorld {
public:
    HostileWorld()
        : relay_(folder_.path() / "relay"),
          founded_(found_partnership(relay_)),
          before_kib_(resident_kib()) {}
    [[nodiscard]] RelayProcess& relay() { return relay_; }
    [[nodiscard]] const Caller& member() const { return founded_.device; }
    /// A member that is let in.
    [[nodiscard]] std::unique_ptr<WireClient> inside() {
        auto out = std::make_unique<WireClient>(relay_.port());
        if (!founded_.device.enter(*out)) throw std::runtime_error("a member was refused");
        return out;
    }

    /// To be called after each input.
    void unharmed() {
        CHECK_NOTHROW((void)inside());
        CHECK(resident_kib() < before_kib_ + may_grow_kib);
    }
    [[nodiscard]] double resident_kib() {
        std::ifstream status("/proc/" + std::to_string(relay_.process().id()) + "/status");
        for (std::string line; std::getline(status, line);)
            if (line.starts_with("VmRSS:")) return std::stod(line.substr(6));
        return 0;
    }
    /// The value of one metric; 0 when it is not there yet.
    [[nodiscard]] double metric(const std::string& name) {
        const auto page = relay_.admin("/metrics").body;
        const auto at = page.find("\nhuecry_relay_" + name + " ");
        return at == std::string::npos ? 0 : std::stod(page.substr(page.find(' ', at) + 1));
    }

private:
#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
    static constexpr double shadows = 8;  // a sanitizer's memory grows with ours, several times
#else
    static constexpr double shadows = 1;
#endif
#else
    static constexpr double shadows = 1;
#endif
    static constexpr double may_grow_kib = shadows * 48 * 1024;
    TemporaryDirectory folder_;
    RelayProcess relay_;
    Founded founded_;
    double before_kib_;
};

/// The same for all cases of this program.
inline HostileWorld& hostile_world() {
    static HostileWorld world;
    return world;
}

/// Reads to the end of the connection; the code that it was closed with, 0 without one.
inline unsigned end_of(WireClient& client) {
    while (client.receive_message()) {
    }
    return client.close_code();
}

inline unsigned closed_with(Errc code) { return 4000 + static_cast<unsigned>(code); }

}  // namespace huecry::test
