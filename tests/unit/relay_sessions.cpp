#include "relay_sessions.hpp"

#include "huecry/limits.hpp"
#include "huecry/wire/transcript.hpp"

namespace huecry::relay::test {

using huecry::test::Tape;
using huecry::test::TapePlayer;
using huecry::test::TapeStep;

std::array<std::uint8_t, 32> Recorder::exporter() {
    std::array<std::uint8_t, 32> out{};
    out.fill(static_cast<std::uint8_t>(next_ + 1));
    return out;
}

void Recorder::opened(ConnectionId connection) {
    numbers_[connection] = next_;
    steps_.push_back(
        {TapeStep::Kind::open, next_, Bytes(64, static_cast<std::uint8_t>(next_ + 1))});
    ++next_;
}

void Recorder::sent(ConnectionId connection, const std::string& frame) {
    steps_.push_back({TapeStep::Kind::in, numbers_.at(connection), to_bytes(view(frame))});
}

void Recorder::flushed() { steps_.push_back({TapeStep::Kind::commit}); }

void Recorder::closed(ConnectionId connection) {
    steps_.push_back({TapeStep::Kind::close, numbers_.at(connection)});
}

std::optional<Bytes> Recorder::nonce() { return Bytes(32, static_cast<std::uint8_t>(next_)); }

void Recorder::passed(std::uint64_t ms) {
    steps_.push_back({.kind = TapeStep::Kind::pass, .ms = ms});
}

std::vector<TapeStep> Recorder::cut() {
    next_ = 0;
    return std::exchange(steps_, {});
}

namespace {

/// A world whose clients are written down.
struct Stage : World {
    Recorder recorder;
    std::unique_ptr<Client> shop;
    std::unique_ptr<Client> guard;
    std::uint64_t epoch = 0;
    std::uint64_t handshake = 0;  // where the last one stands
    Sessions out;

    Stage() {
        scribe = &recorder;
        out.relay_seed = to_bytes(relay.seed.view());
        out.time_ms = clock.wall;
    }
    void pass(std::uint64_t ms) {
        recorder.passed(ms);
        clock.pass(ms);
        core->tick();
        flush();
    }
    void everybody(void (Stage::*does)(Client&)) {
        for (auto* one : {founder.get(), shop.get(), guard.get()}) (this->*does)(*one);
    }
    void leave(Client& who) { hang_up(who); }
    void enter(Client& who) { REQUIRE(who.connect().has_value()); }
    void follow(Client& who) {
        who.subscribe(StreamRef::directory());
        who.subscribe(StreamRef::mailbox(who.id()));
        who.subscribe(channel());
        flush();
    }
    void close_section(const std::string& name) {
        everybody(&Stage::leave);
        auto steps = recorder.cut();
        if (name.empty()) {
            out.town = std::move(steps);
        } else {
            out.more[name] = std::move(steps);
        }
    }
    void commit(v1::Frame frame) {
        const auto answer = founder->ask(std::move(frame));
        REQUIRE(answer.has_submit_result());
        handshake = answer.submit_result().accepted(0).seq();
        ++epoch;
    }
    void add(Client& joiner) { commit(add_member(*founder, joiner, epoch, handshake)); }
    v1::Frame alert() { return submission(EntryKind::application, epoch, handshake); }
    void set_channel(v1::Stream& stream) const {
        stream.set_kind(2);
        stream.set_id(to_string(all_members.view()));
        stream.set_incarnation(1);
    }

