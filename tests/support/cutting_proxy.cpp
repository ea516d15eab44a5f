#include "support/cutting_proxy.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

namespace huecry::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    out.sin_port = htons(port);
    return out;
}

template <class Call>
int with_address(sockaddr_in address, Call call) {
    return call(reinterpret_cast<sockaddr*>(&address), socklen_t{sizeof address});
}

bool readable(const pollfd& p) { return (p.revents & (POLLIN | POLLHUP | POLLERR)) != 0; }

}  // namespace

CuttingProxy::CuttingProxy(std::uint16_t target, std::size_t cut_after)
    : target_(target), cut_after_(cut_after) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in bound = loopback(0);
    socklen_t size = sizeof bound;
    const bool listening =
        listener_ >= 0 &&
        with_address(bound, [&](auto* a, auto n) { return ::bind(listener_, a, n); }) == 0 &&
        ::listen(listener_, 16) == 0 &&
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &size) == 0 &&
        ::pipe(stop_) == 0;
    if (!listening) throw std::runtime_error("proxy");
    port_ = ntohs(bound.sin_port);
    thread_ = std::thread([this] { run(); });
}

CuttingProxy::~CuttingProxy() {
    ::close(stop_[1]);  // the other end becomes readable
    thread_.join();
    ::close(stop_[0]);
    ::close(listener_);
}

void CuttingProxy::run() {
    for (;;) {
        std::array<pollfd, 2> wait{{{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}}};
        ::poll(wait.data(), wait.size(), -1);
        if (readable(wait[1])) return;
        const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client < 0) continue;
        serve(client);
        ::close(client);
    }
}

void CuttingProxy::serve(int client) {
    const bool first = connections_++ == 0;
    std::size_t budget = first ? cut_after_ : std::numeric_limits<std::size_t>::max();
    const int relay = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool open = with_address(loopback(target_),
                             [&](auto* a, auto n) { return ::connect(relay, a, n); }) == 0;
    while (open) {
        // With nothing to give, wait for the end of the test or of the client only.
        const short events = budget == 0 ? short{0} : short{POLLIN};
        std::array<pollfd, 3> wait{
            {{client, events, 0}, {relay, events, 0}, {stop_[0], POLLIN, 0}}};
        ::poll(wait.data(), wait.size(), -1);
        if (readable(wait[2])) break;
        if (readable(wait[0])) open = pump(client, relay, budget);
        if (open && readable(wait[1])) open = pump(relay, client, budget);
    }
    ::close(relay);
}

bool CuttingProxy::pump(int from, int to, std::size_t& budget) const {
    std::array<char, 16384> buffer{};
    const auto got = ::recv(from, buffer.data(), std::min(buffer.size(), budget), 0);
    if (got <= 0) return false;
    const auto size = static_cast<std::size_t>(got);
    for (std::size_t sent = 0; sent < size;) {
        const auto n = ::send(to, buffer.data() + sent, size - sent, MSG_NOSIGNAL);
        if (n <= 0) return false;
        sent += static_cast<std::size_t>(n);
    }
    budget -= size;
    return budget != 0;
}

}  // namespace huecry::test
