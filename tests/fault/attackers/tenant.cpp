#include "fault/attackers/tenant.hpp"

#include <poll.h>

#include "huecry/limits.hpp"

namespace huecry::fault {
namespace {

constexpr auto times = 10;
constexpr std::uint64_t life_ms = 600'000;

}  // namespace

Tenant::Tenant(const test::RelayProcess& relay, const RawTown& town)
    : relay_(relay), town_(town), thread_([this] { post_all(); }) {}

Tenant::~Tenant() {
    over_ = true;
    thread_.join();
}

void Tenant::post_all() {
    std::vector<std::unique_ptr<RawSession>> members(town_.devices().size());
    std::vector<std::uint64_t> requests(members.size());
    constexpr auto pause = 60'000 / (times * limits::submissions_per_minute);
    while (!over_) {
        for (std::size_t i = 0; i < members.size(); ++i) {
            auto& member = members[i];
            // Thrown out for asking on, it comes back.
            if (!member)
                member = std::make_unique<RawSession>(relay_.port(), town_, town_.devices()[i]);
            requests[i] =
                member->send(town_.message(fresh_id<MessageId>(), life_ms, fresh_bytes(1024)));
        }
        for (std::size_t i = 0; i < members.size(); ++i) {
            const auto answer = members[i]->answer(requests[i]);
            if (!answer) {
                members[i].reset();
            } else {
                ++(answer->has_submit_result() ? accepted_ : refused_);
            }
        }
        poll(nullptr, 0, static_cast<int>(pause));
    }
}

}  // namespace huecry::fault
