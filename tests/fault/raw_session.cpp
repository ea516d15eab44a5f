#include "fault/raw_session.hpp"

#include <poll.h>

#include <chrono>
#include <stdexcept>

namespace huecry::fault {

RawSession::RawSession(std::uint16_t port, const RawTown& town, const test::Caller& caller)
    : town_(town), client_(port) {
    const auto ready = caller.enter(client_);
    if (!ready) throw std::runtime_error("not let in: " + std::to_string(client_.close_code()));
    ready_ = *ready;
}

std::uint64_t RawSession::send(v1::Frame frame) {
    frame.set_request(++request_);
    client_.send_message(frame);
    return request_;
}

std::optional<v1::Frame> RawSession::receive() {
    auto frame = client_.receive_message();
    if (!frame) return frame;
    if (frame->request() != 0) answers_[frame->request()] = *frame;
    if (frame->has_queue_empty()) empty_ = true;
    for (const auto& entry : frame->deliver().entries()) {
        const auto header = Header::decode(view(entry.header()));
        if (!header) throw std::runtime_error("a header");
        got_.push_back({header->seq, header->message_id, header->accepted_ms, entry.body_gone(),
                        to_bytes(view(entry.body()))});
        if (!entry.body_gone() && sha256(view(entry.body())) != header->digest)
            throw std::runtime_error("a body that is not the one in its header");
    }
    return frame;
}

std::optional<v1::Frame> RawSession::answer(std::uint64_t request) {
    while (!answers_.contains(request))
        if (!receive()) return std::nullopt;
    return answers_[request];
}

bool RawSession::answered(std::uint64_t request) const { return answers_.contains(request); }

bool RawSession::alive() {
    v1::Frame ping;
    ping.mutable_ping()->set_number(7);
    client_.send_message(ping);
    for (;;) {
        const auto frame = receive();
        if (!frame) return false;
        if (frame->has_pong()) return true;
    }
}

std::vector<RawSession::Got> RawSession::read(std::uint64_t from) {
    got_.clear();
    empty_ = false;
    client_.send_message(town_.subscribe(town_.channel(), from));
    while (!empty_)
        if (!receive()) throw std::runtime_error("the connection ended");
    const auto all = std::exchange(got_, {});
    return {all.begin(), all.end()};
}

std::optional<RawSession::Got> RawSession::next() {
    while (got_.empty())
        if (!receive()) return std::nullopt;
    auto out = std::move(got_.front());
    got_.pop_front();
    return out;
}

std::uint32_t number(Errc code) { return static_cast<std::uint32_t>(code); }

std::uint32_t code_of(const std::optional<v1::Frame>& frame) {
    return frame && frame->has_failure() ? frame->failure().code() : 0;
}

double metric(const test::RelayProcess& relay, const std::string& name) {
    const auto page = relay.admin("/metrics").body;
    const auto at = page.find("\n" + name + " ");
    return at == page.npos ? -1 : std::stod(page.substr(at + name.size() + 2));
}

bool metric_becomes(const test::RelayProcess& relay, const std::string& name, double value) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (metric(relay, name) != value) {
        if (std::chrono::steady_clock::now() > until) return false;
        poll(nullptr, 0, 20);  // the relay ticks once a second
    }
    return true;
}

}  // namespace huecry::fault