    void town();
    void alerts();
    void photos();
    void administration();
    void refusals();
    void strangers();
};

void Stage::town() {
    found();
    commit(submission(EntryKind::handshake, 0, 0));
    shop = join();
    out.member_seed = to_bytes(shop->key.seed.view());
    guard = join(directory::Role::security);
    add(*shop);
    add(*guard);
    close_section("");
}

void Stage::alerts() {
    everybody(&Stage::enter);
    everybody(&Stage::follow);
    auto frame = alert();
    const auto first = shop->ask(frame);
    REQUIRE(first.has_submit_result());
    REQUIRE(shop->ask(frame).submit_result().repeat());
    for (auto* one : {founder.get(), guard.get()})
        one->ack(channel(), first.submit_result().accepted(0).seq());
    pass(2000);
    v1::Frame query;
    set_channel(*query.mutable_delivery_query()->mutable_stream());
    query.mutable_delivery_query()->add_seqs(first.submit_result().accepted(0).seq());
    REQUIRE(shop->ask(query).has_delivery_counts());
    v1::Frame heads;
    set_channel(*heads.mutable_head_query()->mutable_stream());
    REQUIRE_FALSE(shop->ask(heads).has_failure());
    v1::Frame ping;
    ping.mutable_ping();
    REQUIRE(guard->ask(ping).has_pong());
    auto two = alert();  // two alerts in one submission
    add_item(two, EntryKind::application, epoch);
    (void)guard->ask(two);
    pass(4'000'000);  // they expire
    close_section("alerts");
}

void Stage::photos() {
    everybody(&Stage::enter);
    const auto blob = random.id<BlobId>();
    v1::Frame put;
    auto& lease = *put.mutable_put_lease();
    set_channel(*lease.mutable_channel());
    lease.set_blob(to_string(blob.view()));
    lease.set_share(to_string(random.bytes(32)));
    lease.set_expiry_ms(clock.wall + day_ms);
    REQUIRE(shop->ask(put).has_lease_stored());
    v1::Frame take;
    take.mutable_take_leases()->add_blobs(to_string(blob.view()));
    REQUIRE(guard->ask(take).leases().leases_size() == 1);
    v1::Frame drop;
    drop.mutable_drop_blob()->set_blob(to_string(blob.view()));
    REQUIRE(guard->ask(drop).has_failure());
    REQUIRE(shop->ask(drop).has_blob_dropped());
    REQUIRE(guard->ask(take).leases().leases_size() == 0);
    close_section("photos");
}

void Stage::administration() {
    everybody(&Stage::enter);
    everybody(&Stage::follow);
    stock(*shop, 3);
    auto newcomer = join();
    add(*newcomer);
    const auto early = alert();  // does not know of the removal
    REQUIRE(by(*founder, directory::DeviceRevoked{newcomer->id()}).has_submit_result());
    REQUIRE(by(*shop, directory::DeviceRevoked{guard->id()}).has_failure());
    REQUIRE(code_of(shop->ask(early)) == number(Errc::stale));
    commit(submission(EntryKind::handshake, epoch, handshake));
    REQUIRE(shop->ask(alert()).has_submit_result());
    close_section("administration");
}

void Stage::refusals() {
    everybody(&Stage::enter);
    auto stale = submission(EntryKind::application, epoch, handshake - 1);
    REQUIRE(code_of(shop->ask(stale)) == number(Errc::stale));
    auto other = alert();
    other.mutable_submit()->mutable_stream()->set_incarnation(9);
    REQUIRE(shop->ask(other).has_failure());
    auto reused = alert();
    REQUIRE(shop->ask(reused).has_submit_result());
    reused.mutable_submit()->mutable_items(0)->set_body(
        to_string(mls(EntryKind::application, epoch)));
    REQUIRE(code_of(shop->ask(reused)) == number(Errc::id_reused));
    auto two_kinds = alert();
    two_kinds.mutable_submit()->mutable_items(0)->set_kind(1);
    REQUIRE(shop->ask(two_kinds).has_failure());
    v1::Frame answer;  // what only relays say
    answer.mutable_ready();
    REQUIRE(guard->ask(answer).has_failure());
    close_section("refusals");
}

void Stage::strangers() {
    everybody(&Stage::enter);
    auto nobody = client();
    REQUIRE_FALSE(nobody->connect().has_value());
    REQUIRE_FALSE(shop->connect(ClientKind::invite).has_value());
    v1::Frame early;  // before its proof
    early.mutable_ping();
    const auto speak = [&](const v1::Frame& frame) {
        nobody->outlet = std::make_unique<FakeOutlet>();
        nobody->connection = core->opened(*nobody->outlet, recorder.exporter(), {true, 0});
        recorder.opened(nobody->connection);
        nobody->say(frame);
        return nobody->outlet->goodbye;
    };
    REQUIRE(speak(early).has_value());
    v1::Frame hello;
    hello.mutable_hello()->set_version(protocol_version + 1);
    REQUIRE(speak(hello) == Errc::version_refused);
    hello.mutable_hello()->set_version(protocol_version);
    hello.mutable_hello()->add_required_features(7);
    REQUIRE(speak(hello) == Errc::feature_refused);
    REQUIRE(speak(v1::Frame()).has_value());
    close_section("strangers");
}

}  // namespace

Sessions Sessions::record() {
    Stage stage;
    stage.town();
    stage.alerts();
    stage.photos();
    stage.administration();
    stage.refusals();
    stage.strangers();
    return std::move(stage.out);
}

Tape Sessions::tape(Store& store, const std::string& folder) const {
    Tape out;
    out.relay_seed = relay_seed;
    out.member_seed = member_seed;
    out.time_ms = time_ms;
    out.steps = town;
    for (const auto* name : {"alerts", "photos", "administration", "refusals", "strangers"}) {
        const auto& section = more.at(name);
        out.steps.insert(out.steps.end(), section.begin(), section.end());
    }
    TapePlayer player(store, folder, relay_seed, time_ms);
    for (const auto& step : out.steps) out.answers.push_back(player.play(step));
    return out;
}

}  // namespace huecry::relay::test
