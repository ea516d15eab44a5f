#pragma once

#include <doctest/doctest.h>

#include "fault/raw_session.hpp"
#include "fault/shim.hpp"

namespace huecry::fault {

using namespace test;
constexpr std::uint64_t hour_ms = 3'600'000;

/// A relay that can be interfered with, a town on it, and what it has acknowledged.
struct Place {
    TemporaryDirectory folder;
    Shim shim{folder.path()};
    std::filesystem::path data;
    std::unique_ptr<RelayProcess> relay;
    std::optional<RawTown> town;
    std::map<std::uint64_t, MessageId> acknowledged;

    explicit Place(const std::filesystem::path& inside = {}) {
        data = (inside.empty() ? folder.path() : inside) / "relay";
        start();
        town.emplace(*relay, 1);
    }
    void start(const std::vector<std::string>& more_arguments = {}) {
        relay.reset();
        relay = std::make_unique<RelayProcess>(data, more_arguments, shim.environment());
    }
    std::unique_ptr<RawSession> enter(const Caller& who) {
        return std::make_unique<RawSession>(relay->port(), *town, who);
    }
    std::unique_ptr<RawSession> sender() { return enter(town->devices()[0]); }
    std::unique_ptr<RawSession> reader() { return enter(town->founder()); }
    v1::Frame message(const MessageId& id, std::size_t size = 500) const {
        return town->message(id, hour_ms, fresh_bytes(size));
    }
    /// The failure's code, 0 when it was acknowledged.
    std::uint32_t submit(RawSession& by, const v1::Frame& frame) {
        const auto answer = by.ask(frame);
        REQUIRE(answer);
        if (answer->has_submit_result())
            acknowledged[answer->submit_result().accepted(0).seq()] =
                MessageId::from(view(frame.submit().items(0).message_id())).value();
        return code_of(answer);
    }
    /// Everything acknowledged is there, whole, once, and there is no hole.
    void all_there() {
        const auto got = reader()->read(town->handshake_seq());
        std::map<MessageId, std::uint64_t> seen;
        auto seq = town->handshake_seq();
        for (const auto& one : got) {
            CHECK(one.seq == ++seq);
            CHECK_FALSE(one.gone);
            CHECK(seen.emplace(one.id, one.seq).second);
        }
        for (const auto& [at, id] : acknowledged) CHECK(seen[id] == at);
    }
};

}  // namespace huecry::fault
