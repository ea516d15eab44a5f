#include "client_net_world.hpp"

#include <stdexcept>

namespace huecry::test {
namespace {

constexpr std::chrono::seconds long_enough{20};

template <class IdType>
IdType random_id(crypto::Random& random) {
    return *IdType::from(random.bytes(IdType::size));
}

}  // namespace

Relay::Relay() { start(); }

void Relay::start() {
    Process::Options options;
    options.program = HUECRY_RELAY;
    options.arguments = {
        "serve",    "--json",
        "--data",   folder_.path() / "data",
        "--listen", "127.0.0.1:" + std::to_string(address_.host.empty() ? 0 : address_.port)};
    process_ = std::make_unique<Process>(options);
    const std::string before = "\"address\":\"";
    const auto line = process_->read_until(before);
    if (!line) throw std::runtime_error("the relay does not start: " + process_->errors());
    const auto begin = line->find(before) + before.size();
    const auto parsed = RelayAddress::parse(line->substr(begin, line->find('"', begin) - begin));
    if (!parsed) throw std::runtime_error("address: " + *line);
    address_ = *parsed;
}

void Relay::kill() { process_->kill(); }

void Listener::up(const v1::Ready&, std::uint64_t relay_time_ms) {
    const std::lock_guard lock(mutex_);
    ++ups_;
    time_ms_ = relay_time_ms;
    changed_.notify_all();
}

void Listener::frame(const v1::Frame& frame) {
    const std::lock_guard lock(mutex_);
    frames_.push_back(frame);
    changed_.notify_all();
}

void Listener::down(const Error& why, bool will_retry, std::chrono::milliseconds retry_in) {
    const std::lock_guard lock(mutex_);
    downs_.push_back({why.code, will_retry, retry_in});
    changed_.notify_all();
}

template <class Predicate>
bool Listener::wait(Predicate predicate) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, long_enough, predicate);
}

bool Listener::wait_up(int n) {
    return wait([&] { return ups_ >= n; });
}

Listener::Down Listener::wait_down(std::size_t n) {
    if (!wait([&] { return downs_.size() >= n; })) throw std::runtime_error("no down");
    const std::lock_guard lock(mutex_);
    return downs_[n - 1];
}

v1::Frame Listener::wait_frame(const std::function<bool(const v1::Frame&)>& wanted) {
    v1::Frame out;
    const auto look = [&] {
        for (const auto& f : frames_)
            if (wanted(f)) {
                out = f;
                return true;
            }
        return false;
    };
    if (!wait(look)) throw std::runtime_error("no such frame");
    return out;
}

std::uint64_t Listener::relay_time_ms() {
    const std::lock_guard lock(mutex_);
    return time_ms_;
}

std::size_t Listener::downs() {
    const std::lock_guard lock(mutex_);
    return downs_.size();
}

Founder::Founder(const RelayAddress& at) : relay(at) {
    crypto::SystemRandom random;
    const auto root = signing_key_from_seed(random.bytes(32));
    const auto next = signing_key_from_seed(random.bytes(32));
    const auto own = std::make_shared<SigningKey>(signing_key_from_seed(random.bytes(32)));
    key = own;
    device = device_id_of(own->public_key);
    channel = random_id<ChannelId>(random);
    directory::Genesis g;
    g.root_key = root.public_key;
    g.next_root_hash = directory::root_hash(next.public_key);
    g.relay_key = relay.key.value_or(PublicKey());
    g.relay_port = relay.port;
    g.relay_host = relay.host;
    g.member = random_id<MemberId>(random);
    g.signing_key = own->public_key;
    g.sealing_key = random_id<PublicKey>(random);
    g.member_name_hash = random_id<Digest>(random);
    g.organisation = random_id<OrganisationId>(random);
    g.organisation_name_hash = random_id<Digest>(random);
    g.partnership_name_hash = random_id<Digest>(random);
    g.all_members = directory::all_members_channel(channel, random_id<Digest>(random), device);
    const auto statement = directory::make_genesis(random_id<directory::Nonce>(random), g);
    const auto signed_statement = directory::sign_genesis(statement, root, *own);
    partnership = directory::partnership_id(statement.encode());
    genesis = to_string(signed_statement.encode());
}

net::Identity Founder::as(ClientKind kind) const {
    net::Identity out;
    out.relay = relay;
    out.partnership = partnership;
    out.kind = kind;
    const auto id = device.view();
    std::copy(id.begin(), id.end(), out.subject.begin());
    out.key = key;
    return out;
}

void on_thread(net::Runtime& runtime, const std::function<void()>& f) {
    // Shared: the waiter may be gone before set_value has returned.
    const auto done = std::make_shared<std::promise<void>>();
    auto finished = done->get_future();
    runtime.post([&f, done] {
        f();
        done->set_value();
    });
    finished.wait();
}

void found(net::Runtime& runtime, const Founder& founder) {
    Listener listener;
    net::Session session(runtime, listener);
    std::unique_ptr<net::Link> link;
    std::promise<Result<v1::Frame>> answer;
    on_thread(runtime, [&] {
        link = runtime.make_link(founder.as(ClientKind::founder), session.listener());
        session.attach(*link);
        link->start();
    });
    REQUIRE(listener.wait_up(1));
    on_thread(runtime, [&] {
        v1::Frame frame;
        frame.mutable_create_partnership()->set_genesis(founder.genesis);
        session.request(std::move(frame), long_enough,
                        [&](Result<v1::Frame> r) { answer.set_value(std::move(r)); });
    });
    const auto result = answer.get_future().get();
    const auto problem = result ? std::string() : result.error().text();
    on_thread(runtime, [&] { link.reset(); });
    CAPTURE(problem);
    REQUIRE(result.ok());
    REQUIRE(result->submit_result().accepted_size() == 1);
    CHECK(result->submit_result().accepted(0).seq() == 1);
}

}  // namespace huecry::test
