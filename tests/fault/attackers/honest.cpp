#include "fault/attackers/honest.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace huecry::fault {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t alert_size = 1024;
constexpr std::uint64_t life_ms = 600'000;
constexpr auto login_every = std::chrono::milliseconds(500);

double since(Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

}  // namespace

double Latencies::quantile(double part) const {
    if (all_.empty()) return 0;
    auto sorted = all_;
    std::ranges::sort(sorted);
    const auto at = static_cast<std::size_t>(part * static_cast<double>(sorted.size()));
    return sorted[std::min(at, sorted.size() - 1)];
}

Honest::Honest(const test::RelayProcess& relay, std::size_t senders)
    : relay_(relay), town_(relay, senders + 1) {
    for (std::size_t i = 0; i < senders; ++i)
        senders_.push_back(std::make_unique<RawSession>(relay.port(), town_, town_.devices()[i]));
    reader_ = std::make_unique<RawSession>(relay.port(), town_, town_.founder());
    const auto all = reader_->read(town_.handshake_seq());
    read_ = all.empty() ? town_.handshake_seq() : all.back().seq;
}

void Honest::alert(Measured& into) {
    auto& sender = *senders_[next_++ % senders_.size()];
    const auto id = fresh_id<MessageId>();
    const auto frame = town_.message(id, life_ms, fresh_bytes(alert_size));
    const auto begin = Clock::now();
    const auto answer = sender.ask(frame);
    if (!answer || !answer->has_submit_result())
        throw std::runtime_error("an honest alert was refused: " + std::to_string(code_of(answer)));
    const auto got = reader_->next();
    into.alerts.add(since(begin));
    if (!got || got->id != id || got->seq != ++read_)
        throw std::runtime_error("an honest alert did not arrive, or not in its order");
    reader_->client().send_message(town_.acknowledge(town_.channel(), got->seq));
}

void Honest::log_in(Measured& into) {
    const auto begin = Clock::now();
    try {
        // From one shop after the other: 127.0.1.1, 127.0.1.2, …
        test::WireClient client(relay_.port(), test::WireClient::Tls::v1_3,
                                0x7f000101 + logins_++ % 5000);
        if (!town_.devices().back().enter(client)) throw std::runtime_error("refused");
        into.logins.add(since(begin));
    } catch (const std::runtime_error&) {
        ++into.lost;
    }
}

Measured Honest::measure(std::chrono::milliseconds time, std::chrono::milliseconds pause) {
    Measured out;
    const auto begin = Clock::now();
    auto next_login = begin;
    while (Clock::now() - begin < time) {
        if (Clock::now() >= next_login) {
            next_login = Clock::now() + login_every;
            log_in(out);
        }
        alert(out);
        poll(nullptr, 0, static_cast<int>(pause.count()));
    }
    return out;
}

}  // namespace huecry::fault
