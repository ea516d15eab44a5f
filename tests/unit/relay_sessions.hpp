#pragma once

#include <map>

#include "relay_world.hpp"
#include "support/relay_tape.hpp"

// Sessions of real clients with a relay, from fixed seeds: for the vectors in proto/vectors, and as
// seeds for the fuzz targets.
namespace huecry::relay::test {

/// Writes down what the clients of a world do. Connections are numbered as they open, anew in each
/// section; exporter and nonce of number n are bytes n + 1.
class Recorder final : public Scribe {
public:
    std::array<std::uint8_t, 32> exporter() override;
    void opened(ConnectionId connection) override;
    void sent(ConnectionId connection, const std::string& frame) override;
    void flushed() override;
    void closed(ConnectionId connection) override;
    std::optional<Bytes> nonce() override;
    void passed(std::uint64_t ms);
    /// All steps since the last call.
    std::vector<huecry::test::TapeStep> cut();

private:
    std::vector<huecry::test::TapeStep> steps_;
    std::map<ConnectionId, unsigned> numbers_;
    unsigned next_ = 0;
};

struct Sessions {
    Bytes relay_seed;
    Bytes member_seed;  // the shop's device
    std::uint64_t time_ms = 0;
    /// A partnership with a founder, a shop and a guard, one channel; everybody has hung up.
    std::vector<huecry::test::TapeStep> town;
    /// Each goes on from there.
    std::map<std::string, std::vector<huecry::test::TapeStep>> more;

    static Sessions record();
    /// One after the other, with what the relay of this build answers.
    [[nodiscard]] huecry::test::Tape tape(Store& store, const std::string& folder) const;
};

}  // namespace huecry::relay::test
