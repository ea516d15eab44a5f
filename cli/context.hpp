#pragma once

#include <functional>

#include "command.hpp"
#include "console.hpp"
#include "huecry/client.hpp"
#include "output/json.hpp"
#include "output/zone.hpp"

namespace huecry::cli {

/// What a command works with. The same command runs in the process where it was typed, and in the
/// owner of the profile for another process; it cannot tell which.
class Context {
public:
    struct Settings {
        std::filesystem::path profile;
        Zone zone;
        unsigned width = 0;  // of the terminal; 0: none
        MessageId message;   // for what this command sends
        std::uint64_t resume = 0;
        bool again = false;
    };
    Context(const Invocation& invocation, Console& console, Settings settings)
        : invocation_(invocation), console_(console), settings_(std::move(settings)) {}

    [[nodiscard]] const Arguments& arguments() const { return invocation_.arguments; }
    [[nodiscard]] const Globals& globals() const { return invocation_.globals; }
    [[nodiscard]] const Command& command() const { return *invocation_.command; }
    [[nodiscard]] const Settings& settings() const { return settings_; }
    [[nodiscard]] Console& console() { return console_; }
    [[nodiscard]] bool json() const { return invocation_.globals.json; }

    /// Null until there is one.
    [[nodiscard]] Client* client_or_null() { return client_; }
    [[nodiscard]] Client& client() { return *client_; }
    void use(Client& client) { client_ = &client; }
    /// For commands that make a profile: its new client, which this process owns from now on.
    std::function<Result<Client*>(Client)> adopt;
    /// What is to open a new profile; set for commands that make one.
    std::function<Result<ProfileSecret>()> new_secret;
    LogSink log;

    /// One line for people; nothing with --json.
    void line(std::string_view text);
    /// One object for programs; nothing without --json.
    void emit(const Object& object);
    /// A line beside the result, on the standard error; nothing with --json.
    void note(std::string_view text);
    /// What takes its time, told only to a person who is watching.
    void progress(std::string_view text);
    /// A time for people.
    [[nodiscard]] std::string when(std::uint64_t ms) const;

    /// Fetches what waits before something is shown. Offline is no failure here: what this device
    /// knows is shown, and `fetched` returns the error afterwards. Errors: those not worth
    /// retrying.
    Result<void> fetch();
    /// The same before something that only the relay can make happen. Errors: also unreachable.
    Result<void> connect();
    /// The result of a command that has shown what it could.
    [[nodiscard]] Result<void> fetched() const;
    [[nodiscard]] bool is_fetched() const { return !fetch_error_; }

    /// Finds what was typed; asks the relay once when it is not known here.
    Result<ChannelId> channel(std::string_view text);
    Result<MessageId> alert(std::string_view text);
    Result<DeviceId> device(std::string_view text);

private:
    template <class T>
    Result<T> find(Result<T> (Client::*search)(std::string_view), std::string_view text);

    const Invocation& invocation_;
    Console& console_;
    Settings settings_;
    Client* client_ = nullptr;
    bool tried_to_fetch_ = false;
    std::optional<Error> fetch_error_;
};

/// Runs a command and tells how it went; its exit code.
int execute(Context& context);
/// An error as people and programs get it.
void report(Console& console, bool json, const Error& error);

}  // namespace huecry::cli
