#include "sim/run_seed.hpp"

namespace huecry::sim {

Outcome run_seed(const Run& run) {
    World::Options options;
    options.seed = run.seed;
    options.real_store = run.seed % 10 == 0;
    options.wrong_clocks = run.seed % 3 == 0;
    options.wrap = run.wrap;
    options.tamper = run.tamper;
    World world(std::move(options));
    world.witness().keep_notes(run.keep_notes);
    Life life(world, run.seed % 4 == 1, run.seed % 8 == 7 ? 8 : 5);
    Outcome out;
    out.seed = run.seed;
    if (world.failures().empty()) {
        world.run(second);
        // Mostly small: what goes wrong between two goes wrong between eight, and sooner.
        const bool large = run.seed % 8 == 7;
        for (auto n = world.story.between(1, large ? 3 : 2); n > 0; --n)
            world.begin_join(world.founder(), {});
        world.run(2 * second);
        life.live(static_cast<unsigned>(large ? world.story.between(30, 60)
                                              : world.story.between(6, 20)));
        if (world.failures().empty()) (void)world.quiet();
    }
    out.failures = world.failures();
    out.diary = life.diary();
    out.notes = world.witness().notes();
    out.trace = world.witness().trace_hash();
    out.counts = world.witness().counts();
    return out;
}

std::string describe(const Outcome& outcome) {
    std::string out = "seed " + std::to_string(outcome.seed) +
                      " fails; again with HUECRY_SIM_SEED=" + std::to_string(outcome.seed) + "\n";
    for (const auto& line : outcome.diary) out += "    " + line + "\n";
    for (const auto& line : outcome.notes) out += "  | " + line + "\n";
    for (const auto& line : outcome.failures) out += "  ! " + line + "\n";
    return out;
}

}  // namespace huecry::sim
