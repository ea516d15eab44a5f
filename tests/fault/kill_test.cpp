#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <random>
#include <thread>

#include "fault/history.hpp"
#include "fault/raw_town.hpp"

// kill -9 of the real relay while members send and read over real TLS.
//
//   HUECRY_FAULT_KILLS=200 kill_test   more of them
//   HUECRY_FAULT_SEED=5 kill_test      the same choices again (not the same moments)
using namespace huecry;
using namespace huecry::fault;
using namespace huecry::test;

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t members = 6;
constexpr std::uint64_t a_life = 100;  // submissions of a device; the relay allows 120 in a minute
constexpr std::uint64_t hour_ms = 3'600'000;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// What all threads share: where the relay is, what has happened.
class Stage {
public:
    /// The relay's port once it is up and not the one of `before`; empty when the play is over.
    std::optional<std::uint16_t> port_after(std::uint64_t& life) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return over_ || (port_ != 0 && life_ > life); });
        if (over_) return std::nullopt;
        life = life_;
        return port_;
    }
    void relay_up(std::uint16_t port) {
        const std::lock_guard lock(mutex_);
        port_ = port;
        ++life_;
        answers_ = 0;
        changed_.notify_all();
    }
    void relay_down() {
        const std::lock_guard lock(mutex_);
        port_ = 0;
    }
    void end() {
        const std::lock_guard lock(mutex_);
        over_ = true;
        changed_.notify_all();
    }
    /// Until so many submissions have been answered by this life of the relay.
    bool answers_reach(std::uint64_t n) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(60), [&] {
            return answers_ >= n || failed_;
        }) && !failed_;
    }
    bool all_read_to_the_end() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(60), [&] {
            std::uint64_t last = 0;
            for (const auto& a : history_.answered) last = std::max(last, a.seq);
            if (open_ != 0) return failed_;
            for (auto& [device, reader] : history_.readers)
                if (read_[device] < last) return failed_;
            return true;
        }) && !failed_;
    }
    void reader(const DeviceId& device, std::uint64_t from) {
        const std::lock_guard lock(mutex_);
        history_.readers[device] = {from, from};
        read_[device] = from;
    }
    void said(const History::Said& said) {
        const std::lock_guard lock(mutex_);
        history_.said.push_back(said);
        ++open_;
    }
    void answered(const History::Answered& answered, bool first) {
        const std::lock_guard lock(mutex_);
        history_.answered.push_back(answered);
        if (first) --open_;
        ++answers_;
        changed_.notify_all();
    }
    void given(const History::Given& given) {
        const std::lock_guard lock(mutex_);
        history_.given.push_back(given);
        read_[given.reader] = std::max(read_[given.reader], given.seq);
        changed_.notify_all();
    }
    void fail(const std::string& what) {
        const std::lock_guard lock(mutex_);
        failed_ = true;
        if (trouble.size() < 10) trouble.push_back(what);
        changed_.notify_all();
    }
    /// When all threads have ended.
    History& history() {
        std::uint64_t last = 0;
        for (const auto& a : history_.answered) last = std::max(last, a.seq);
        for (auto& [device, reader] : history_.readers) reader.until = last;
        return history_;
    }
    std::atomic<bool> talking{true};
    std::vector<std::string> trouble;

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint16_t port_ = 0;
    std::uint64_t life_ = 0, answers_ = 0, open_ = 0;
    bool over_ = false, failed_ = false;
    History history_;
    std::map<DeviceId, std::uint64_t> read_;
};

/// One device on a thread of its own: reads all the time and, if it is to, sends.
class Player {
public:
    Player(Stage& stage, const RawTown& town, const Caller& caller, std::uint64_t seed, bool sends)
        : stage_(stage),
          town_(town),
          caller_(caller),
          random_(seed),
          sends_(sends),
          last_(town.handshake_seq()) {
        stage_.reader(caller_.device(), last_);
        thread_ = std::thread([this] { run(); });
    }
    ~Player() { thread_.join(); }
    Player(const Player&) = delete;
    Player& operator=(const Player&) = delete;

private:
    struct Message {
        MessageId id;
        v1::Frame frame;
        History::Answered answer;  // once it is there
    };

    void run() {
        std::uint64_t life = 0;
        while (const auto port = stage_.port_after(life)) try {
                session(*port);
            } catch (const std::runtime_error&) {
                // Cut off: in the middle of anything. The next life begins it again.
            }
    }

