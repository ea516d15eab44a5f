#include "owner/socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace huecry::cli {
namespace {

/// The folder, and an address that names a file in it as long as this object lives.
struct Place {
    File folder;
    sockaddr_un address{};

    Place(const std::filesystem::path& profile, const std::string& file)
        : folder(::open(profile.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
        address.sun_family = AF_UNIX;
        const auto path = "/proc/self/fd/" + std::to_string(folder.fd()) + "/" + file;
        std::memcpy(address.sun_path, path.c_str(),
                    std::min(path.size() + 1, sizeof address.sun_path - 1));
    }
    [[nodiscard]] const sockaddr* generic() const {
        return reinterpret_cast<const sockaddr*>(&address);
    }
};

File new_socket() { return File(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

}  // namespace

Result<File> listen_in(const std::filesystem::path& profile) {
    const auto fresh = std::string(socket_name) + ".new";
    const Place place(profile, fresh);
    if (!place.folder.open()) return file_error(errno, profile.string());
    const int folder = place.folder.fd();
    ::unlinkat(folder, fresh.c_str(), 0);
    auto socket = new_socket();
    if (!socket.open()) return file_error(errno, "socket");
    // Nobody can connect before listen(); by then the mode is set and the name is the final one.
    if (::bind(socket.fd(), place.generic(), sizeof place.address) != 0)
        return file_error(errno, "the profile's socket");
    if (::fchmodat(folder, fresh.c_str(), 0600, 0) != 0 || ::listen(socket.fd(), 64) != 0 ||
        ::renameat(folder, fresh.c_str(), folder, socket_name) != 0) {
        const auto error = file_error(errno, "the profile's socket");
        ::unlinkat(folder, fresh.c_str(), 0);
        return error;
    }
    return socket;
}

void remove_socket(const std::filesystem::path& profile) {
    const Place place(profile, socket_name);
    if (place.folder.open()) ::unlinkat(place.folder.fd(), socket_name, 0);
}

Result<std::optional<File>> connect_to_owner(const std::filesystem::path& profile) {
    const Place place(profile, socket_name);
    if (!place.folder.open()) return std::optional<File>();
    auto socket = new_socket();
    if (!socket.open()) return file_error(errno, "socket");
    while (::connect(socket.fd(), place.generic(), sizeof place.address) != 0) {
        if (errno == EINTR) continue;
        return std::optional<File>();
    }
    if (!same_user(socket.fd()))
        return Error{Errc::not_permitted, "another user's process listens in the profile's folder"};
    return std::optional<File>(std::move(socket));
}

bool same_user(int socket) {
    ucred other{};
    socklen_t size = sizeof other;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &other, &size) != 0) return false;
    return other.uid == ::geteuid();
}

bool FrameSocket::send(FrameType type, std::string_view payload) {
    auto bytes = encode(type, payload);
    std::string_view rest = bytes;
    bool sent = !bytes.empty();
    while (sent && !rest.empty()) {
        const auto put = ::send(socket_.fd(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) sent = false;
        if (put > 0) rest.remove_prefix(static_cast<std::size_t>(put));
    }
    wipe(bytes.data(), bytes.size());
    return sent;
}

std::optional<Frame> FrameSocket::receive(std::optional<std::chrono::milliseconds> limit) {
    const auto start = std::chrono::steady_clock::now();
    std::array<char, 65536> chunk{};
    while (true) {
        auto next = reader_.next();
        if (!next) return std::nullopt;
        if (*next) return std::move(**next);
        int wait = -1;
        if (limit) {
            const auto left = *limit - std::chrono::duration_cast<std::chrono::milliseconds>(
                                           std::chrono::steady_clock::now() - start);
            if (left.count() <= 0) return std::nullopt;
            wait = static_cast<int>(left.count());
        }
        pollfd readable{socket_.fd(), POLLIN, 0};
        const int ready = ::poll(&readable, 1, wait);
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return std::nullopt;
        const auto got =
            ::recv(socket_.fd(), chunk.data(), std::min(chunk.size(), reader_.room()), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return std::nullopt;
        reader_.feed({chunk.data(), static_cast<std::size_t>(got)});
        wipe(chunk.data(), static_cast<std::size_t>(got));
    }
}

bool FrameSocket::closed() {
    pollfd state{socket_.fd(), POLLRDHUP, 0};
    return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void FrameSocket::interrupt() { ::shutdown(socket_.fd(), SHUT_RD); }

void FrameSocket::close_for_good() { ::shutdown(socket_.fd(), SHUT_RDWR); }

}  // namespace huecry::cli
