#include "sim/world.hpp"

#include <sodium.h>
#include <unistd.h>

#include "huecry/directory/build.hpp"
#include "huecry/directory/invite_keys.hpp"

namespace huecry::sim {

struct Newcomer {
    SigningKey one_time, device;
};

namespace {

SigningKey new_key(SeededRandom& random) {
    return signing_key_from_seed(random.crypto::Random::bytes(32));
}

content::v1::NameRecord name(SeededRandom& random, std::uint32_t kind, BytesView id,
                             const std::string& text) {
    content::v1::NameRecord out;
    out.set_kind(kind);
    out.set_id(to_string(id));
    out.set_salt(to_string(random.crypto::Random::bytes(16)));
    out.set_name(text);
    return out;
}

Digest hash_of(const content::v1::NameRecord& record) {
    return directory::name_hash(view(record.salt()), record.name());
}

/// libsodium's own randomness (a photo's stream header) comes from the seed as well.
struct Sodium {
    static SeededRandom& source() {
        static SeededRandom random(0, 0);
        return random;
    }
    static const char* implementation_name() { return "seeded"; }
    static std::uint32_t random() { return source().u32(); }
    static void buffer(void* out, std::size_t n) {
        source().fill({static_cast<std::uint8_t*>(out), n});
    }
    static void seed(std::uint64_t value) {
        static randombytes_implementation made{
            &implementation_name, &random, nullptr, nullptr, &buffer, nullptr};
        static const bool set = randombytes_set_implementation(&made) == 0 && initialise_crypto();
        if (!set) std::abort();
        source() = SeededRandom(value, 3);
    }
};

/// Real files (blobs, markers) of this process; gone when it ends.
struct Scratch {
    std::string path;
    Scratch() {
        std::string made = std::filesystem::temp_directory_path() / "sim-XXXXXX";
        if (::mkdtemp(made.data()) == nullptr) std::abort();
        path = made + "/";
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    static const std::string& get() {
        static const Scratch scratch;
        return scratch.path;
    }
};

}  // namespace

World::World(Options options)
    : network((Sodium::seed(options.seed), options.seed), 1),
      story(options.seed, 4),
      options_(std::move(options)),
      witness_(std::make_unique<Witness>(*this, options_.honest)) {
    SeededRandom keys(options_.seed, 5);
    root_ = new_key(keys);
    relay_key_ = new_key(keys);
    relays_.push_back(std::make_unique<RelayHost>(
        clockwork, network, options_.seed, relay_key_.clone(),
        RelayHost::Options{Scratch::get() + "relay0/", options_.real_store, 0, options_.wrap}));
    if (relay().start())
        found();
    else
        witness_->fail("the relay does not start: " + relay().trouble());
    if (!nodes_.empty())
        run_until([&] { return founder().running() && founder().engine().settled(); }, minute);
}

World::~World() = default;

std::string World::folder(std::size_t slot) const {
    return Scratch::get() + "node" + std::to_string(slot) + "/";
}

// -- time

bool World::step(Moment limit) {
    if (!clockwork.step(limit)) return false;
    for (const auto& node : nodes_) node->after_event();
    witness_->after_event();
    return true;
}

void World::run(Moment duration) {
    const auto end = clockwork.now() + duration;
    while (step(end)) {
    }
}

bool World::run_until(const std::function<bool()>& done, Moment limit) {
    const auto end = clockwork.now() + limit;
    while (!done())
        if (!step(end)) return done();
    return true;
}

// -- founding

void World::found() {
    SeededRandom random(options_.seed, 6);
    auto device = new_key(random);
    directory::Genesis g;
    g.root_key = root_.public_key;
    g.next_root_hash = directory::root_hash(new_key(random).public_key);
    g.relay_key = relay_key_.public_key;
    g.relay_host = "relay.example";
    g.member = random.id<MemberId>();
    g.signing_key = device.public_key;
    g.sealing_key = sealing_public(device);
    g.organisation = random.id<OrganisationId>();
    all_members_ = random.id<ChannelId>();
    const auto member = name(random, 1, g.member.view(), "Ada");
    const auto organisation = name(random, 2, g.organisation.view(), "Town");
    const auto everyone = name(random, 3, all_members_.view(), "all-members");
    auto town = name(random, 4, {}, "Town");
    g.member_name_hash = hash_of(member);
    g.organisation_name_hash = hash_of(organisation);
    g.partnership_name_hash = hash_of(town);
    g.all_members = directory::all_members_channel(all_members_, hash_of(everyone),
                                                   device_id_of(device.public_key));
    const auto statement = directory::make_genesis(random.id<directory::Nonce>(), g);
    const auto genesis = directory::sign_genesis(statement, root_, device);
    partnership_ = directory::partnership_id(statement.encode());
    town.set_id(to_string(partnership_.view()));

    net::Identity identity;
    identity.relay.key = relay_key_.public_key;
    identity.partnership = partnership_;
    identity.kind = ClientKind::founder;
    identity.subject = StreamRef::mailbox(device_id_of(device.public_key)).id;
    identity.key = std::make_shared<const SigningKey>(device.clone());
    {
        RawPeer peer(relay(), random, identity);
        v1::Frame frame;
        frame.mutable_create_partnership()->set_genesis(to_string(genesis.encode()));
        const auto ready = peer.connect();
        const auto answer = ready ? peer.ask(frame) : Result<v1::Frame>(ready.error());
        if (!answer) return witness_->fail("not founded: " + answer.error().text());
    }
    add_node(std::move(device), {member, organisation, everyone, town});
}

Node& World::add_node(SigningKey device, std::vector<content::v1::NameRecord> names) {
    Node::Options options;
    options.number = nodes_.size();
    options.folder = folder(nodes_.size());
    options.journaled = options_.client_journals;
    options.seed = options_.seed;
    options.partnership = partnership_;
    options.relay_key = relay_key_.public_key;
    if (options_.wrong_clocks)
        options.clock_offset_ms = static_cast<std::int64_t>(story.below(240'000)) - 120'000;
    options.names = std::move(names);
    options.device = std::move(device);
    nodes_.push_back(
        std::make_unique<Node>(clockwork, network, *witness_, relay(), std::move(options)));
    restart(*nodes_.back());
    return *nodes_.back();
}

bool World::restart(Node& node) {
    if (node.lost() || node.running()) return node.running();
    if (!node.start()) {
        witness_->fail("node " + std::to_string(node.number()) +
                       " does not start: " + node.trouble());
        return false;
    }
    if (options_.tamper) options_.tamper(node);
    return true;
}

Node* World::find(const DeviceId& id) {
    for (const auto& node : nodes_)
        if (node->id() == id) return node.get();
    return nullptr;
}

RelayHost& World::fork() {
    const auto name = Scratch::get() + "relay" + std::to_string(relays_.size()) + "/";
    auto host = std::make_unique<RelayHost>(clockwork, network, options_.seed + relays_.size(),
                                            relay_key_.clone(), RelayHost::Options{name});
    if (!host->restore(relay().snapshot())) witness_->fail("the fork: " + host->trouble());
    relays_.push_back(std::move(host));
    return *relays_.back();
}

const directory::State& World::directory() {
    if (directory_ && relay().up()) {
        // Put back to a backup, it is another directory.
        const auto last = relay().store().entries(partnership_, {}, directory_->index() - 1, 1, 1);
        if (last && (last->empty() || chain_next(last->front().previous, last->front().header) !=
                                          directory_->running_hash()))
            directory_.reset();
    }
    const auto from = directory_ ? directory_->index() : 0;
    const auto log = relay().up() ? relay().store().entries(partnership_, {}, from, 4000, 1U << 24U)
                                  : Result<std::vector<relay::StoredEntry>>(Errc::unreachable);
    if (!log) return *directory_;
    for (const auto& entry : *log) {
        if (!directory_) {
            auto made = directory::State::from_genesis(entry.header, entry.body);
            if (!made) std::abort();
            directory_.emplace(std::move(*made));
        } else if (auto applied = directory_->apply(entry.header, entry.body); !applied) {
            witness_->fail("the relay's directory: " + applied.error().text());
            break;
        }
    }
    return *directory_;
}

// -- people

void World::begin_join(Node& inviter, const Invitation& invitation) {
    if (!inviter.running() || !inviter.engine().directory().known()) return;
    const auto secret = story.crypto::Random::bytes(32);
    const auto keys = directory::invite_keys(secret);
    auto newcomer = std::make_shared<Newcomer>(Newcomer{keys->signing.clone(), new_key(story)});
    directory::InviteIssued body;
    body.one_time_key = keys->signing.public_key;
    body.seal_key = keys->seal_public;
    body.member = story.id<MemberId>();
    body.member_name_hash = story.id<Digest>();
    body.organisation = story.id<OrganisationId>();
    body.organisation_name_hash = story.id<Digest>();
    body.role = invitation.role;
    body.in_person = invitation.in_person;
    body.channels = invitation.channels;
    body.lifetime_ms = 7ULL * 86'400'000;
    inviter.engine().submit_statement(body, [this, newcomer](const Result<std::uint64_t>& done) {
        if (!done) return;
        clockwork.at(story.between(10 * ms, 2 * second), [this, newcomer] { redeem(newcomer, 0); });
    });
}

/// As api/open.cpp does: the same bytes again until the outcome is known.
void World::redeem(std::shared_ptr<Newcomer> newcomer, unsigned tries) {
    net::Identity identity;
    identity.relay.key = relay_key_.public_key;
    identity.partnership = partnership_;
    identity.kind = ClientKind::invite;
    const auto invite = invite_id_of(newcomer->one_time.public_key);
    identity.subject = StreamRef::mailbox(*DeviceId::from(invite.view())).id;
    identity.key = std::make_shared<const SigningKey>(newcomer->one_time.clone());
    const auto again = [&] {
        if (tries < 20)
            clockwork.at(5 * second, [this, newcomer, tries] { redeem(newcomer, tries + 1); });
    };
    if (!relay().up()) return again();
    if (directory().device(device_id_of(newcomer->device.public_key)) == nullptr) {
        RawPeer peer(relay(), story, identity);
        if (const auto ready = peer.connect(); !ready) {
            if (retryable(ready.error().code)) again();
            return;
        }
        const directory::DeviceAdmitted admitted{invite, newcomer->device.public_key,
                                                 sealing_public(newcomer->device)};
        const auto answer = peer.state(directory::sign_admission(
            directory::make_statement(directory(), story.id<directory::Nonce>(), admitted),
            newcomer->one_time, newcomer->device));
        if (!answer) {
            if (retryable(answer.error().code)) again();
            return;
        }
    }
    add_node(newcomer->device.clone(), {});
}

Node* World::join(const Invitation& invitation) {
    const auto before = nodes_.size();
    begin_join(founder(), invitation);
    if (!run_until([&] { return nodes_.size() > before; }, 2 * minute)) return nullptr;
    return nodes_.back().get();
}

Result<std::uint64_t> World::state(Node& by, directory::Body body) {
    if (!by.running()) return Errc::unreachable;
    auto outcome = std::make_shared<std::optional<Result<std::uint64_t>>>();
    by.engine().submit_statement(std::move(body), [outcome](Result<std::uint64_t> done) {
        outcome->emplace(std::move(done));
    });
    if (!run_until([&] { return outcome->has_value(); }, minute)) return Errc::timed_out;
    return **outcome;
}

directory::Channel World::channel(const Node& creator, directory::RoleMask roles) {
    directory::Channel out;
    out.id = story.id<ChannelId>();
    out.name_hash = story.id<Digest>();
    out.read_roles = out.post_roles = roles;
    out.max_alert_s = limits::alert_expiry_max_s;
    out.max_photo_s = limits::alert_photo_max_s;
    out.creator = creator.id();
    return out;
}

Result<v1::Frame> World::state_raw(const directory::SignedStatement& statement, const Node& as) {
    net::Identity identity;
    identity.relay.key = relay_key_.public_key;
    identity.partnership = partnership_;
    identity.subject = StreamRef::mailbox(as.id()).id;
    identity.key = std::make_shared<const SigningKey>(as.key().clone());
    RawPeer peer(relay(), story, identity);
    if (const auto ready = peer.connect(); !ready) return ready.error();
    return peer.state(statement);
}

// -- in the end

bool World::quiet(Moment limit) {
    if (!relay().start()) {
        witness_->fail("the relay does not start again: " + relay().trouble());
        return false;
    }
    for (const auto& host : relays_)
        if (!host->up()) host->start();
    for (const auto& node : nodes_) {
        node->line.cut = false;
        node->resume();
        if (!node->lost()) restart(*node);
    }
    const bool rested = run_until(
        [&] {
            for (const auto& node : nodes_)
                if (!node->running() && !node->lost()) restart(*node);
            return witness_->unrest().empty();
        },
        limit);
    if (!rested) witness_->fail("no rest: " + witness_->unrest());
    // Whoever is nobody's witness may still be talking: not into the last moment.
    for (const auto& node : nodes_)
        if (witness_->distrusts(*node)) node->stop();
    run(5 * second);  // what is left to be shown
    witness_->finish();
    return rested;
}

}  // namespace huecry::sim