    void session(std::uint16_t port) {
        WireClient client(port);
        const auto ready = caller_.enter(client);
        if (!ready) return;
        check_ready(*ready);
        in_flight_.clear();
        life_ = 0;
        client.send_message(town_.subscribe(town_.channel(), last_));
        for (auto& message : open_) submit(client, message.frame, message.id);
        for (;;) {
            while (sends_ && stage_.talking && open_.size() < window_ && life_ < a_life)
                say(client);
            const auto frame = client.receive_message();
            if (!frame) return;
            take(client, *frame);
        }
    }

    void check_ready(const v1::Ready& ready) {
        for (const auto& last : ready.last_accepted()) {
            const auto id = MessageId::from(view(last.message_id()));
            const bool open =
                std::any_of(open_.begin(), open_.end(), [&](const auto& m) { return m.id == id; });
            if (!open && last.seq() != last_seq_ && last_seq_ != 0)
                stage_.fail("the last accepted message is another");
        }
    }

    void say(WireClient& client) {
        Message message;
        message.id = fresh_id<MessageId>();
        message.frame = town_.message(message.id, hour_ms, fresh_bytes(100 + random_() % 2000));
        stage_.said({caller_.device(), ++number_, message.id,
                     sha256(view(message.frame.submit().items(0).body()))});
        open_.push_back(message);
        window_ = 1 + random_() % 6;
        submit(client, message.frame, message.id);
        if (done_.empty()) return;
        // Somebody who has missed an answer asks again, much later too; and a liar.
        const auto& old = done_[random_() % done_.size()];
        if (random_() % 10 == 0) submit(client, old.frame, old.id);
        if (random_() % 20 != 0) return;
        auto other = town_.message(old.id, hour_ms, fresh_bytes(50));
        other.set_request(++request_);
        lies_.insert(request_);
        client.send_message(other);
    }

    void submit(WireClient& client, v1::Frame frame, const MessageId& id) {
        frame.set_request(++request_);
        in_flight_[request_] = id;
        ++life_;
        client.send_message(frame);
    }

    void take(WireClient& client, const v1::Frame& frame) {
        if (frame.has_deliver()) return read(client, frame.deliver());
        if (frame.has_missed()) return stage_.fail("a range is missing");
        if (frame.has_failure()) return failed(frame);
        if (!frame.has_submit_result()) return;
        const auto found = in_flight_.find(frame.request());
        if (found == in_flight_.end()) return stage_.fail("an answer that nobody asked for");
        const auto& accepted = frame.submit_result().accepted(0);
        const auto id = found->second;
        const auto open =
            std::find_if(open_.begin(), open_.end(), [&](const auto& m) { return m.id == id; });
        stage_.answered({caller_.device(), id, accepted.seq(), accepted.accepted_ms(),
                         accepted.expiry_ms(), frame.submit_result().repeat()},
                        open != open_.end());
        if (open == open_.end()) return;
        last_seq_ = std::max(last_seq_, accepted.seq());
        done_.push_back(std::move(*open));
        if (done_.size() > 50) done_.pop_front();
        open_.erase(open);
    }

    void failed(const v1::Frame& frame) {
        const auto code = frame.failure().code();
        const bool lie = lies_.contains(frame.request());
        if (lie && code == static_cast<std::uint32_t>(Errc::id_reused)) return;
        // It goes; what it has not taken is said again to the next one.
        if (code == static_cast<std::uint32_t>(Errc::draining)) return;
        stage_.fail("refused: " + std::to_string(code));
    }

    void read(WireClient& client, const v1::Deliver& deliver) {
        for (const auto& entry : deliver.entries()) {
            const auto header = Header::decode(view(entry.header()));
            if (!header) return stage_.fail("a header");
            const auto body = sha256(view(entry.body()));
            if (!entry.body_gone() && body != header->digest) stage_.fail("a body's digest");
            stage_.given({caller_.device(), header->seq, sha256(view(entry.header())),
                          header->submitter, header->message_id, header->accepted_ms,
                          entry.body_gone() ? std::nullopt : std::optional(body)});
            last_ = header->seq;
        }
        if (random_() % 3 == 0) client.send_message(town_.acknowledge(town_.channel(), last_));
    }

