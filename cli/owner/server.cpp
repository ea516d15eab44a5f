#include "owner/server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "output/json.hpp"

namespace huecry::cli {
namespace {

using namespace std::chrono_literals;
constexpr auto greeting_limit = 10s;

}  // namespace

Result<std::unique_ptr<OwnerServer>> OwnerServer::start(std::filesystem::path profile,
                                                        std::string version, SecretCheck check,
                                                        Runner run) {
    std::unique_ptr<OwnerServer> server(new OwnerServer);
    HUECRY_TRY_ASSIGN(server->listener_, listen_in(profile));
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return file_error(errno, "pipe");
    server->wake_read_ = File(pipe[0]);
    server->wake_write_ = File(pipe[1]);
    server->profile_ = std::move(profile);
    server->version_ = std::move(version);
    server->check_ = std::move(check);
    server->run_ = std::move(run);
    server->acceptor_ = std::thread([raw = server.get()] { raw->accept_all(); });
    return server;
}

void OwnerServer::accept_all() {
    while (true) {
        std::array<pollfd, 2> ready{{{listener_.fd(), POLLIN, 0}, {wake_read_.fd(), POLLIN, 0}}};
        if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return;
        if (ready[1].revents != 0) return;
        if (ready[0].revents == 0) continue;
        File socket(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
        if (socket.open()) {
            admit(std::move(socket));
        } else if (errno == EMFILE || errno == ENFILE) {
            // No descriptor for it now: leave it in the queue until a session has ended.
            std::this_thread::sleep_for(50ms);
        }
        reap();
    }
}

void OwnerServer::admit(File socket) {
    if (!same_user(socket.fd())) return;
    const std::lock_guard lock(mutex_);
    if (ending_ || sessions_.size() >= max_sessions) return;  // closed: the other side tries again
    auto& session = sessions_.emplace_back(std::move(socket));
    session.thread = std::thread([this, &session] { serve(session); });
}

void OwnerServer::reap() {
    std::list<Session> ended;
    {
        const std::lock_guard lock(mutex_);
        for (auto at = sessions_.begin(); at != sessions_.end();) {
            const auto next = std::next(at);
            if (at->ended) ended.splice(ended.end(), sessions_, at);
            at = next;
        }
    }
    for (auto& session : ended) session.thread.join();
}

bool OwnerServer::greet(Session& session) {
    auto first = session.frames.receive(greeting_limit);
    if (!first || first->type != FrameType::secret) return false;
    SecretBytes passphrase(view(first->payload));
    wipe(first->payload.data(), first->payload.size());
    if (!check_(passphrase)) {
        (void)session.frames.send(FrameType::refused, encode_error({Errc::passphrase_wrong}));
        return false;
    }
    const auto second = session.frames.receive(greeting_limit);
    if (!second || second->type != FrameType::request) return false;
    auto request = Request::decode(second->payload);
    if (request && request->version != version_)
        request =
            Error{Errc::busy, "its owner is another version of huecry; end that process first"};
    if (!request) {
        (void)session.frames.send(FrameType::refused, encode_error(request.error()));
        return false;
    }
    const std::lock_guard lock(mutex_);
    if (ending_) return false;
    session.request = std::make_unique<Request>(std::move(*request));
    session.console = std::make_unique<RemoteConsole>(session.frames, *session.request);
    return true;
}

void OwnerServer::serve(Session& session) {
    if (greet(session) && session.frames.send(FrameType::begun)) {
        const auto code = run_(*session.request, *session.console);
        if (!code || session.console->moved())
            (void)session.frames.send(FrameType::moved);
        else
            (void)session.frames.send(FrameType::finished, Object().set("code", *code).text());
    }
    session.frames.close_for_good();
    const std::lock_guard lock(mutex_);
    session.ended = true;
}

void OwnerServer::finish() {
    if (!acceptor_.joinable()) return;
    // Our name goes first, while the profile is still ours: whoever comes now waits for it.
    remove_socket(profile_);
    (void)::write(wake_write_.fd(), "x", 1);
    acceptor_.join();
    listener_.close();
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        for (auto& session : sessions_) {
            if (session.console)
                session.console->move_on();
            else
                session.frames.interrupt();
        }
    }
    // No session is added any more; each thread only marks its own.
    for (auto& session : sessions_)
        if (session.thread.joinable()) session.thread.join();
    sessions_.clear();
}

}  // namespace huecry::cli
