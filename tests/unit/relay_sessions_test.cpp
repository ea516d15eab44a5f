#include "relay_sessions.hpp"

// The sessions of version 1 that are written down in proto/vectors, played to this relay's core.
using namespace huecry;
using namespace huecry::relay;
using namespace huecry::relay::test;
using huecry::test::Tape;
using huecry::test::TapePlayer;
using huecry::test::TapeStep;

namespace {

std::string written_down() {
    std::ifstream in(HUECRY_SESSIONS, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::unique_ptr<Store> store_in(const Folder& folder) {
    auto store = open_sqlcipher_store(folder.path() / "relay.db", Bytes(32, 3));
    REQUIRE(store.ok());
    return std::move(*store);
}

}  // namespace

TEST_CASE("the recorded sessions of version 1 have the recorded answers, byte for byte") {
    REQUIRE(initialise_crypto());
    const auto tape = Tape::from_text(written_down());
    REQUIRE(tape.steps.size() > 100);
    REQUIRE(tape.answers.size() == tape.steps.size());
    const Folder folder;
    const auto store = store_in(folder);
    TapePlayer player(*store, folder.path().string(), tape.relay_seed, tape.time_ms);
    std::size_t answers = 0;
    for (std::size_t i = 0; i < tape.steps.size(); ++i) {
        CAPTURE(i);
        const auto heard = player.play(tape.steps[i]);
        REQUIRE(heard.size() == tape.answers[i].size());
        for (std::size_t k = 0; k < heard.size(); ++k) {
            CHECK(heard[k].first == tape.answers[i][k].first);
            CHECK(to_hex(heard[k].second) == to_hex(tape.answers[i][k].second));
            ++answers;
        }
    }
    CHECK(answers > 100);
}

TEST_CASE("every kind of frame that a client may send is in the recorded sessions") {
    const auto tape = Tape::from_text(written_down());
    std::set<int> said;
    std::set<int> answered;
    std::set<std::uint32_t> codes;
    for (const auto& step : tape.steps) {
        v1::Frame frame;
        if (step.kind == TapeStep::Kind::in &&
            frame.ParseFromArray(step.bytes.data(), static_cast<int>(step.bytes.size())))
            said.insert(frame.body_case());
    }
    for (const auto& answers : tape.answers) {
        for (const auto& [connection, bytes] : answers) {
            v1::Frame frame;
            REQUIRE(frame.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
            answered.insert(frame.body_case());
            if (frame.has_failure()) codes.insert(frame.failure().code());
            if (frame.has_goodbye()) codes.insert(frame.goodbye().code());
        }
    }
    using F = v1::Frame;
    for (const int kind :
         {F::kHello, F::kProve, F::kPing, F::kCreatePartnership, F::kSubmit, F::kSubscribe, F::kAck,
          F::kDeliveryQuery, F::kHeadQuery, F::kPutKeyPackages, F::kTakeKeyPackages, F::kPutLease,
          F::kTakeLeases, F::kDropBlob})
        CHECK_MESSAGE(said.contains(kind), kind);
    for (const int kind :
         {F::kHelloReply, F::kReady, F::kGoodbye, F::kFailure, F::kPong, F::kSubmitResult,
          F::kDeliver, F::kQueueEmpty, F::kDeliveryCounts, F::kKeyPackageCount, F::kKeyPackages,
          F::kLeaseStored, F::kLeases, F::kBlobDropped})
        CHECK_MESSAGE(answered.contains(kind), kind);
    for (const auto code : {Errc::version_refused, Errc::feature_refused, Errc::bad_frame,
                            Errc::stale, Errc::id_reused, Errc::not_authenticated})
        CHECK_MESSAGE(codes.contains(number(code)), name(code));
}

TEST_CASE("a tape survives being written down, and rubbish is refused with its line") {
    const auto text = written_down();
    const auto tape = Tape::from_text(text);
    const auto again = Tape::from_text(tape.text());
    CHECK(again.steps == tape.steps);
    CHECK(again.answers == tape.answers);
    CHECK_THROWS_WITH(Tape::from_text("relay 00\n> 1 xx\n"), "line 2: not hexadecimal");
    CHECK_THROWS_WITH(Tape::from_text("shout 1\n"), "line 1: there is no such step");
    CHECK_THROWS(Tape::from_text("< 1 00\n"));
}

TEST_CASE("a hello of a later version gets version_refused, whatever else it holds") {
    REQUIRE(initialise_crypto());
    const auto tape = Tape::from_text(written_down());
    const Folder folder;
    const auto store = store_in(folder);
    TapePlayer player(*store, folder.path().string(), tape.relay_seed, tape.time_ms);
    v1::Hello hello;
    hello.set_version(2);
    auto later = hello.SerializeAsString();
    const std::vector<std::string> all = {
        later,
        later + "\x12\x03\x01\x02\x03",             // features that nobody knows
        later + std::string("\x1a\x01x", 3),        // a nonce of another length
        later + "\xa2\x06\x05later",                // field 100
        later + std::string("\x28\x63", 2),         // kind 99
        later + "\x22\x30" + std::string(48, 'p'),  // longer ids
    };
    unsigned number_of = 0;
    for (const auto& one : all) {
        CAPTURE(number_of);
        v1::Frame known;
        REQUIRE(known.mutable_hello()->ParseFromString(one));
        std::string frame = "\x12" + std::string(1, static_cast<char>(one.size())) + one;
        for (const auto* more : {"", "\xfa\x07\x03new"}) {  // and field 127 of the frame
            (void)player.play({TapeStep::Kind::open, number_of, Bytes(64, 1)});
            const auto heard =
                player.play({TapeStep::Kind::in, number_of, to_bytes(view(frame + more))});
            REQUIRE(heard.size() == 1);
            v1::Frame answer;
            REQUIRE(answer.ParseFromArray(heard[0].second.data(),
                                          static_cast<int>(heard[0].second.size())));
            CHECK(answer.goodbye().code() == number(Errc::version_refused));
            CHECK(answer.goodbye().reconnect_after_ms() == 0);
            ++number_of;
        }
    }
    // A kind of frame that only later versions know is no Hello.
    (void)player.play({TapeStep::Kind::open, number_of, Bytes(64, 1)});
    const auto heard = player.play(
        {TapeStep::Kind::in, number_of, to_bytes(view(std::string_view("\xfa\x07\x03new")))});
    REQUIRE(heard.size() == 1);
    v1::Frame answer;
    REQUIRE(
        answer.ParseFromArray(heard[0].second.data(), static_cast<int>(heard[0].second.size())));
    CHECK(answer.goodbye().code() == number(Errc::not_authenticated));
}
