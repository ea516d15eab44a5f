#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>

#include "fault/shim_control.hpp"

namespace huecry::fault {

/// The test's side of shim.cpp. The file is made in `folder` and goes with it.
class Shim {
public:
    explicit Shim(const std::filesystem::path& folder);
    ~Shim();
    Shim(const Shim&) = delete;
    Shim& operator=(const Shim&) = delete;

    /// For the program that is to be started.
    [[nodiscard]] std::map<std::string, std::string> environment() const;

    void fail_writes(int error) { control_->write_error = error; }
    void fail_syncs(int error) { control_->sync_error = error; }
    [[nodiscard]] std::uint64_t failed() const { return control_->failed; }
    void heal() {
        fail_writes(0);
        fail_syncs(0);
    }
    /// The program kills itself at its n-th step from now; 0: it does not.
    void die_at(std::int64_t n) { control_->steps_to_live = n; }
    [[nodiscard]] std::int64_t steps_to_live() const { return control_->steps_to_live; }
    void hold_syncs();
    /// Until a sync has come to wait; false when none has in time.
    [[nodiscard]] bool wait_for_sync(std::chrono::seconds longest = std::chrono::seconds(20));
    void release_syncs();
    /// The wall clock alone.
    void jump(std::chrono::milliseconds by) { control_->wall_ms += by.count(); }
    /// Both clocks: time that has passed.
    void pass(std::chrono::milliseconds by) {
        control_->steady_ms += by.count();
        control_->wall_ms += by.count();
    }

private:
    std::filesystem::path file_;
    ShimControl* control_ = nullptr;
};

}  // namespace huecry::fault
