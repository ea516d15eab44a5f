#include "bench/fanout/world.hpp"

#include "bench/fanout/huecry_side.hpp"
#include "bench/fanout/mosquitto_side.hpp"

namespace huecry::bench {

Pair::Pair(World& world, const Plan& plan) : world_(world) {
    sides_[0] =
        std::make_unique<HuecrySide>(world.io, world.tls, plan, folder_.path(), world.cores);
    if (world.options.alone) return;
    const auto folder = folder_.path() / "mosquitto";
    std::filesystem::create_directory(folder);
    for (const char* file : {"certificate.pem", "certificate.key"})
        std::filesystem::copy_file(folder_.path() / "relay" / file, folder / file);
    sides_[1] = std::make_unique<MosquittoSide>(world.io, world.tls, plan, folder, world.cores);
}

void Pair::each(const std::function<void(Side& side, std::size_t which)>& once) {
    for (std::size_t which = 0; which < sides_.size(); ++which)
        if (sides_[which]) once(*sides_[which], which);
}

void Pair::rounds(std::size_t count,
                  const std::function<void(Side& side, std::size_t which)>& measure) {
    for (std::size_t round = 0; round < count; ++round)
        for (std::size_t turn = 0; turn < sides_.size(); ++turn) {
            const auto which = (round + turn) % sides_.size();
            if (sides_[which]) measure(*sides_[which], which);
        }
}

void post_all(Side& side, std::size_t count, std::size_t window, bool lone) {
    const auto& plan = side.plan();
    const auto readers = plan.by_poster ? plan.readers : plan.readers_of_a_channel();
    const auto before = side.ledger().count();
    std::size_t posted = 0;
    std::size_t accepted = 0;
    const auto post = [&](std::size_t poster) {
        if (posted == count) return;
        side.post(poster, posted % plan.channels);
        ++posted;
    };
    const auto delivered = [&] { return side.ledger().count() - before; };
    side.on_accepted = [&](std::size_t poster) {
        ++accepted;
        if (!lone) post(poster);
    };
    for (std::size_t i = 0; i < window; ++i)
        for (std::size_t poster = 0; poster < plan.posters; ++poster) post(poster);
    side.run_until(
        [&] {
            if (lone && accepted == posted && delivered() == posted * readers) post(0);
            return accepted == count && delivered() == count * readers;
        },
        std::chrono::seconds(30));
    side.on_accepted = [](std::size_t) {};
}

}  // namespace huecry::bench
