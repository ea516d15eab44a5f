#include "e2e/hostile_world.hpp"
#include "fault/raw_session.hpp"

// Messages that are no Frame, or one that no client of ours sends.
using namespace huecry;
using namespace huecry::test;

namespace {

std::string varint(std::uint64_t value) {
    std::string out;
    for (; value >= 128; value >>= 7) out += static_cast<char>(0x80 | (value & 0x7f));
    return out + static_cast<char>(value);
}
std::string field(std::uint64_t number, unsigned type) { return varint(number << 3 | type); }
std::string bytes_field(std::uint64_t number, const std::string& content) {
    return field(number, 2) + varint(content.size()) + content;
}
std::string nested(std::uint64_t number, std::size_t depth) {
    std::string out;
    for (std::size_t i = 0; i < depth; ++i) out = bytes_field(number, out);
    return out;
}
std::string repeated(const std::string& text, std::size_t count) {
    std::string out;
    out.reserve(text.size() * count);
    for (std::size_t i = 0; i < count; ++i) out += text;
    return out;
}

const std::string ping = bytes_field(8, field(1, 0) + varint(77));
constexpr std::uint64_t unknown = 1000;

/// What a member's message comes to: closed with a code, refused with one, or answered by a Pong.
struct Case {
    std::string what;
    std::string message;
    unsigned closed = 0;
    Errc refused{};
};

unsigned bad() { return closed_with(Errc::bad_frame); }

std::vector<Case> malformed() {
    return {
        {"a group that never ends", field(unknown, 3), bad()},
        {"10,000 groups within each other",
         repeated(field(unknown, 3), 10'000) + repeated(field(unknown, 4), 10'000), bad()},
        {"101 groups within each other",
         repeated(field(unknown, 3), 101) + repeated(field(unknown, 4), 101), bad()},
        {"a group that ends without a beginning", field(unknown, 4), bad()},
        {"a varint of 11 bytes", field(1, 0) + std::string(10, '\xff') + "\x01", bad()},
        {"field number 0", field(0, 0) + varint(1), bad()},
        {"field number 2^29", varint((1ULL << 29) << 3) + varint(1), bad()},
        {"the reserved type 6", field(unknown, 6) + "x", bad()},
        {"a length of 2^31", field(10, 2) + varint(1ULL << 31), bad()},
        {"a length beyond the end", field(10, 2) + varint(100) + "short", bad()},
        {"packed numbers of 2^31 bytes", bytes_field(18, field(2, 2) + varint(1ULL << 31)), bad()},
        {"a number cut in two", field(1, 0) + "\x80", bad()},
        {"noise", std::string(1000, '\xff'), bad()},
    };
}

std::vector<Case> odd() {
    return {
        {"nothing", "", 0, Errc::bad_frame},
        {"a request number alone", field(1, 0) + varint(5), 0, Errc::bad_frame},
        {"a body of a later version", bytes_field(unknown, "later"), 0, Errc::bad_frame},
        {"an answer, as if the relay had asked", bytes_field(12, ""), 0, Errc::bad_frame},
        {"a second hello", bytes_field(2, ""), 0, Errc::bad_frame},
        {"a second proof", bytes_field(4, ""), 0, Errc::bad_frame},
        {"a founder's request of a device", bytes_field(10, ""), 0, Errc::not_permitted},
        {"the wrong type for a known field", field(11, 0) + varint(1), 0, Errc::bad_frame},
        {"60 KiB of unknown fields before a ping",
         repeated(field(unknown, 0) + varint(1), 20'000) + ping},
        {"100 groups within each other before a ping",
         repeated(field(unknown, 3), 99) + repeated(field(unknown, 4), 99) + ping},
        {"10,000 messages within each other, of a field that is not known",
         nested(unknown, 10'000) + ping},
        {"two bodies: the last counts", bytes_field(20, "") + ping},
        {"the same number twice: the last counts", bytes_field(8, field(1, 0) + varint(1)) + ping},
        {"100,000 empty items of a submission",
         bytes_field(11, repeated(bytes_field(2, ""), 100'000)), 0, Errc::bad_frame},
        {"300,000 devices without an id", bytes_field(23, repeated(bytes_field(2, ""), 300'000)), 0,
         Errc::invalid_argument},
        {"600,000 packed numbers of a query",
         bytes_field(18, bytes_field(2, std::string(600'000, '\1'))), 0, Errc::invalid_argument},
        {"a stream of another kind", bytes_field(13, bytes_field(1, field(1, 0) + varint(9))), 0,
         Errc::bad_frame},
        {"a kind of 2^32 + 1",
         bytes_field(13, bytes_field(1, field(1, 0) + varint((1ULL << 32) + 9))), 0,
         Errc::bad_frame},
        {"a stream's id of 15 bytes",
         bytes_field(
             13, bytes_field(1, field(1, 0) + varint(2) + bytes_field(2, std::string(15, 'x')))),
         0, Errc::bad_frame},
        {"a stream's id of 500 KiB",
         bytes_field(13, bytes_field(1, field(1, 0) + varint(2) +
                                            bytes_field(2, std::string(500'000, 'x')))),
         0, Errc::bad_frame},
    };
}

void go_through(const std::vector<Case>& cases) {
    auto& world = hostile_world();
    std::unique_ptr<WireClient> client;
    for (const auto& one : cases) {
        CAPTURE(one.what);
        if (!client) client = world.inside();
        client->send_websocket(0x82, one.message);
        if (one.closed != 0) {
            CHECK(end_of(*client) == one.closed);
            client.reset();
            continue;
        }
        const auto answer = client->receive_message();
        REQUIRE(answer);
        if (one.refused == Errc{}) {
            CHECK(answer->pong().number() == 77);
        } else {
            CHECK(answer->failure().code() == static_cast<unsigned>(one.refused));
        }
    }
    world.unharmed();
}

}  // namespace

TEST_CASE("hostile frames: what is no protobuf ends the connection") { go_through(malformed()); }
TEST_CASE("hostile frames: what has no sense is refused, what is not known ignored") {
    go_through(odd());
}

TEST_CASE("hostile frames: numbers at their ends") {
    auto& world = hostile_world();
    const auto client = world.inside();
    const auto ask = [&](const v1::Frame& frame) {
        client->send_message(frame);
        auto answer = client->receive_message();
        while (answer && answer->has_deliver()) answer = client->receive_message();
        REQUIRE(answer);
        return *answer;
    };
    for (const std::uint64_t from :
         {std::uint64_t{2}, (std::uint64_t{1} << 63) - 1, std::uint64_t{1} << 63, UINT64_MAX}) {
        CAPTURE(from);
        v1::Frame subscribe;
        subscribe.mutable_subscribe()->mutable_stream()->set_kind(1);
        subscribe.mutable_subscribe()->mutable_stream()->set_id(std::string(16, '\0'));
        subscribe.mutable_subscribe()->set_from(from);
        // Beyond the end: the relay says how far it goes, the client judges (PROTOCOL.md 13.8).
        const auto answer = ask(subscribe);
        REQUIRE(answer.has_queue_empty());
        const auto head =
            huecry::SignedHead{
                to_bytes(view(answer.queue_empty().head().head())),
                Signature::from(view(answer.queue_empty().head().signature())).value()}
                .verify(world.relay().key());
        REQUIRE(head.ok());
        CHECK(head->seq == 1);
        v1::Frame ack;
        *ack.mutable_ack()->mutable_stream() = subscribe.subscribe().stream();
        ack.mutable_ack()->set_seq(from);
        client->send_message(ack);
    }
    v1::Frame last;
    last.mutable_ping()->set_number(UINT64_MAX);
    last.set_request(UINT64_MAX);
    const auto pong = ask(last);
    CHECK(pong.pong().number() == UINT64_MAX);
    CHECK(pong.request() == UINT64_MAX);
    world.unharmed();
}

TEST_CASE("hostile frames: queries and refusals have a rate, and the connection ends beyond it") {
    auto& world = hostile_world();
    const auto flood = [&](const v1::Frame& frame, std::uint64_t most) {
        const auto client = world.inside();
        const auto text = frame.SerializeAsString();
        for (std::uint64_t i = 0; i < most; ++i) {
            client->send_websocket(0x82, text);
            if (i % 100 == 99) (void)client->receive_message();
        }
        return end_of(*client);
    };
    SUBCASE("heads") {
        v1::Frame query;
        query.mutable_head_query()->mutable_stream()->set_kind(1);
        query.mutable_head_query()->mutable_stream()->set_id(std::string(16, '\0'));
        CHECK(flood(query, limits::queries_per_minute + 200) == closed_with(Errc::rate_limited));
    }
    SUBCASE("acknowledgements of nothing") {
        const auto client = world.inside();
        v1::Frame ack;
        ack.mutable_ack()->mutable_stream()->set_kind(2);
        ack.mutable_ack()->mutable_stream()->set_id(std::string(16, '\7'));
        for (std::uint64_t i = 0; i < limits::queries_per_minute + 2000; ++i)
            client->send_message(ack);
        CHECK(end_of(*client) == closed_with(Errc::rate_limited));
    }
    SUBCASE("what is refused") {
        CHECK(flood({}, limits::refusals_per_minute + 100) == closed_with(Errc::rate_limited));
    }
    CHECK(world.relay()
              .admin("/metrics")
              .body.find("\nhuecry_relay_goodbyes_total{reason=\"rate_limited\"} ") !=
          std::string::npos);
}

TEST_CASE("hostile frames: key packages are bounded in size and number") {
    auto& world = hostile_world();
    const auto client = world.inside();
    const auto package = [](std::size_t size) {
        return std::string("\0\1\0\5", 4) + to_string(fault::fresh_bytes(size - 4));
    };
    const auto put = [&](const std::vector<std::string>& packages) {
        v1::Frame frame;
        for (const auto& one : packages) frame.mutable_put_key_packages()->add_packages(one);
        client->send_message(frame);
        const auto answer = client->receive_message();
        REQUIRE(answer);
        return answer->failure().code();
    };
    CHECK(put({package(limits::max_key_package + 1)}) == static_cast<unsigned>(Errc::too_large));
    CHECK(put({"no key package"}) == static_cast<unsigned>(Errc::mls_malformed));
    std::vector<std::string> stock;
    for (std::uint64_t i = 0; i < limits::key_package_stock; ++i)
        stock.push_back(package(limits::max_key_package));
    CHECK(put(stock) == 0);
    CHECK(put(stock) == 0);  // the same ones are no more
    CHECK(put({package(100)}) == static_cast<unsigned>(Errc::quota_exceeded));
    world.unharmed();
}

TEST_CASE("hostile frames: a founder sends little") {
    auto& world = hostile_world();
    const Caller founder{signing_key_from_seed(fault::fresh_bytes(32)),
                         fault::fresh_id<PartnershipId>(), ClientKind::founder,
                         world.relay().key()};
    WireClient client(world.relay().port());
    REQUIRE(founder.enter(client));
    client.send_websocket(0x82, std::string(limits::max_genesis_frame + 1, 'x'));
    CHECK(end_of(client) == 1009);
    world.unharmed();
}

TEST_CASE("hostile frames: another partnership's things are as if they were not") {
    auto& world = hostile_world();
    const fault::RawTown ours(world.relay(), 1);
    const fault::RawTown theirs(world.relay(), 1);
    fault::RawSession session(world.relay().port(), ours, ours.devices()[0]);
    fault::RawSession other(world.relay().port(), theirs, theirs.devices()[0]);
    const auto posted =
        other.ask(theirs.message(fault::fresh_id<MessageId>(), 600'000, fault::fresh_bytes(100)));
    REQUIRE(posted);
    REQUIRE(posted->has_submit_result());

    const StreamRef nowhere = StreamRef::channel(fault::fresh_id<ChannelId>(), 1);
    const auto streams = {theirs.channel(), nowhere,
                          StreamRef::mailbox(theirs.devices()[0].device()),
                          StreamRef::mailbox(fault::fresh_id<DeviceId>())};
    const auto put = [](const StreamRef& stream, v1::Stream& out) {
        out.set_kind(static_cast<std::uint32_t>(stream.kind));
        out.set_id(to_string(stream.id));
        out.set_incarnation(stream.incarnation);
    };
    // The same answer for what is theirs and for what is nobody's, pair by pair.
    std::vector<std::string> answers;
    for (const auto& stream : streams) {
        std::vector<v1::Frame> frames(6);
        put(stream, *frames[0].mutable_subscribe()->mutable_stream());
        put(stream, *frames[1].mutable_head_query()->mutable_stream());
        put(stream, *frames[2].mutable_delivery_query()->mutable_stream());
        frames[2].mutable_delivery_query()->add_seqs(posted->submit_result().accepted(0).seq());
        put(stream, *frames[3].mutable_take_key_packages()->mutable_channel());
        frames[3].mutable_take_key_packages()->add_devices(
            to_string(theirs.devices()[0].device().view()));
        frames[4] = ours.message(fault::fresh_id<MessageId>(), 600'000, fault::fresh_bytes(100));
        put(stream, *frames[4].mutable_submit()->mutable_stream());
        put(stream, *frames[5].mutable_put_lease()->mutable_channel());
        frames[5].mutable_put_lease()->set_blob(to_string(fault::fresh_bytes(16)));
        frames[5].mutable_put_lease()->set_share(to_string(fault::fresh_bytes(32)));
        frames[5].mutable_put_lease()->set_expiry_ms(UINT64_MAX);
        std::string all;
        for (auto& frame : frames) {
            const auto answer = session.ask(frame);
            REQUIRE(answer);
            CHECK(answer->has_failure());
            auto failure = answer->failure();
            all += failure.SerializeAsString() + "|";
        }
        answers.push_back(all);
    }
    CHECK(answers[0] == answers[1]);
    CHECK(answers[2] == answers[3]);

    // A device of theirs cannot come in as one of ours, nor the other way.
    Caller stranger{theirs.devices()[0].key.clone(), ours.partnership(), ClientKind::device,
                    world.relay().key()};
    WireClient wrong(world.relay().port());
    CHECK_FALSE(stranger.enter(wrong));
    Caller nobody{signing_key_from_seed(fault::fresh_bytes(32)), ours.partnership(),
                  ClientKind::device, world.relay().key()};
    WireClient none(world.relay().port());
    CHECK_FALSE(nobody.enter(none));
    CHECK(wrong.close_code() == none.close_code());
    world.unharmed();
}
