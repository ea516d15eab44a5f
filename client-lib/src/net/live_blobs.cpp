#include "net/live_blobs.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>

#include "huecry/limits.hpp"
#include "net/backoff.hpp"
#include "net/blob_job.hpp"
#include "net/deadline.hpp"
#include "net/relay_https.hpp"

namespace huecry::net {

namespace asio = boost::asio;

namespace {

constexpr asio::as_tuple_t<asio::use_awaitable_t<>> waiting{};
/// Without progress in between. With the backoff that is about 15 seconds at most; whoever wants
/// the blob asks again when the link is up.
constexpr int max_failures = 6;
constexpr std::chrono::seconds request_deadline(3 * limits::request_timeout_s);
/// Kept open for the next transfer, far below the relay's idle time.
constexpr std::chrono::seconds linger(10);

bool passes(Errc code) {
    return code == Errc::unreachable || code == Errc::timed_out || code == Errc::overloaded ||
           code == Errc::rate_limited || code == Errc::draining || code == Errc::busy;
}

}  // namespace

/// The queue of jobs and the coroutine that works on them.
class BlobRun : public std::enable_shared_from_this<BlobRun> {
public:
    BlobRun(const asio::any_io_executor& executor, crypto::Random& random, Identity identity)
        : executor_(executor),
          random_(random),
          identity_(std::move(identity)),
          pause_(executor),
          linger_(executor) {}

    void add(std::shared_ptr<BlobJob> job) {
        jobs_.push_back(std::move(job));
        if (working_) return;
        working_ = true;
        linger_.cancel();
        auto working = work(shared_from_this());
        asio::co_spawn(executor_, std::move(working), asio::detached);
    }
    void cancel(const std::shared_ptr<BlobJob>& job) {
        job->cancelled = true;
        if (job == current_) interrupt();
    }
    void stop() {
        for (const auto& job : jobs_) job->cancelled = true;
        if (current_) current_->cancelled = true;
        linger_.cancel();
        interrupt();
    }

private:
    static asio::awaitable<void> work(std::shared_ptr<BlobRun> self) {
        while (!self->jobs_.empty()) {
            self->current_ = std::move(self->jobs_.front());
            self->jobs_.pop_front();
            const auto job = self->current_;
            auto moving = self->move(job);
            const auto outcome = co_await std::move(moving);
            self->current_.reset();
            if (job->cancelled) continue;
            if (outcome)
                job->succeed();
            else
                job->fail(outcome.error());
        }
        self->working_ = false;
        self->close_later();
    }

    /// One job to its end, over as many connections as it takes.
    asio::awaitable<Result<void>> move(std::shared_ptr<BlobJob> job) {
        const auto checked = job->check();
        if (!checked) co_return checked;
        Backoff backoff(std::chrono::milliseconds(limits::reconnect_first_ms),
                        std::chrono::milliseconds(limits::reconnect_max_ms),
                        [this] { return std::uint64_t{random_.u32()}; });
        int failures = 0;
        while (!job->cancelled) {
            const bool fresh = !connection_ || !connection_->usable();
            const auto before = job->offset();
            auto trying = attempt(job, fresh);
            const auto outcome = co_await std::move(trying);
            if (outcome || job->cancelled) co_return outcome;
            drop();
            job->broken();
            if (!passes(outcome.error().code)) co_return outcome;
            if (job->offset() > before) {
                failures = 0;
                backoff.reset();
            }
            // A connection that had been left open may be gone without anybody's fault.
            if (!fresh) continue;
            if (++failures >= max_failures) co_return outcome;
            pause_.expires_after(backoff.next());
            const auto [woken] = co_await pause_.async_wait(waiting);
            static_cast<void>(woken);
        }
        co_return Error{Errc::cancelled};
    }

    asio::awaitable<Result<void>> attempt(std::shared_ptr<BlobJob> job, bool fresh) {
        if (fresh) {
            auto connecting = connect();
            const auto connected = co_await std::move(connecting);
            if (!connected) co_return connected;
        }
        while (!job->cancelled) {
            const auto connection = connection_;
            Deadline deadline(executor_, request_deadline, [connection] { connection->close(); });
            auto asking = connection->exchange(job->next(), job->max_body());
            const auto answer = co_await std::move(asking);
            if (!deadline.stop()) co_return Error{Errc::unreachable, "no answer in time"};
            if (!answer) co_return answer.error();
            const auto complete = job->take(*answer);
            if (!complete) co_return complete.error();
            if (*complete) co_return Result<void>();
            if (!connection->usable()) co_return Error{Errc::unreachable, "closed by the relay"};
        }
        co_return Error{Errc::cancelled};
    }

    asio::awaitable<Result<void>> connect() {
        drop();
        const auto connection = make_https_connection(executor_);
        connection_ = connection;
        Deadline deadline(executor_, std::chrono::seconds(limits::proof_deadline_s),
                          [connection] { connection->close(); });
        auto proving = prove_https(connection, identity_, random_);
        const auto proved = co_await std::move(proving);
        if (!deadline.stop()) co_return Error{Errc::unreachable, "no answer in time"};
        co_return proved;
    }

    void drop() {
        if (connection_) connection_->close();
        connection_.reset();
    }
    /// Wakes the coroutine wherever it waits.
    void interrupt() {
        if (connection_) connection_->close();
        pause_.cancel();
    }
    void close_later() {
        linger_.expires_after(linger);
        linger_.async_wait([self = shared_from_this()](const boost::system::error_code&) {
            if (!self->working_) self->drop();
        });
    }

    asio::any_io_executor executor_;
    crypto::Random& random_;
    Identity identity_;
    asio::steady_timer pause_;
    asio::steady_timer linger_;
    std::deque<std::shared_ptr<BlobJob>> jobs_;
    std::shared_ptr<BlobJob> current_;
    std::shared_ptr<HttpsConnection> connection_;
    bool working_ = false;
};

namespace {

class LiveTransfer final : public Transfer {
public:
    LiveTransfer(std::weak_ptr<BlobRun> run, std::shared_ptr<BlobJob> job)
        : run_(std::move(run)), job_(std::move(job)) {}
    ~LiveTransfer() override {
        if (const auto run = run_.lock())
            run->cancel(job_);
        else
            job_->cancelled = true;
    }

private:
    std::weak_ptr<BlobRun> run_;
    std::shared_ptr<BlobJob> job_;
};

}  // namespace

LiveBlobs::LiveBlobs(const asio::any_io_executor& executor, crypto::Random& random,
                     Identity identity)
    : run_(std::make_shared<BlobRun>(executor, random, std::move(identity))) {}

LiveBlobs::~LiveBlobs() { run_->stop(); }

std::unique_ptr<Transfer> LiveBlobs::put(BlobUpload upload, Stored done) {
    auto job = std::make_shared<BlobJob>(std::move(upload), std::move(done));
    run_->add(job);
    return std::make_unique<LiveTransfer>(run_, std::move(job));
}

std::unique_ptr<Transfer> LiveBlobs::get(BlobDownload download, Fetched done) {
    auto job = std::make_shared<BlobJob>(std::move(download), std::move(done));
    run_->add(job);
    return std::make_unique<LiveTransfer>(run_, std::move(job));
}

}  // namespace huecry::net
