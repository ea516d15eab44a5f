#pragma once

#include <boost/json/value.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/process.hpp"
#include "support/temporary_directory.hpp"

// A relay and people with profiles, all of them the real programs on real sockets.
namespace huecry::test {

namespace json = boost::json;

/// One person's device: a profile folder of its own.
struct Person {
    std::string name;
    std::filesystem::path profile;
    /// Added to every command's environment, e.g. a shifted clock.
    std::map<std::string, std::string> environment{};
};

class Town {
public:
    using Words = std::vector<std::string>;

    explicit Town(Words relay_options = {});
    ~Town();
    Town(const Town&) = delete;
    Town& operator=(const Town&) = delete;

    /// With the relay's address and key.
    [[nodiscard]] const std::string& address() const { return address_; }
    [[nodiscard]] Process& relay() { return *relay_; }
    [[nodiscard]] std::string metrics_address() const { return admin_; }
    [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
    [[nodiscard]] std::filesystem::path relay_data() const { return folder_.path() / "relay"; }
    /// Starts the relay again on the same port and data.
    void start_relay();
    void kill_relay();

    /// A profile that does not exist yet.
    [[nodiscard]] Person person(const std::string& name);
    [[nodiscard]] Process::Options command(const Person& who, const Words& words) const;
    /// Runs to the end, whatever comes of it.
    [[nodiscard]] Finished run(const Person& who, const Words& words,
                               const std::string& input = {}) const;
    /// Runs with --json and checks that it exits with 0 (or as said).
    json::value json_of(const Person& who, const Words& words, int code = 0) const;
    /// The same without looking at what it says.
    void must(const Person& who, const Words& words) const;
    /// `listen --json`, in the background.
    [[nodiscard]] std::unique_ptr<Process> listen(const Person& who, const Words& more = {}) const;

    /// A partnership with its coordinator; the town's usual channel is `town`.
    Person found(const std::string& name = "Riverside");
    /// Invites in person and joins; returns when the newcomer can read `town`, if someone listens.
    Person admit(const Person& coordinator, const std::string& name, const std::string& role);
    [[nodiscard]] std::string invite(const Person& coordinator, const std::string& name,
                                     const std::string& role, const Words& more = {}) const;
    /// Polls an inbox by commands until it holds as many alerts, and returns them.
    [[nodiscard]] json::array inbox(const Person& who) const;

private:
    TemporaryDirectory folder_;
    Words relay_options_;
    std::string address_, admin_;
    int port_ = 0;
    std::unique_ptr<Process> relay_;
};

/// The next event of this kind from `listen --json`; fails the test when none comes.
json::object next_event(Process& listener, const std::string& kind);
std::string text_of(const json::value& object, const char* key);

}  // namespace huecry::test
