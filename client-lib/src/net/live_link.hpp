#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "crypto/random.hpp"
#include "net/link.hpp"

namespace huecry::net {

/// Times of a link; the product's are those of limits.def.
struct LinkTimes {
    std::chrono::milliseconds proof_deadline;
    std::chrono::milliseconds ping;
    std::chrono::milliseconds give_up;  // nothing heard for this long
    std::chrono::milliseconds reconnect_first;
    std::chrono::milliseconds reconnect_max;

    static LinkTimes of_limits();
};

class LinkRun;

/// The link over a real connection. Everything that runs lives in a LinkRun, which its coroutines
/// keep alive until they have noticed that they are over; so this object may go at any time.
class LiveLink final : public Link {
public:
    LiveLink(const boost::asio::any_io_executor& executor, crypto::Random& random,
             Identity identity, LinkListener& listener, const LinkTimes& times);
    ~LiveLink() override;

    void start() override;
    [[nodiscard]] bool send(const v1::Frame& frame) override;
    void reset() override;
    void stop() override;
    [[nodiscard]] bool is_up() const override;

private:
    boost::asio::any_io_executor executor_;
    crypto::Random& random_;
    Identity identity_;
    LinkListener& listener_;
    LinkTimes times_;
    std::shared_ptr<LinkRun> run_;  // from start() to stop()
};

}  // namespace huecry::net
