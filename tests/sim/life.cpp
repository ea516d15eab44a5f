#include "sim/life.hpp"

#include "huecry/directory/build.hpp"

namespace huecry::sim {

void Life::note(const std::string& what) {
    diary_.push_back(std::to_string(world_.clockwork.now() / ms) + " ms: " + what);
}

void Life::live(unsigned actions) {
    for (unsigned i = 0; i < actions && world_.failures().empty(); ++i) {
        act();
        const auto pause = chance_.below(10);
        world_.run(pause < 5   ? chance_.below(200 * ms)
                   : pause < 9 ? chance_.below(5 * second)
                               : chance_.below(40 * second));
    }
}

void Life::act() {
    const auto what = chance_.below(rogue_ ? 110 : 100);
    if (what < 34) return say();
    if (what < 42) return answer();
    if (what < 54) return welcome();
    if (what < 57) return define_channel();
    if (what < 60) return change_channel();
    if (what < 63) return revoke();
    if (what < 71) return crash_client();
    if (what < 75) return stop_client();
    if (what < 83) return wake_client();
    if (what < 84) return lose_client();
    if (what < 93) return break_line();
    if (what < 100) return relay_fails();
    commit_wrongly();
}

Node* Life::any() { return &world_.node(chance_.below(world_.size())); }

Node* Life::anyone_running() {
    for (int tries = 0; tries < 4; ++tries)
        if (auto* node = any(); node->running() && node->engine().directory().known()) return node;
    return nullptr;
}

Node* Life::a_coordinator() {
    auto& founder = world_.founder();
    return founder.running() && founder.engine().directory().known() ? &founder : nullptr;
}

void Life::say() {
    auto* node = anyone_running();
    if (node == nullptr) return;
    const auto channels = node->engine().directory().state().channels_of(node->id());
    if (channels.empty()) return;
    const auto& channel = channels[chance_.below(channels.size())];
    std::optional<std::chrono::seconds> expiry;
    if (chance_.chance(15)) expiry = std::chrono::seconds(chance_.between(5, 120));
    const auto sent =
        node->send(channel, "alert " + std::to_string(++said_), expiry, chance_.chance(5));
    note("n" + std::to_string(node->number()) + " says " +
         (sent ? sent->short_hex() : sent.error().text()));
    if (sent) world_.witness().sent_alert(*node, channel, *sent);
}

void Life::answer() {
    auto* node = anyone_running();
    if (node == nullptr) return;
    const auto alerts = node->projection().alerts();
    if (alerts.empty()) return;
    const auto& alert = alerts[chance_.below(alerts.size())];
    const auto done = node->respond(alert.id, Answer::coming);
    note("n" + std::to_string(node->number()) + " answers " + alert.id.short_hex() +
         (done ? "" : ": " + done.error().text()));
}

void Life::welcome() {
    auto* by = a_coordinator();
    if (by == nullptr || world_.size() >= most_) return;
    World::Invitation invitation;
    invitation.role = chance_.chance(70) ? directory::Role::retailer : directory::Role::security;
    note("an invite");
    world_.begin_join(*by, invitation);
}

void Life::define_channel() {
    auto* by = a_coordinator();
    if (by == nullptr || by->engine().directory().state().channels().size() >= 3) return;
    const auto roles =
        chance_.chance(50)
            ? directory::every_role
            : static_cast<directory::RoleMask>(directory::bit(directory::Role::coordinator) |
                                               directory::bit(directory::Role::security));
    note("a channel");
    by->engine().submit_statement(directory::ChannelDefined{world_.channel(*by, roles)},
                                  [](const Result<std::uint64_t>&) {});
}

void Life::change_channel() {
    auto* by = a_coordinator();
    if (by == nullptr) return;
    for (const auto& [id, record] : by->engine().directory().state().channels()) {
        if (record.settings.all_members) continue;
        auto changed = record.settings;
        const auto retailer = directory::bit(directory::Role::retailer);
        changed.read_roles = static_cast<directory::RoleMask>(changed.read_roles ^ retailer);
        changed.post_roles = changed.read_roles;
        note("a channel's roles change");
        by->engine().submit_statement(directory::ChannelChanged{changed},
                                      [](const Result<std::uint64_t>&) {});
        return;
    }
}

void Life::revoke() {
    auto* by = a_coordinator();
    auto* whom = any();
    if (by == nullptr || whom == &world_.founder()) return;
    note("n" + std::to_string(whom->number()) + " is revoked");
    by->engine().submit_statement(directory::DeviceRevoked{whom->id()},
                                  [](const Result<std::uint64_t>&) {});
}

void Life::crash_client() {
    auto* node = any();
    if (!node->running()) return;
    if (chance_.chance(40)) {
        note("n" + std::to_string(node->number()) + " is killed");
        node->crash();
    } else {
        const auto n = chance_.between(1, 12);
        note("n" + std::to_string(node->number()) + " will be killed at write " +
             std::to_string(n));
        node->crash_at_write(n);
    }
    // Most are back soon.
    if (chance_.chance(70))
        world_.clockwork.at(chance_.between(100 * ms, 10 * second),
                            [this, node] { world_.restart(*node); });
}

void Life::stop_client() {
    auto* node = any();
    note("n" + std::to_string(node->number()) + " closes");
    node->stop();
}

void Life::wake_client() {
    for (std::size_t i = 0; i < world_.size(); ++i) {
        auto& node = world_.node(i);
        if (node.running() || node.lost()) continue;
        note("n" + std::to_string(i) + " opens");
        world_.restart(node);
        if (chance_.chance(50)) return;
    }
}

void Life::lose_client() {
    auto* node = any();
    auto* by = a_coordinator();
    if (node == &world_.founder() || by == nullptr || node->lost()) return;
    note("n" + std::to_string(node->number()) + " loses its disk");
    node->lose_state();
    by->engine().submit_statement(directory::DeviceRevoked{node->id()},
                                  [](const Result<std::uint64_t>&) {});
}

void Life::break_line() {
    auto* node = any();
    const auto who = "n" + std::to_string(node->number());
    switch (chance_.below(4)) {
        case 0:
            note(who + ": the line breaks");
            node->cut(chance_.below(2 * second), chance_.below(90 * second));
            return;
        case 1:
            note(who + ": no line for a while");
            node->line.cut = true;
            node->cut(chance_.below(second), chance_.below(30 * second));
            world_.clockwork.at(chance_.below(60 * second), [node] { node->line.cut = false; });
            return;
        case 2:
            note(who + ": the line stands still");
            node->stall();
            world_.clockwork.at(chance_.below(30 * second), [node] { node->resume(); });
            return;
        default:
            node->line.latency_max = chance_.between(2 * ms, 3 * second);
            note(who + ": latency up to " + std::to_string(node->line.latency_max / ms));
            return;
    }
}

void Life::relay_fails() {
    auto& relay = world_.relay();
    if (!relay.up()) return;
    note("the relay is killed");
    relay.crash(chance_.chance(50));
    world_.clockwork.at(chance_.below(8 * second), [this] {
        if (!world_.relay().start())
            world_.witness().fail("the relay does not start again: " + world_.relay().trouble());
        world_.witness().audit();
    });
}

}  // namespace huecry::sim
