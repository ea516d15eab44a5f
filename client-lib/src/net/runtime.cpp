#include "net/runtime.hpp"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <mutex>
#include <thread>
#include <utility>

#include "huecry/limits.hpp"
#include "net/deadline.hpp"
#include "net/live_blobs.hpp"
#include "net/live_link.hpp"
#include "net/relay_https.hpp"

namespace huecry::net {

namespace asio = boost::asio;

namespace {

class SteadyTimer final : public Timer {
public:
    SteadyTimer(asio::io_context& context, std::chrono::milliseconds delay, std::function<void()> f)
        : timer_(context, delay), call_(std::make_shared<std::function<void()>>(std::move(f))) {
        timer_.async_wait([call = call_](const boost::system::error_code&) {
            // Moved out: the function may destroy this timer, and with it nothing that it uses.
            if (const auto f = std::exchange(*call, nullptr)) f();
        });
    }
    ~SteadyTimer() override { *call_ = nullptr; }

private:
    asio::steady_timer timer_;
    std::shared_ptr<std::function<void()>> call_;
};

asio::awaitable<void> probe(asio::any_io_executor executor, RelayAddress address,
                            crypto::Random& random, std::function<void(Result<PublicKey>)> done) {
    const auto connection = make_https_connection(executor);
    Deadline deadline(executor, std::chrono::seconds(limits::proof_deadline_s),
                      [connection] { connection->close(); });
    auto asking = ask_relay_key(connection, std::move(address), random);
    const auto key = co_await std::move(asking);
    connection->close();
    if (deadline.stop())
        done(key);
    else
        done(Error{Errc::unreachable, "no answer in time"});
}

}  // namespace

struct Runtime::Impl {
    explicit Impl(crypto::Random& source) : random(source) {}

    crypto::Random& random;
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    std::atomic<bool> stopped{false};
    std::mutex joining;
    std::thread thread;
    std::thread::id id;
};

Runtime::Runtime(crypto::Random& random) : impl_(std::make_unique<Impl>(random)) {
    impl_->thread = std::thread([impl = impl_.get()] { impl->context.run(); });
    impl_->id = impl_->thread.get_id();
}

Runtime::~Runtime() { stop(); }

void Runtime::stop() {
    impl_->stopped = true;
    impl_->context.stop();
    if (std::this_thread::get_id() == impl_->id) return;
    const std::lock_guard lock(impl_->joining);
    if (impl_->thread.joinable()) impl_->thread.join();
}

void Runtime::post(std::function<void()> f) {
    if (!impl_->stopped) asio::post(impl_->context, std::move(f));
}

std::unique_ptr<Timer> Runtime::after(std::chrono::milliseconds delay, std::function<void()> f) {
    return std::make_unique<SteadyTimer>(impl_->context, delay, std::move(f));
}

std::chrono::milliseconds Runtime::monotonic() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
}

std::uint64_t Runtime::wall_ms() const {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
    return ms < 0 ? 0 : static_cast<std::uint64_t>(ms);
}

std::unique_ptr<Link> Runtime::make_link(Identity identity, LinkListener& listener) {
    return std::make_unique<LiveLink>(impl_->context.get_executor(), impl_->random,
                                      std::move(identity), listener, LinkTimes::of_limits());
}

std::unique_ptr<BlobTransfer> Runtime::make_blobs(Identity identity) {
    return std::make_unique<LiveBlobs>(impl_->context.get_executor(), impl_->random,
                                       std::move(identity));
}

void Runtime::probe_relay_key(RelayAddress address, std::function<void(Result<PublicKey>)> done) {
    post([impl = impl_.get(), address = std::move(address), done = std::move(done)] {
        auto asking = probe(impl->context.get_executor(), address, impl->random, done);
        asio::co_spawn(impl->context, std::move(asking), asio::detached);
    });
}

}  // namespace huecry::net
