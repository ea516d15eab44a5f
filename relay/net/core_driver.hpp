#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "delivery/core.hpp"

namespace huecry::relay {

namespace asio = boost::asio;

/// Drives the core: ticks, group commits, and flushing what the core has queued.
///
/// Threads: the core's thread is the one that runs the io_context; everything here is called on
/// it. Only the store's part of a commit runs on the one thread of `store_thread_`. While it syncs,
/// the next batch gathers, so the batch grows by itself with the load; a lone submission is
/// committed as soon as the input that was readable with it has been taken.
class CoreDriver {
public:
    /// Something that queued output during a step of the core.
    class Flushable {
    public:
        virtual ~Flushable() = default;
        virtual void flush_now() = 0;
    };

    CoreDriver(asio::io_context& io, Core& core);

    /// After every call into the core that may have gathered something.
    void kick();
    void start_ticking();
    /// Flushes once the current step is over; once for each call. `forget` before it goes.
    void flush_later(Flushable& outlet);
    void forget(Flushable& outlet);
    /// Calls `done` once what is gathered now is on disk (or has failed).
    void after_commit(std::function<void()> done);
    /// Called once when the core is broken (see Core::broken).
    void on_broken(std::function<void(Errc)> told) { broken_ = std::move(told); }
    /// True when nothing is gathered, being committed or waiting to be flushed.
    [[nodiscard]] bool idle() const;
    /// True while something is on its way to the disk, or waits to be flushed.
    [[nodiscard]] bool pressing() const { return scheduled_ || committing_ || !dirty_.empty(); }
    /// Called whenever that has become false.
    void on_rest(std::function<void()> told) { rested_ = std::move(told); }
    /// No more ticks; waits for a commit that is being synced.
    void stop();

private:
    void take();
    void rest();

    asio::io_context& io_;
    Core& core_;
    asio::steady_timer tick_;
    asio::thread_pool store_thread_{1};
    std::vector<Flushable*> dirty_, flushing_;    // null: gone meanwhile
    std::vector<std::function<void()>> waiting_;  // for the next batch
    std::function<void(Errc)> broken_;
    std::function<void()> rested_;
    bool scheduled_ = false;
    bool committing_ = false;
    bool stopped_ = false;
};

}  // namespace huecry::relay
