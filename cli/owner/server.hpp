#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "owner/remote_console.hpp"

// The owner's half: takes work from other processes of the same user as long as it owns the
// profile. Threads: one that accepts, one for each command that was handed over.
namespace huecry::cli {

class OwnerServer {
public:
    /// Runs a command; its exit code, or nothing when it must go on at the asking side.
    using Runner = std::function<std::optional<int>(const Request&, RemoteConsole&)>;
    /// True when this passphrase opens the profile.
    using SecretCheck = std::function<bool(const SecretBytes&)>;
    static constexpr std::size_t max_sessions = 32;

    /// Only who holds the profile may call it. Errors: io_failed.
    static Result<std::unique_ptr<OwnerServer>> start(std::filesystem::path profile,
                                                      std::string version, SecretCheck check,
                                                      Runner run);
    OwnerServer(const OwnerServer&) = delete;
    OwnerServer& operator=(const OwnerServer&) = delete;
    ~OwnerServer() { finish(); }

    /// Takes nothing new, sends streaming commands back to where they were typed, and waits until
    /// the others have ended. May be called twice.
    void finish();

private:
    struct Session {
        explicit Session(File socket) : frames(std::move(socket)) {}
        FrameSocket frames;
        std::unique_ptr<Request> request;
        std::unique_ptr<RemoteConsole> console;
        std::thread thread;
        bool ended = false;
    };
    OwnerServer() = default;
    void accept_all();
    void admit(File socket);
    void serve(Session& session);
    /// Nothing when the other side must not go on; it has been told why.
    bool greet(Session& session);
    void reap();

    std::filesystem::path profile_;
    std::string version_;
    SecretCheck check_;
    Runner run_;
    File listener_, wake_read_, wake_write_;
    std::thread acceptor_;
    std::mutex mutex_;  // sessions_, ending_
    std::list<Session> sessions_;
    bool ending_ = false;
};

}  // namespace huecry::cli
