#pragma once

#include <doctest/doctest.h>

#include "bench/fanout/huecry_packets.hpp"
#include "bench/fanout/partnership.hpp"
#include "bench/fanout/server.hpp"
#include "fault/raw_session.hpp"

namespace huecry::fault {

using namespace test;

/// A relay with a channel of many readers, and one who posts.
struct Crowd {
    static constexpr std::size_t alert_size = 16'000;
    TemporaryDirectory folder;
    std::unique_ptr<RelayProcess> relay;
    std::unique_ptr<bench::Partnership> town;
    std::unique_ptr<WireClient> poster;
    std::uint64_t posted = 0;

    explicit Crowd(std::size_t readers) {
        const auto file = folder.path() / "relay.toml";
        bench::write_file(file,
                          "[limits]\nsubmissions_per_minute = 1000000\n"
                          "statements_per_minute = 1000000\n");
        relay = std::make_unique<RelayProcess>(folder.path() / "relay",
                                               std::vector<std::string>{"--config", file.string()});
        town = std::make_unique<bench::Partnership>(*relay, readers, 1);
        std::vector<std::size_t> all;
        for (std::size_t i = 0; i < readers; ++i) {
            all.push_back(i);
            WireClient client(relay->port());
            REQUIRE(town->device(i).enter(client));
            v1::Frame put;
            REQUIRE(put.ParseFromString(
                bench::key_package_frame(bench::key_package(town->device(i).device()))));
            client.send_message(put);
            REQUIRE(client.receive_message(v1::Frame::kKeyPackageCount));
        }
        town->let_in(0, all);
        town->leave();
        poster = enter(town->founder());
    }
    std::unique_ptr<WireClient> enter(const Caller& who) const {
        auto out = std::make_unique<WireClient>(relay->port());
        REQUIRE(who.enter(*out));
        return out;
    }
    void subscribe(WireClient& client, std::uint64_t from) const {
        v1::Frame frame;
        REQUIRE(frame.ParseFromString(bench::subscribe_frame(town->channel(0), from)));
        client.send_message(frame);
    }
    void post(std::uint64_t count) {
        const Bytes content = fresh_bytes(alert_size);
        static constexpr std::uint64_t at_once = 20;
        for (std::uint64_t i = 0; i < count; ++i) {
            const bench::Alert alert{town->channel(0), ++posted, town->last_handshake(0),
                                     town->directory_index(), fresh_id<MessageId>()};
            v1::Frame frame;
            REQUIRE(frame.ParseFromString(
                bench::submit_frame(alert, bench::private_message(town->channel(0), 1, content))));
            poster->send_message(frame);
            if (i >= at_once) REQUIRE(poster->receive_message(v1::Frame::kSubmitResult));
        }
        for (std::uint64_t i = 0; i < std::min(count, at_once); ++i)
            REQUIRE(poster->receive_message(v1::Frame::kSubmitResult));
    }
    /// Reads and acknowledges until everything is there; how many alerts came, in their order.
    std::uint64_t read_all(WireClient& client, std::uint64_t from) const {
        std::uint64_t at = from;
        const auto last = town->last_handshake(0) + posted;
        while (at < last) {
            const auto frame = client.receive_message(v1::Frame::kDeliver);
            REQUIRE(frame);
            for (const auto& entry : frame->deliver().entries()) {
                const auto header = Header::decode(view(entry.header()));
                REQUIRE(header.ok());
                REQUIRE(header->seq == ++at);
                REQUIRE(sha256(view(entry.body())) == header->digest);
            }
            v1::Frame ack;
            REQUIRE(ack.ParseFromString(bench::ack_frame(town->channel(0), at)));
            client.send_message(ack);
        }
        return at - from;
    }
    [[nodiscard]] double resident_mib() const {
        return bench::resident_kib(relay->process().id()) / 1024;
    }
};

}  // namespace huecry::fault
