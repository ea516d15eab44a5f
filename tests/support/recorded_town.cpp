#include "support/recorded_town.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace huecry::test {
namespace {

/// Where all three have hung up the first time.
std::size_t end_of_town(const std::vector<TapeStep>& steps) {
    unsigned closed = 0;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        closed = steps[i].kind == TapeStep::Kind::close ? closed + 1 : 0;
        if (closed == 3) return i + 1;
    }
    throw std::runtime_error("no town in the recorded sessions");
}

}  // namespace

RecordedTown::RecordedTown(const std::string& sessions, const std::string& folder) {
    if (!initialise_crypto()) throw std::runtime_error("libsodium");
    std::ifstream in(sessions, std::ios::binary);
    tape_ = Tape::from_text({std::istreambuf_iterator<char>(in), {}});
    const auto end = end_of_town(tape_.steps);
    TapePlayer player(store_, folder, tape_.relay_seed, tape_.time_ms);
    for (std::size_t i = 0; i < end; ++i) (void)player.play(tape_.steps[i]);
    constexpr std::uint64_t pause_ms = 2000;
    (void)player.play({.kind = TapeStep::Kind::pass, .ms = pause_ms});
    (void)player.play({TapeStep::Kind::commit});
    time_ms_ = tape_.time_ms + pause_ms;
    const auto known = store_.partnerships();
    if (!known || known->size() != 1) throw std::runtime_error("the town is not there");
    partnership_ = known->front();
}

}  // namespace huecry::test
