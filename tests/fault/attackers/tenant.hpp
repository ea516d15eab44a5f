#pragma once

#include <atomic>
#include <thread>

#include "fault/raw_session.hpp"

namespace huecry::fault {

/// A partnership whose members all post ten times as much as their rate allows, on a thread of its
/// own, while this lives. What is refused is tried again at once, as no client of ours would.
class Tenant {
public:
    Tenant(const test::RelayProcess& relay, const RawTown& town);
    ~Tenant();
    Tenant(const Tenant&) = delete;
    Tenant& operator=(const Tenant&) = delete;

    [[nodiscard]] std::uint64_t accepted() const { return accepted_; }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }

private:
    void post_all();

    const test::RelayProcess& relay_;
    const RawTown& town_;
    std::atomic<bool> over_ = false;
    std::atomic<std::uint64_t> accepted_ = 0, refused_ = 0;
    std::thread thread_;
};

}  // namespace huecry::fault
