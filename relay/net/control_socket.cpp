#include "net/control_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <memory>

namespace huecry::relay {
namespace {

using Local = asio::local::stream_protocol;
using boost::system::error_code;
constexpr auto awaited = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t max_line = 256;
constexpr auto longest = std::chrono::seconds(5);
constexpr std::string_view socket_name = "control.sock";

/// A socket's path is at most 107 bytes; a folder's may be longer. Its descriptor names it too.
class FolderName {
public:
    explicit FolderName(const std::filesystem::path& folder)
        : fd_(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}
    FolderName(const FolderName&) = delete;
    FolderName& operator=(const FolderName&) = delete;
    ~FolderName() {
        if (fd_ >= 0) close(fd_);
    }
    [[nodiscard]] std::string socket() const {
        return "/proc/self/fd/" + std::to_string(fd_) + "/" + std::string(socket_name);
    }

private:
    int fd_;
};

/// For an answer that comes later.
struct Wait {
    explicit Wait(asio::io_context& io) : arrived(io, longest) {}
    asio::steady_timer arrived;
    std::string reply;
};

}  // namespace

ControlSocket::ControlSocket(asio::io_context& io, Handler handler)
    : io_(io), handler_(std::move(handler)), acceptor_(io) {}

ControlSocket::~ControlSocket() { stop(); }

Result<void> ControlSocket::listen(const std::filesystem::path& folder) {
    path_ = folder / socket_name;
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    const FolderName name(folder);
    error_code error;
    acceptor_.open(Local(), error);
    if (!error) acceptor_.bind(Local::endpoint(name.socket()), error);
    if (!error) acceptor_.listen(8, error);
    if (error) return Error{Errc::io_failed, path_.string() + ": " + error.message()};
    auto loop = accept_all();
    asio::co_spawn(io_, std::move(loop), asio::detached);
    return {};
}

void ControlSocket::stop() {
    if (!acceptor_.is_open()) return;
    error_code closed;
    acceptor_.close(closed);
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

asio::awaitable<void> ControlSocket::accept_all() {
    asio::steady_timer rest(io_);
    while (acceptor_.is_open()) {
        auto [error, socket] = co_await acceptor_.async_accept(awaited);
        if (error == asio::error::operation_aborted) co_return;
        if (error) {
            rest.expires_after(std::chrono::milliseconds(100));
            co_await rest.async_wait(awaited);
            continue;
        }
        auto one = serve(std::move(socket));
        asio::co_spawn(io_, std::move(one), asio::detached);
    }
}

asio::awaitable<void> ControlSocket::serve(Local::socket given) {
    const auto socket = std::make_shared<Local::socket>(std::move(given));
    asio::steady_timer deadline(io_, longest);
    deadline.async_wait([socket](error_code error) {
        error_code ignored;
        if (!error) socket->close(ignored);
    });
    std::string line;
    auto buffer = asio::dynamic_buffer(line, max_line);
    const auto [failed, size] = co_await asio::async_read_until(*socket, buffer, '\n', awaited);
    if (!failed) {
        const auto wait = std::make_shared<Wait>(io_);
        handler_(std::string_view(line).substr(0, size - 1), [wait](std::string reply) {
            wait->reply = std::move(reply) + "\n";
            wait->arrived.cancel();
        });
        if (wait->reply.empty()) co_await wait->arrived.async_wait(awaited);
        const auto bytes = asio::buffer(wait->reply);
        co_await asio::async_write(*socket, bytes, awaited);
    }
    deadline.cancel();
}

Result<std::string> ask_running_relay(const std::filesystem::path& folder,
                                      const std::string& request) {
    asio::io_context io;
    Local::socket socket(io);
    const FolderName name(folder);
    error_code error;
    socket.connect(Local::endpoint(name.socket()), error);
    if (error) return Error{Errc::unreachable, "no relay is running on " + folder.string()};
    const timeval wait{std::chrono::seconds(longest).count(), 0};
    setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    asio::write(socket, asio::buffer(request + "\n"), error);
    // A plain read: Asio's would wait on when the timeout above has passed.
    std::string reply;
    char c = 0;
    while (!error && reply.size() < max_line) {
        if (::read(socket.native_handle(), &c, 1) != 1)
            return Error{Errc::timed_out, "the running relay does not answer"};
        if (c == '\n') return reply;
        reply += c;
    }
    return Error{Errc::timed_out, "the running relay does not answer"};
}

}  // namespace huecry::relay
