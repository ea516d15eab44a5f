#include <doctest/doctest.h>

#include <functional>

#include "fault/history.hpp"

// The judge of the fault tests: content with what may be, and not with anything else.
using namespace huecry;
using namespace huecry::fault;

namespace {

template <class T>
T id(std::uint8_t n) {
    std::array<std::uint8_t, T::size> bytes{};
    bytes[0] = n;
    return T(bytes);
}

/// Two senders with three messages each, in turn at 1…6, and two readers.
History good() {
    History h;
    const std::array devices{id<DeviceId>(1), id<DeviceId>(2)};
    for (std::uint8_t i = 0; i < 6; ++i) {
        const auto& sender = devices[i % 2];
        const auto n = static_cast<std::uint8_t>(i + 1);
        h.said.push_back({sender, std::uint64_t{i} / 2 + 1, id<MessageId>(n), id<Digest>(n)});
        h.answered.push_back({sender, id<MessageId>(n), n, 1000U + n, 9000U + n, false});
    }
    for (const auto& reader : {id<DeviceId>(3), id<DeviceId>(4)}) {
        h.readers[reader] = {0, 6};
        for (std::uint8_t i = 0; i < 6; ++i) {
            const auto n = static_cast<std::uint8_t>(i + 1);
            h.given.push_back({reader, n, id<Digest>(static_cast<std::uint8_t>(100 + n)),
                               devices[i % 2], id<MessageId>(n), 1000U + n, id<Digest>(n)});
        }
    }
    return h;
}

std::string all(const History& h) {
    std::string out;
    for (const auto& line : violations(h)) out += line + "\n";
    return out;
}

}  // namespace

TEST_CASE("a history with nothing wrong in it") {
    auto h = good();
    CHECK(all(h).empty());
    // Repeats with the first answer, and messages that nobody has answered, are all right.
    auto repeat = h.answered[2];
    repeat.repeat = true;
    h.answered.push_back(repeat);
    h.said.push_back({id<DeviceId>(1), 9, id<MessageId>(50), id<Digest>(50)});
    CHECK(all(h).empty());
    // So is a reader that came later.
    h.readers[id<DeviceId>(5)] = {6, 6};
    CHECK(all(h).empty());
}

TEST_CASE("everything that must not be is found") {
    struct Planted {
        const char* said;
        std::function<void(History&)> plant;
    };
    const std::vector<Planted> cases = {
        {"acknowledged and lost",
         [](auto& h) {
             h.said.push_back({id<DeviceId>(1), 4, id<MessageId>(7), id<Digest>(7)});
             h.answered.push_back({id<DeviceId>(1), id<MessageId>(7), 7, 1007, 9007, false});
             for (auto& [device, reader] : h.readers) reader.until = 7;
         }},
        {"never given", [](auto& h) { h.given.pop_back(); }},
        {"acknowledged and never given", [](auto& h) { h.given[4].body.reset(); }},
        {"acknowledged and lost", [](auto& h) { h.answered[5].seq = 5; }},
        {"given twice", [](auto& h) { h.given.push_back(h.given.back()); }},
        {"given twice", [](auto& h) { std::swap(h.given[1], h.given[2]); }},
        {"a hole before it", [](auto& h) { h.given.erase(h.given.begin() + 2); }},
        {"a sender's messages in another order",
         [](auto& h) { std::swap(h.said[0].number, h.said[2].number); }},
        {"readers disagree", [](auto& h) { h.given[3].header = id<Digest>(99); }},
        {"given with another body", [](auto& h) { h.given[3].body = id<Digest>(99); }},
        {"given though nobody said it", [](auto& h) { h.said.erase(h.said.begin()); }},
        {"one message at two places",
         [](auto& h) {
             auto again = h.given.back();
             again.seq = 7;
             h.given.push_back(again);
         }},
        {"a repeat was given another answer",
         [](auto& h) {
             auto again = h.answered[1];
             again.repeat = true;
             again.expiry_ms += 1;
             h.answered.push_back(again);
         }},
        {"accepted a second time", [](auto& h) { h.answered.push_back(h.answered[1]); }},
        {"answered though nobody said it",
         [](auto& h) {
             h.answered.push_back({id<DeviceId>(9), id<MessageId>(9), 3, 1003, 9003, false});
         }},
        {"accepted before the one before it",
         [](auto& h) {
             for (auto& g : h.given)
                 if (g.seq == 4) g.accepted_ms = 1;
         }},
    };
    for (const auto& one : cases) {
        auto h = good();
        one.plant(h);
        const auto said = all(h);
        CAPTURE(said);
        CHECK_MESSAGE(said.find(one.said) != std::string::npos, one.said);
    }
}
