#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

#include "blobs/lease_store.hpp"
#include "delivery/core.hpp"
#include "huecry/directory/build.hpp"
#include "huecry/v1/frame.pb.h"
#include "huecry/wire/codec.hpp"
#include "store/sqlcipher_store.hpp"

// A relay without a network: core over a real store, a clock that is set, clients that build their
// frames by hand.
namespace huecry::relay::test {

constexpr std::uint64_t start_ms = 1'800'000'000'000;
constexpr std::uint64_t day_ms = 86'400'000;

class Folder {
public:
    Folder() {
        std::string name = std::filesystem::temp_directory_path() / "relay-test-XXXXXX";
        path_ = ::mkdtemp(name.data());
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

struct FakeClock final : Clock {
    std::uint64_t wall = start_ms;
    std::uint64_t steady = 1000;
    [[nodiscard]] std::uint64_t wall_ms() const override { return wall; }
    [[nodiscard]] std::uint64_t steady_ms() const override { return steady; }
    void pass(std::uint64_t ms) {
        wall += ms;
        steady += ms;
    }
};

struct FakeRandom final : Random {
    std::mt19937_64 engine{7};
    void fill(std::span<std::uint8_t> out) override {
        for (auto& b : out) b = static_cast<std::uint8_t>(engine());
    }
    Bytes bytes(std::size_t n) {
        Bytes out(n);
        fill(out);
        return out;
    }
    template <class T>
    T id() {
        return T::from(bytes(T::size)).value();
    }
};

struct FakeOutlet final : Outlet {
    std::vector<v1::Frame> frames;
    std::vector<EncodedFrame> encoded;
    std::optional<Errc> goodbye;
    std::uint32_t reconnect = 0;
    std::size_t queued = 0;
    std::function<void()> hurried = [] {};
    bool waits = false;
    void hurry() override { hurried(); }
    void tell_when_writable() override { waits = true; }
    void send(EncodedFrame frame) override {
        REQUIRE(!goodbye);
        v1::Frame out;
        REQUIRE(out.ParseFromString(*frame));
        frames.push_back(std::move(out));
        encoded.push_back(std::move(frame));
    }
    [[nodiscard]] std::size_t queued_bytes() const override { return queued; }
    void close(Errc code, std::uint32_t after) override {
        goodbye = code;
        reconnect = after;
    }
};

/// Passes on to a real store, and fails commits when told to.
class FailingStore final : public Store {
public:
    explicit FailingStore(Store& inner) : inner_(inner) {}
    std::optional<Errc> failure;
    std::optional<Errc> truncation_failure;
    std::map<std::string_view, Errc> unreadable;  // by the name of the call
    std::size_t truncations = 0;
    std::optional<std::uint64_t> reusable;
    std::function<void()> before_commit = [] {};
    std::uint64_t reads = 0;  // what was looked up for somebody's question
    std::uint64_t changes = 0;

    Result<void> commit(std::span<const Write> writes) override {
        before_commit();
        changes += writes.size();
        if (failure) return *failure;
        return inner_.commit(writes);
    }
    Result<bool> truncate_log() override {
        ++truncations;
        if (truncation_failure) return *truncation_failure;
        return inner_.truncate_log();
    }
    std::uint64_t reusable_bytes() override {
        return reusable ? *reusable : inner_.reusable_bytes();
    }
    std::vector<std::uint64_t> take_sync_times() override { return inner_.take_sync_times(); }
    Result<std::vector<PartnershipId>> partnerships() override { return inner_.partnerships(); }
    Result<PartnershipRows> load(const PartnershipId& p) override {
        if (const auto code = broken("load")) return *code;
        return inner_.load(p);
    }
    Result<std::vector<StoredEntry>> entries(const PartnershipId& p, const StreamRef& s,
                                             std::uint64_t from, std::size_t n,
                                             std::size_t bytes) override {
        ++reads;
        if (const auto code = broken("entries")) return *code;
        return inner_.entries(p, s, from, n, bytes);
    }
    Result<std::uint64_t> body_bytes(const PartnershipId& p, const StreamRef& s, std::uint64_t a,
                                     std::uint64_t b) override {
        return inner_.body_bytes(p, s, a, b);
    }
    Result<std::optional<AcceptanceRow>> acceptance(const PartnershipId& p, const StreamRef& s,
                                                    const DeviceId& d,
                                                    const MessageId& id) override {
        ++reads;
        if (const auto code = broken("acceptance")) return *code;
        return inner_.acceptance(p, s, d, id);
    }
    Result<std::optional<Bytes>> key_package(const PartnershipId& p, const DeviceId& d,
                                             const Digest& digest) override {
        ++reads;
        if (const auto code = broken("key_package")) return *code;
        return inner_.key_package(p, d, digest);
    }
    Result<std::vector<BlobRow>> blobs() override { return inner_.blobs(); }
    Result<std::vector<DueEntry>> due(std::uint64_t now, std::size_t max) override {
        if (const auto code = broken("due")) return *code;
        return inner_.due(now, max);
    }
    Result<std::optional<std::uint64_t>> code(const Digest& d) override {
        if (const auto code = broken("code")) return *code;
        return inner_.code(d);
    }
    Result<std::optional<std::uint64_t>> meta(std::string_view n) override {
        return inner_.meta(n);
    }
    Result<void> check() override { return inner_.check(); }

private:
    [[nodiscard]] std::optional<Errc> broken(std::string_view call) const {
        const auto found = unreadable.find(call);
        return found == unreadable.end() ? std::nullopt : std::optional(found->second);
    }

    Store& inner_;
};

struct World;

/// Writes down what clients do.
struct Scribe {
    virtual ~Scribe() = default;
    /// Of the next connection.
    virtual std::array<std::uint8_t, 32> exporter() = 0;
    virtual void opened(ConnectionId connection) = 0;
    virtual void sent(ConnectionId connection, const std::string& frame) = 0;
    virtual void flushed() = 0;
    virtual void closed(ConnectionId connection) = 0;
    /// What the relay draws for this connection's nonce, if that is wanted.
    virtual std::optional<Bytes> nonce() = 0;
};

/// One client connection with its key.
struct Client {
    World& world;
    SigningKey key;
    PublicKey sealing;
    std::unique_ptr<FakeOutlet> outlet = std::make_unique<FakeOutlet>();
    ConnectionId connection = 0;
    std::uint64_t request = 0;

    [[nodiscard]] DeviceId id() const { return device_id_of(key.public_key); }
    /// Hello and Prove; the Ready, or what the relay said instead.
    std::optional<v1::Ready> connect(ClientKind kind = ClientKind::device,
                                     const Peer& peer = {true, 0});
    std::uint64_t send(v1::Frame frame);
    /// As it is, without a number.
    void say(const v1::Frame& frame);
    /// Sends, flushes, and takes the answer out of what has arrived.
    v1::Frame ask(v1::Frame frame);
    std::optional<v1::Frame> answer_to(std::uint64_t number);
    /// Everything pushed so far, taken out.
    std::vector<v1::Frame> pushed();
    std::vector<v1::Entry> entries(const StreamRef& stream);
    void subscribe(const StreamRef& stream, std::uint64_t from = 0);
    void ack(const StreamRef& stream, std::uint64_t seq);
};

struct World {
    Folder folder;
    FakeClock clock;
    FakeRandom random;
    Scribe* scribe = nullptr;
    /// The relay's: from `random`, unless a scribe has it otherwise.
    struct RelayRandom final : Random {
        explicit RelayRandom(World& of) : world(of) {}
        World& world;
        void fill(std::span<std::uint8_t> out) override;
    } relay_random{*this};
    SigningKey relay;
    SigningKey root;
    Bytes store_key;
    std::unique_ptr<Store> inner;
    std::unique_ptr<FailingStore> store;
    std::unique_ptr<LeaseStore> leases;
    std::unique_ptr<BlobService> blobs;
    std::unique_ptr<Core> core;
    PartnershipId partnership;
    ChannelId all_members;
    std::uint64_t quota = 0;
    std::uint64_t max_hand_over = 0;
    std::function<std::uint64_t()> free_bytes;
    std::unique_ptr<Client> founder;

    World() {
        REQUIRE(initialise_crypto());
        relay = signing_key_from_seed(random.bytes(32));
        root = signing_key_from_seed(random.bytes(32));
        store_key = random.bytes(32);
        start();
    }

    void start() {
        auto opened = open_sqlcipher_store(folder.path() / "relay.db", store_key);
        REQUIRE(opened.ok());
        inner = std::move(*opened);
        store = std::make_unique<FailingStore>(*inner);
        auto lease = LeaseStore::open(folder.path() / "leases.db", store_key, random);
        REQUIRE(lease.ok());
        leases = std::move(*lease);
        blobs = std::make_unique<BlobService>(folder.path() / "blobs", clock);
        auto made = Core::open({{relay.clone(), true, quota, 0, 0, max_hand_over},
                                clock,
                                relay_random,
                                *store,
                                *leases,
                                *blobs,
                                [](auto, auto, auto) {},
                                free_bytes});
        REQUIRE(made.ok());
        core = std::move(*made);
    }
    /// As after a kill: nothing is said, memory is gone.
    void restart() {
        core.reset();
        blobs.reset();
        leases.reset();
        store.reset();
        inner.reset();
        start();
    }

    std::unique_ptr<Client> client() {
        return std::make_unique<Client>(
            Client{*this, signing_key_from_seed(random.bytes(32)), random.id<PublicKey>()});
    }

    /// The directory as anybody reads it.
    directory::State state() {
        std::optional<directory::State> out;
        const auto log = store->entries(partnership, {}, 0, 4000, 1 << 24);
        REQUIRE(log.ok());
        for (const auto& e : *log) {
            if (!out) {
                auto made = directory::State::from_genesis(e.header, e.body);
                REQUIRE(made.ok());
                out.emplace(std::move(*made));
            } else {
                REQUIRE(out->apply(e.header, e.body).ok());
            }
        }
        return std::move(out.value());
    }
    void hang_up(Client& who);
    void flush();
    directory::SignedStatement genesis(Client& who);
    /// The founder connected as a device.
    void found();
    v1::Frame statement_frame(const directory::SignedStatement& statement);
    v1::Frame by(Client& who, directory::Body body);
    /// Invited in person by the founder, admitted, connected.
    std::unique_ptr<Client> join(directory::Role role = directory::Role::retailer);
    StreamRef channel() const { return StreamRef::channel(all_members, 1); }

    /// A PrivateMessage as the relay sees one.
    Bytes mls(EntryKind kind, std::uint64_t epoch, std::size_t size = 100,
              std::optional<StreamRef> stream = std::nullopt);
    v1::Frame submission(EntryKind kind, std::uint64_t epoch, std::uint64_t handshake_seq,
                         std::uint64_t lifetime_ms = 3'600'000);
    void add_item(v1::Frame& frame, EntryKind kind, std::uint64_t epoch,
                  std::uint64_t lifetime_ms = 3'600'000);
    /// Stocks packages for `joiner` and has `by` commit its addition.
    v1::Frame add_member(Client& by, Client& joiner, std::uint64_t epoch,
                         std::uint64_t handshake_seq);
    std::string stock(Client& who, std::size_t n = 1);
};

std::uint32_t code_of(const v1::Frame& frame);
inline std::uint32_t number(Errc code) { return static_cast<std::uint32_t>(code); }

}  // namespace huecry::relay::test
