#pragma once

#include <condition_variable>
#include <future>
#include <mutex>

#include "api/profile.hpp"
#include "api/teller.hpp"
#include "domain/engine.hpp"
#include "net/runtime.hpp"

// Behind Client: the runtime's thread, on which everything lives, and calls that go there and wait.
namespace huecry {

class Client::Impl : public std::enable_shared_from_this<Client::Impl> {
public:
    Impl(api::OpenProfile profile, LogSink log);
    ~Impl();

    Result<void> start(bool online);
    void close();

    /// Runs `f` on the client's thread and gives its result.
    template <class F>
    auto call(F f) -> decltype(f(std::declval<Impl&>())) {
        using R = decltype(f(*this));
        auto promise = std::make_shared<std::promise<R>>();
        auto future = promise->get_future();
        if (!post([this, promise, f = std::move(f)]() mutable { promise->set_value(f(*this)); }))
            return Error{Errc::closed};
        promise.reset();
        try {
            return future.get();
        } catch (const std::future_error&) {
            return Error{Errc::closed};  // the thread ended before it came to this
        }
    }

    /// Runs `f(done)` on the client's thread and waits until `done` has been called.
    template <class T>
    Result<T> call_async(std::function<void(Impl&, std::function<void(Result<T>)>)> f,
                         std::chrono::milliseconds limit) {
        auto promise = std::make_shared<std::promise<Result<T>>>();
        auto future = promise->get_future();
        if (!post([this, promise, f = std::move(f)] {
                f(*this, [promise](Result<T> r) { promise->set_value(std::move(r)); });
            }))
            return Error{Errc::closed};
        promise.reset();
        try {
            if (future.wait_for(limit) != std::future_status::ready) return Error{Errc::timed_out};
            return future.get();
        } catch (const std::future_error&) {
            return Error{Errc::closed};
        }
    }

    /// Waits until `ready` (run on the client's thread) gives a value or the time is over.
    template <class T>
    Result<std::optional<T>> wait_for(std::function<Result<std::optional<T>>(Impl&)> ready,
                                      std::chrono::milliseconds limit) {
        const auto end = std::chrono::steady_clock::now() + limit;
        for (;;) {
            const auto seen = version();
            auto found = call(ready);
            if (!found || *found) return found;
            if (!wait_change(seen, end)) return std::optional<T>{};
        }
    }

    /// From the invite link, shown until the name record has arrived.
    Result<void> expect_partnership_name(const std::string& name);

    /// A statement by this device, signed, sent and applied.
    Result<void> state(std::function<Result<directory::Body>(Impl&)> make);
    /// The same, and whether it counts or waits for its quorum.
    Result<Decision> decide(std::function<Result<directory::Body>(Impl&)> make);
    /// The same of what somebody else than this device has signed.
    Result<Decision> decide_signed(std::function<Result<directory::SignedStatement>(Impl&)> make);

    // On the client's thread only.
    domain::Engine& engine() { return *engine_; }
    domain::Projection& projection() { return projection_; }
    domain::Clock& clock() { return clock_; }
    store::Database& db() { return profile_.db; }
    /// Without an engine too: between `pause` and `restart`.
    domain::SyncStore store() { return domain::SyncStore(profile_.db); }
    crypto::Random& random() { return random_; }
    const domain::Self& self() const { return profile_.self; }
    const RelayAddress& relay() const { return profile_.relay; }
    domain::Context context();
    Result<Receipt> receipt(const MessageId& id);
    /// Signed by the root key. Errors: not_found (it is not in this profile).
    Result<Decision> decide_as_root(std::function<directory::Body(Impl&)> make);
    Result<directory::SignedStatement> signed_by_root(directory::Body body);
    /// From what the store says of itself: after its keys or its relay have changed.
    Result<void> restart(bool online);
    /// Ends the connection; nothing is received until `restart`.
    Result<void> pause();
    [[nodiscard]] bool paused() const { return paused_; }
    [[nodiscard]] api::NameBook names();
    /// Why the directory's rules refuse this, with more words than the relay gives.
    Error explain(const directory::Body& body, const Error& refused);
    /// The directory, or why there is none yet.
    Result<const directory::State*> directory();
    /// Names that this device has made up go to the all-members channel, for everyone.
    Result<void> publish_names(const std::vector<content::v1::NameRecord>& names);
    template <class IdType>
    IdType new_id() {
        std::array<std::uint8_t, IdType::size> bytes{};
        random_.fill(bytes);
        return IdType(bytes);
    }

private:
    Result<void> make_engine();
    Result<Decision> decision(std::uint64_t index);
    bool post(std::function<void()> f);
    std::uint64_t version();
    bool wait_change(std::uint64_t seen, std::chrono::steady_clock::time_point end);
    void wake();

    LogSink log_;
    crypto::SystemRandom random_;
    std::unique_ptr<net::Runtime> runtime_;
    api::OpenProfile profile_;
    domain::Clock clock_;
    domain::Projection projection_;
    std::unique_ptr<domain::Engine> engine_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t version_ = 0;
    bool closed_ = false;
    bool paused_ = false;  // on the client's thread
};

/// A name with a fresh salt.
content::v1::NameRecord make_name(crypto::Random& random, std::uint32_t kind, BytesView id,
                                  std::string_view name);
Digest hash_of(const content::v1::NameRecord& record);

}  // namespace huecry
