#include <algorithm>

#include "fault/crowd.hpp"
#include "huecry/limits.hpp"

// What members could make a relay hold for them, by asking and not reading, or by announcing and
// not sending.
using namespace huecry;
using namespace huecry::fault;

namespace {

/// The largest answer that one request has: a key package of last resort, a hundred times.
class Asker {
public:
    explicit Asker(const Crowd& crowd) {
        const auto target = crowd.town->device(0);
        v1::Frame put;
        auto package = bench::key_package(target.device());
        package.resize(limits::max_key_package);
        put.mutable_put_key_packages()->set_last_resort(to_string(package));
        put.set_request(1);
        const auto client = crowd.enter(target);
        client->send_message(put);
        const auto answer = client->receive_message(v1::Frame::kKeyPackageCount);
        REQUIRE(answer);
        REQUIRE(answer->key_package_count().has_last_resort());

        request_.set_request(2);
        auto& take = *request_.mutable_take_key_packages();
        const auto& channel = crowd.town->channel(0);
        take.mutable_channel()->set_kind(static_cast<std::uint32_t>(channel.kind));
        take.mutable_channel()->set_id(to_string(BytesView(channel.id)));
        take.mutable_channel()->set_incarnation(channel.incarnation);
        for (std::uint64_t i = 0; i < limits::max_welcome_devices; ++i)
            take.add_devices(to_string(target.device().view()));
    }
    void ask(WireClient& client, std::uint64_t times) const {
        for (std::uint64_t i = 0; i < times; ++i) client.send_message(request_);
    }
    static constexpr std::uint64_t answer_bytes =
        limits::max_welcome_devices * limits::max_key_package;  // and a little

private:
    v1::Frame request_;
};

double net(const Crowd& crowd, const std::string& name) {
    return metric(*crowd.relay, "huecry_relay_net_" + name);
}

/// Asks for the metric until it is at least this.
bool reaches(const Crowd& crowd, const std::string& name, double value) {
    for (int i = 0; i < 2000; ++i)
        if (net(crowd, name) >= value) return true;
    return false;
}

/// One more answer, given to the connection before this returns.
void ask_one(const Crowd& crowd, const Asker& asker, WireClient& client) {
    const auto before = metric(*crowd.relay, "huecry_relay_frames_in_total");
    asker.ask(client, 1);
    REQUIRE(metric_becomes(*crowd.relay, "huecry_relay_frames_in_total", before + 1));
}

/// Asks until something waits that the kernel does not take; how often.
std::uint64_t fill_kernel(const Crowd& crowd, const Asker& asker, WireClient& client) {
    const auto before = net(crowd, "queued_bytes");
    for (std::uint64_t asked = 1; asked < 100; ++asked) {
        ask_one(crowd, asker, client);
        if (net(crowd, "queued_bytes") > before) return asked;
    }
    return 0;
}

std::string put_that_never_comes(std::size_t number) {
    const auto digits = std::to_string(number);
    return "PUT /v1/blobs/" + std::string(32 - digits.size(), '7') + digits +
           " HTTP/1.1\r\nHost: relay\r\nContent-Length: 1048576\r\n"
           "Content-Range: bytes 0-1048575/1048576\r\nHuecry-Channel: directory\r\n"
           "Huecry-Lifetime: 60000\r\nHuecry-Digest: " +
           std::string(64, '0') + "\r\n\r\n";
}

}  // namespace

TEST_CASE("answers that nobody reads are bounded, and the connection ends beyond it") {
    Crowd crowd(2);
    const Asker asker(crowd);
    const auto before = crowd.resident_mib();
    const auto greedy = crowd.enter(crowd.town->device(1));
    greedy->buffer(4096);
    asker.ask(*greedy, 3 * limits::outlet_bytes / Asker::answer_bytes);
    CHECK(reaches(crowd, "outlet_overflow_total", 1));
    CHECK(net(crowd, "outlet_overflow_total") == 1);
    CHECK(net(crowd, "waiting_overflow_total") == 0);
    CHECK(crowd.resident_mib() <
          before + static_cast<double>(limits::outlet_bytes) / (1 << 20) + 4);
    CHECK(metric_becomes(*crowd.relay, "huecry_relay_net_queued_bytes", 0));
    // It comes back, and whoever reads gets every answer.
    const auto again = crowd.enter(crowd.town->device(1));
    for (int i = 0; i < 20; ++i) {
        asker.ask(*again, 1);
        const auto answer = again->receive_message(v1::Frame::kKeyPackages);
        REQUIRE(answer);
        CHECK(answer->key_packages().packages_size() == limits::max_welcome_devices);
    }
    CHECK(net(crowd, "outlet_overflow_total") == 1);
}

