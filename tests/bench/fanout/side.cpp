#include "bench/fanout/side.hpp"

#include <csignal>

namespace huecry::bench {
namespace {

volatile std::sig_atomic_t interrupted = 0;

}  // namespace

void catch_interruptions() {
    for (const int number : {SIGINT, SIGTERM}) std::signal(number, [](int) { interrupted = 1; });
}

Tcp::endpoint Side::local_address() {
    static constexpr std::size_t addresses = 16;
    const auto last = static_cast<unsigned>(2 + addresses_++ % addresses);
    return {asio::ip::address_v4(0x7f000000U + last), 0};
}

void Side::run_until(const std::function<bool()>& done, std::chrono::seconds longest) {
    progress();
    auto seen = ledger_.count();
    while (!done()) {
        io_.restart();  // it may have run out of work before
        io_.run_one_for(std::chrono::milliseconds(200));
        if (interrupted != 0) throw Interrupted{};
        if (!ledger_.fault().empty()) throw Void(name() + ": " + ledger_.fault());
        if (ledger_.count() != seen) {
            seen = ledger_.count();
            progress();
        }
        if (std::chrono::steady_clock::now() - last_progress_ > longest)
            throw Void(name() + ": nothing happened for " + std::to_string(longest.count()) +
                       " seconds");
    }
}

void Side::connect_readers(std::size_t first, std::size_t count, std::size_t at_once) {
    readers_in_ = 0;
    std::size_t begun = 0;
    run_until(
        [&] {
            while (begun < count && begun - readers_in_ < at_once) connect_reader(first + begun++);
            return readers_in_ == count;
        },
        std::chrono::seconds(20));
}

}  // namespace huecry::bench
