#pragma once

#include "sim/world.hpp"

namespace huecry::sim {

/// A partnership's life by chance: people join and leave, send and answer; their devices go
/// offline, crash, lose their disks; lines and the relay fail. All of it from the world's seed.
class Life {
public:
    explicit Life(World& world) : world_(world), chance_(world.story) {}
    /// So many things happen, with time between them.
    void live(unsigned actions);
    /// What happened, for reading a failure.
    [[nodiscard]] const std::vector<std::string>& diary() const { return diary_; }

private:
    void act();
    void say();
    void answer();
    void welcome();
    void define_channel();
    void change_channel();
    void revoke();
    void crash_client();
    void stop_client();
    void wake_client();
    void lose_client();
    void break_line();
    void relay_fails();
    [[nodiscard]] Node* any();
    [[nodiscard]] Node* anyone_running();
    [[nodiscard]] Node* a_coordinator();
    void note(const std::string& what);

    World& world_;
    SeededRandom& chance_;
    std::vector<std::string> diary_;
    unsigned said_ = 0;
};

}  // namespace huecry::sim