TEST_CASE("what waits for all slow readers together is bounded") {
    // Each asks for less than its own bound.
    constexpr auto each = limits::outlet_bytes / Asker::answer_bytes - 3;
    constexpr auto enough = limits::waiting_bytes / (each * Asker::answer_bytes) + 1;
    Crowd crowd(2 + enough + enough / 4);
    const Asker asker(crowd);
    const auto begin = crowd.town->last_handshake(0);
    std::size_t next = 0;
    const auto enter = [&] {
        auto out = crowd.enter(crowd.town->device(next++));
        crowd.subscribe(*out, begin);
        return out;
    };
    const auto reader = enter();
    const auto before = crowd.resident_mib();
    // One for which little waits, less than a window; then many for which much does.
    auto behind = enter();
    behind->buffer(4096);
    const auto kernels = fill_kernel(crowd, asker, *behind);
    std::vector<std::unique_ptr<WireClient>> slow;
    const auto is_full = [&] { return net(crowd, "queued_bytes") > limits::waiting_bytes; };
    while (!is_full()) {
        REQUIRE(next < 2 + enough + enough / 4);
        slow.push_back(enter());
        slow.back()->buffer(4096);
        const auto left = limits::waiting_bytes - net(crowd, "queued_bytes");
        if (left > 2.0 * each * Asker::answer_bytes) {
            const auto heard = metric(*crowd.relay, "huecry_relay_frames_in_total");
            asker.ask(*slow.back(), kernels + each - 1);
            REQUIRE(metric_becomes(*crowd.relay, "huecry_relay_frames_in_total",
                                   heard + static_cast<double>(kernels + each - 1)));
        } else {
            for (auto n = kernels + each; n > 0 && !is_full(); --n)
                ask_one(crowd, asker, *slow.back());
        }
    }
    CHECK(net(crowd, "queued_bytes") < limits::waiting_bytes + 2.0 * Asker::answer_bytes);
    CHECK(crowd.resident_mib() <
          before + static_cast<double>(limits::waiting_bytes >> 20) + 80);  // store's cache
    CHECK(net(crowd, "outlet_overflow_total") == 0);

    // Of alerts those who are behind are given no more; who reads has each at once.
    crowd.post(20);
    CHECK(crowd.read_all(*reader, begin) == 20);
    CHECK(net(crowd, "waiting_held_total") > 0);
    CHECK(net(crowd, "outlet_overflow_total") == 0);
    // Who asks for yet more goes.
    asker.ask(*slow.front(), 1);
    CHECK(metric_becomes(*crowd.relay, "huecry_relay_net_waiting_overflow_total", 1));
    CHECK(net(crowd, "outlet_overflow_total") == 1);
    CHECK_FALSE(is_full());
    // There is room again, and nobody has lost an alert.
    slow.clear();
    behind.reset();
    CHECK(metric_becomes(*crowd.relay, "huecry_relay_net_queued_bytes", 0));
    const auto back = crowd.enter(crowd.town->device(1));
    crowd.subscribe(*back, begin);
    CHECK(crowd.read_all(*back, begin) == 20);
}

TEST_CASE("request bodies that never come are bounded together") {
    constexpr auto fit = limits::body_bytes / limits::max_blob_request;
    constexpr auto devices = fit / limits::https_per_device + 1;
    Crowd crowd(devices);
    std::vector<std::unique_ptr<WireClient>> held;
    const auto announce = [&](std::size_t number) {
        held.push_back(std::make_unique<WireClient>(crowd.relay->port()));
        REQUIRE(crowd.town->device(number / limits::https_per_device).enter_https(*held.back()) ==
                200);
        held.back()->send(put_that_never_comes(number));
    };
    for (std::size_t i = 0; i < fit; ++i) announce(i);
    CHECK(metric_becomes(*crowd.relay, "huecry_relay_net_body_bytes", limits::body_bytes));
    CHECK(net(crowd, "bodies_refused_total") == 0);
    announce(fit);
    const auto refused = held.back()->read_reply();
    CHECK(refused.status == 503);
    CHECK(refused.failure() == number(Errc::overloaded));
    CHECK(held.back()->ended());
    CHECK(net(crowd, "bodies_refused_total") == 1);
    // One lets go of its place: the next has it.
    held.pop_back();
    held.pop_back();
    CHECK(metric_becomes(*crowd.relay, "huecry_relay_net_body_bytes",
                         limits::body_bytes - limits::max_blob_request));
    announce(fit);
    CHECK(metric_becomes(*crowd.relay, "huecry_relay_net_body_bytes", limits::body_bytes));
    CHECK(net(crowd, "bodies_refused_total") == 1);
}
