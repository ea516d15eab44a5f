#pragma once

#include "sim/world.hpp"

namespace huecry::sim {

/// A partnership's life by chance: people join and leave, send and answer; their devices go
/// offline, crash, lose their disks; lines and the relay fail. All of it from the world's seed.
class Life {
public:
    /// With `rogue`, a member's device also makes commits that everybody must take as void.
    explicit Life(World& world, bool rogue = false, std::size_t most_nodes = 8)
        : world_(world), chance_(world.story), rogue_(rogue), most_(most_nodes) {}
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
    void commit_wrongly();
    [[nodiscard]] bool add_wrong(mls::Group& group, Node& node, mls::CommitOptions& options);
    [[nodiscard]] Node* any();
    [[nodiscard]] Node* anyone_running();
    [[nodiscard]] Node* a_coordinator();
    void note(const std::string& what);

    World& world_;
    SeededRandom& chance_;
    bool rogue_;
    std::size_t most_;
    std::vector<std::string> diary_;
    unsigned said_ = 0;
};

}  // namespace huecry::sim
