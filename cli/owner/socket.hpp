#pragma once

#include <chrono>
#include <filesystem>

#include "files.hpp"
#include "owner/frame.hpp"

// The Unix socket in the profile's folder. Linux: the folder is reached over /proc/self/fd, so that
// its path may be longer than a socket's address allows.
namespace huecry::cli {

inline constexpr const char* socket_name = "owner.sock";

/// Listens as the profile's owner; only who holds the profile may call it. A socket that a dead
/// owner left is replaced in one step. Errors: io_failed.
Result<File> listen_in(const std::filesystem::path& profile);
void remove_socket(const std::filesystem::path& profile);
/// Nothing when nobody listens. Errors: io_failed (the other side is another user).
Result<std::optional<File>> connect_to_owner(const std::filesystem::path& profile);
/// True when the process at the other end runs as this user.
bool same_user(int socket);

/// Frames over a connected socket. Not for two threads at once, but `interrupt` may come from any.
class FrameSocket {
public:
    explicit FrameSocket(File socket) : socket_(std::move(socket)) {}

    /// False when the other side is gone.
    [[nodiscard]] bool send(FrameType type, std::string_view payload = {});
    /// The next frame; nothing when the other side is gone, silent for `limit`, or breaks the
    /// rules.
    std::optional<Frame> receive(std::optional<std::chrono::milliseconds> limit = std::nullopt);
    /// The other side has closed its end.
    [[nodiscard]] bool closed();
    /// Makes `receive`, now and later, return nothing.
    void interrupt();
    /// The other side sees the end now, not when this object goes.
    void close_for_good();

private:
    File socket_;
    FrameReader reader_;
};

}  // namespace huecry::cli
