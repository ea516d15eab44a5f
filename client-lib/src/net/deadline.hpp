#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>

namespace huecry::net {

/// Calls `late` once if it is still there when the time is up.
class Deadline {
public:
    Deadline(const boost::asio::any_io_executor& executor, std::chrono::milliseconds time,
             std::function<void()> late)
        : state_(std::make_shared<State>(executor, std::move(late))) {
        state_->timer.expires_after(time);
        state_->timer.async_wait([state = state_](const boost::system::error_code&) {
            if (state->over) return;
            state->passed = true;
            state->late();
        });
    }
    ~Deadline() { static_cast<void>(stop()); }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    /// True when it was in time.
    bool stop() {
        state_->over = true;
        state_->timer.cancel();
        return !state_->passed;
    }
    [[nodiscard]] bool passed() const { return state_->passed; }

private:
    struct State {
        State(const boost::asio::any_io_executor& executor, std::function<void()> call)
            : timer(executor), late(std::move(call)) {}
        boost::asio::steady_timer timer;
        std::function<void()> late;
        bool over = false;
        bool passed = false;
    };
    std::shared_ptr<State> state_;
};

}  // namespace huecry::net
