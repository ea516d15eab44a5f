#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace huecry::test {

/// Passes TCP connections through to a port of this machine, one at a time, and cuts the first one
/// once that many bytes (both directions together) have gone through it. A bad line, made to order.
class CuttingProxy {
public:
    /// `cut_after` 0: accepts, and never lets a byte through.
    CuttingProxy(std::uint16_t target, std::size_t cut_after);
    ~CuttingProxy();
    CuttingProxy(const CuttingProxy&) = delete;
    CuttingProxy& operator=(const CuttingProxy&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] int connections() const { return connections_; }

private:
    void run();
    void serve(int client);
    [[nodiscard]] bool pump(int from, int to, std::size_t& budget) const;

    std::uint16_t target_;
    std::size_t cut_after_;
    std::uint16_t port_ = 0;
    int listener_ = -1;
    int stop_[2] = {-1, -1};
    std::atomic<int> connections_{0};
    std::thread thread_;
};

}  // namespace huecry::test