    Stage& stage_;
    const RawTown& town_;
    const Caller& caller_;
    std::mt19937_64 random_;
    bool sends_;
    std::uint64_t last_;  // read
    std::uint64_t number_ = 0, request_ = 0, life_ = 0, last_seq_ = 0, window_ = 3;
    std::deque<Message> open_, done_;
    std::map<std::uint64_t, MessageId> in_flight_;
    std::set<std::uint64_t> lies_;
    std::thread thread_;
};

double seconds_since(Clock::time_point begun) {
    return std::chrono::duration<double>(Clock::now() - begun).count();
}

}  // namespace

enum class End { kill, drain };

/// The end of the relay, by a signal that it cannot or can answer.
void end_relay(RelayProcess& relay, End how) {
    if (how == End::kill) {
        relay.process().kill();
        return;
    }
    relay.process().send_signal(SIGTERM);
    CHECK(relay.process().wait(std::chrono::seconds(30)) == Exit{0, 0});
    CHECK(relay.process().errors().find("left_open=0") != std::string::npos);
}

void play(std::uint64_t kills, End how) {
    const auto seed = number_from("HUECRY_FAULT_SEED", 1);
    std::mt19937_64 random(seed);
    TemporaryDirectory folder;
    const auto data = folder.path() / "relay";
    auto relay = std::make_unique<RelayProcess>(data);
    const RawTown town(*relay, members + 1);
    Stage stage;
    double slowest = 0;
    double together = 0;
    const auto begun = Clock::now();
    {
        std::vector<std::unique_ptr<Player>> players;
        for (std::size_t i = 0; i < members; ++i)
            players.push_back(
                std::make_unique<Player>(stage, town, town.devices()[i], seed * 100 + i, true));
        stage.relay_up(relay->port());
        for (std::uint64_t i = 0; i < kills; ++i) {
            // Sometimes at once, mostly in the middle of it.
            const auto when = random() % 10 == 0 ? 0 : random() % 250;
            if (!stage.answers_reach(when)) break;
            stage.relay_down();
            end_relay(*relay, how);
            if (how == End::kill && random() % 5 == 0) {  // and once more before it is there
                Process early(
                    {.program = relay_program(),
                     .arguments = {"serve", "--data", data.string(), "--listen", "127.0.0.1:0"}});
                early.kill();
            }
            const auto started = Clock::now();
            relay = std::make_unique<RelayProcess>(data);
            slowest = std::max(slowest, seconds_since(started));
            together += seconds_since(started);
            // One who was away all the time, and one who only reads.
            if (i == kills / 2) {
                players.push_back(std::make_unique<Player>(stage, town, town.devices()[members],
                                                           seed * 100 + 50, false));
                players.push_back(
                    std::make_unique<Player>(stage, town, town.founder(), seed * 100 + 51, false));
            }
            stage.relay_up(relay->port());
        }
        stage.talking = false;
        CHECK(stage.all_read_to_the_end());
        stage.end();
        relay->process().kill();
    }
    for (const auto& line : stage.trouble) FAIL_CHECK(line);
    const auto& history = stage.history();
    const auto wrong = violations(history);
    for (std::size_t i = 0; i < std::min<std::size_t>(wrong.size(), 10); ++i) FAIL_CHECK(wrong[i]);
    CHECK(history.answered.size() > kills * 20);
    CHECK(run_relay({"check", "--data", data.string()}).exit == Exit{0, 0});
    std::printf(
        "%s: seed %llu, %llu times in %.1f s, %zu said, %zu answers, %zu deliveries to %zu "
        "readers; ready again after %.3f s, at most %.3f s\n",
        how == End::kill ? "kill -9" : "drained", static_cast<unsigned long long>(seed),
        static_cast<unsigned long long>(kills), seconds_since(begun), history.said.size(),
        history.answered.size(), history.given.size(), history.readers.size(),
        together / static_cast<double>(std::max<std::uint64_t>(kills, 1)), slowest);
}

TEST_CASE("kill -9 of the relay under load: nothing lost, nothing twice, order kept") {
    play(number_from("HUECRY_FAULT_KILLS", 20), End::kill);
}

TEST_CASE("a relay that drains under load: everybody told, nothing lost, nothing twice") {
    play(number_from("HUECRY_FAULT_KILLS", 20) / 4, End::drain);
}
