#include "net/core_driver.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>

#include "delivery/batch.hpp"

namespace huecry::relay {

CoreDriver::CoreDriver(asio::io_context& io, Core& core) : io_(io), core_(core), tick_(io) {}

void CoreDriver::kick() {
    if (scheduled_ || committing_ || !core_.has_batch()) return;
    scheduled_ = true;
    // Twice through the queue: the first turn ends with a look at all sockets, the second comes
    // after whatever was readable then.
    asio::post(io_, [this] { asio::post(io_, [this] { take(); }); });
}

void CoreDriver::take() {
    scheduled_ = false;
    if (committing_) return;
    auto batch = core_.take_batch();
    if (!batch) return rest();
    committing_ = true;
    auto waiting = std::exchange(waiting_, {});
    asio::post(store_thread_, [this, batch = std::move(batch),
                               waiting = std::move(waiting)]() mutable {
        core_.commit(*batch);
        asio::post(io_, [this, batch = std::move(batch), waiting = std::move(waiting)]() mutable {
            committing_ = false;
            core_.finish(std::move(batch));
            if (const auto code = core_.broken()) {
                if (const auto told = std::exchange(broken_, {})) told(*code);
                return;
            }
            for (const auto& done : waiting) done();
            kick();
            rest();
        });
    });
}

void CoreDriver::rest() {
    if (rested_ && !pressing()) rested_();
}

void CoreDriver::after_commit(std::function<void()> done) {
    if (!core_.has_batch() && !committing_) return done();
    waiting_.push_back(std::move(done));
    kick();
}

void CoreDriver::start_ticking() {
    tick_.expires_after(std::chrono::seconds(1));
    tick_.async_wait([this](boost::system::error_code error) {
        if (error || stopped_) return;
        core_.tick();
        kick();
        start_ticking();
    });
}

void CoreDriver::flush_later(Flushable& outlet) {
    dirty_.push_back(&outlet);
    if (dirty_.size() > 1) return;
    asio::post(io_, [this] {
        flushing_.swap(dirty_);
        // What is flushed may make another one go: its place is null then.
        for (auto*& outlet : flushing_)
            if (outlet != nullptr) outlet->flush_now();
        flushing_.clear();
        rest();
    });
}

void CoreDriver::forget(Flushable& outlet) {
    for (auto* list : {&dirty_, &flushing_})
        std::replace(list->begin(), list->end(), &outlet, static_cast<Flushable*>(nullptr));
}

bool CoreDriver::idle() const {
    return !scheduled_ && !committing_ && dirty_.empty() && !core_.has_batch();
}

void CoreDriver::stop() {
    stopped_ = true;
    tick_.cancel();
    store_thread_.join();
}

}  // namespace huecry::relay
