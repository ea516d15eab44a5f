#pragma once

#include <memory>

#include "context.hpp"
#include "owner/server.hpp"
#include "terminal.hpp"

namespace huecry::cli {

/// Knows a passphrase without keeping it: a keyed hash whose key never leaves this process.
class PassphraseMark {
public:
    explicit PassphraseMark(const SecretBytes& passphrase);
    [[nodiscard]] bool matches(const SecretBytes& passphrase) const;

private:
    [[nodiscard]] SecretBytes mark(const SecretBytes& passphrase) const;
    SecretBytes key_, mark_;
};

/// This process as owner of a profile: its client, and the work of other processes.
class Ownership {
public:
    /// The server is missing when the socket cannot be made: then nobody can hand work over, but
    /// this process's own command still runs.
    Ownership(Client client, const SecretBytes& passphrase, const std::filesystem::path& profile,
              bool serve);
    Ownership(const Ownership&) = delete;
    Ownership& operator=(const Ownership&) = delete;
    ~Ownership() { end(false); }

    [[nodiscard]] Client& client() { return client_; }
    /// Ends the work of others, commits what is due if `settle`, and closes.
    void end(bool settle);

private:
    std::optional<int> run_for_another(const Request& request, RemoteConsole& console);

    Client client_;
    PassphraseMark mark_;
    std::unique_ptr<OwnerServer> server_;
    std::filesystem::path profile_;
    bool ended_ = false;
};

/// One run of the program.
class Program {
public:
    explicit Program(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {}
    int run();

private:
    int run_here(const Invocation& invocation);
    int run_new_profile(const Invocation& invocation);
    int run_with_client(const Invocation& invocation);
    /// Own command, as the owner of the profile.
    int run_as_owner(const Invocation& invocation, Client client, const SecretBytes& passphrase);
    int fail(const Invocation& invocation, const Error& error);
    int finish(int code);

    std::vector<std::string> arguments_;
    Terminal terminal_;
    Context::Settings settings_;
    LogSink log_;
};

}  // namespace huecry::cli
