#include "sim/node.hpp"

#include <filesystem>
#include <fstream>

#include "photos/seal.hpp"
#include "sim/blob_line.hpp"
#include "sim/relay_host.hpp"

namespace huecry::sim {
namespace {

constexpr auto file_name = "profile.db";

/// The marker in the real file system that the store looks for before it opens.
void mark(const std::string& folder) {
    if (std::filesystem::exists(folder + file_name)) return;
    std::filesystem::create_directories(folder);
    const std::ofstream marker(folder + file_name);
}

/// A new profile's database. Making the schema costs more than many a world: it is made once, and
/// copied.
DiskImage empty_profile(const std::string& folder, const SecretBytes& key) {
    static DiskImage made;
    if (!made.empty()) return made;
    std::filesystem::remove(folder + file_name);
    {
        auto db = store::Database::create(folder + file_name, key);
        if (!db) std::abort();
    }
    made = Disk::get().read(folder);
    return made;
}

SecretBytes sealing_key(const SigningKey& device) {
    return SecretBytes(labelled_hash("sealing key of a node", device.seed.view()).view());
}

}  // namespace

PublicKey sealing_public(const SigningKey& device) {
    return *PublicKey::from(crypto::x25519_public(sealing_key(device).view()));
}

Node::Node(Clockwork& clockwork, SeededRandom& network, NodeWatcher& watcher, RelayHost& relay,
           Options options)
    : clockwork_(clockwork),
      network_(network),
      watcher_(watcher),
      random_(options.seed, 100 + options.number),
      number_(options.number),
      folder_(std::move(options.folder)),
      clock_offset_ms_(options.clock_offset_ms),
      db_key_(BytesView(Bytes(32, 9))) {
    line.relay = &relay;
    line.sent_by_client = [this](const v1::Frame& f) { watcher_.frame_sent(number_, f); };
    line.sent_by_relay = [this](const v1::Frame& f) { watcher_.frame_from_relay(number_, f); };
    self_.partnership = options.partnership;
    self_.relay_key = options.relay_key;
    self_.mls_key = crypto::SigningKey::from_seed(options.device.seed.view()).value();
    self_.sealing_key = sealing_key(options.device);
    self_.key = std::make_shared<const SigningKey>(std::move(options.device));
    self_.device = device_id_of(self_.key->public_key);
    identity_.relay.key = options.relay_key;
    identity_.partnership = self_.partnership;
    identity_.subject = StreamRef::mailbox(self_.device).id;
    identity_.key = self_.key;
    auto profile = empty_profile(folder_, db_key_);
    if (options.journaled) {
        Disk::get().journal(folder_);
        for (auto& [name, file] : profile) {
            file.journaled = true;
            file.synced = file.content;
        }
    }
    Disk::get().write(folder_, std::move(profile));
    mark(folder_);
    if (options.names.empty() || !open()) return;
    for (const auto& name : options.names)
        if (!projection_->keep_name(name)) trouble_ = "a name was not kept";
    projection_->committed();
    close_files();
}

Node::~Node() {
    crash();
    Disk::get().erase(folder_);
}

domain::Context Node::context() {
    return {*db_,
            *scheduler_,
            random_,
            *clock_,
            *projection_,
            self_,
            [this](int level, std::string_view text) { watcher_.logged(number_, level, text); }};
}

bool Node::read_itself(const ChannelId& channel, const DeviceId& from, const MessageId& id) {
    auto row =
        db_->prepare("SELECT 1 FROM seen_message WHERE channel = ? AND device = ? AND id = ?");
    row.bind(channel.view()).bind(from.view()).bind(id.view());
    const auto found = row.step();
    return found && *found;
}

bool Node::open() {
    auto db = store::Database::open(folder_ + file_name, db_key_);
    if (!db) {
        trouble_ = "store: " + db.error().text();
        return false;
    }
    db_.emplace(std::move(*db));
    scheduler_ = std::make_unique<NodeScheduler>(clockwork_, clock_offset_ms_);
    clock_ = std::make_unique<domain::Clock>(
        *db_, [this] { return scheduler_->wall_ms(); },
        [this] { return static_cast<std::uint64_t>(scheduler_->monotonic().count()); });
    if (auto loaded = clock_->load(); !loaded) {
        trouble_ = "clock: " + loaded.error().text();
        return false;
    }
    projection_ = std::make_unique<domain::Projection>(*db_, *clock_, random_, *self_.key);
    return true;
}

bool Node::start() {
    if (running() || lost_) return running();
    trouble_.clear();
    if (!open()) return false;
    engine_ = std::make_unique<domain::Engine>(
        context(),
        [this](net::LinkListener& listener) {
            auto link = std::make_unique<SimLink>(clockwork_, *scheduler_, network_, random_, line,
                                                  identity_, listener);
            link_ = link.get();
            return link;
        },
        [this] { return std::make_unique<SimBlobs>(*scheduler_, network_, line, identity_); });
    if (auto loaded = engine_->load(); !loaded) {
        trouble_ = "load: " + loaded.error().text();
        crash();
        return false;
    }
    showing_ = false;
    projection_->on_events([this] {
        if (std::exchange(showing_, true)) return;
        scheduler_->later(network_.below(500 * ms), [this] {
            showing_ = false;
            show();
        });
    });
    scheduler_->post([this] { show(); });
    engine_->start();
    return true;
}

/// As cli/commands/listen.cpp: each event, then the note that it was shown.
void Node::show() {
    while (auto event = projection_->next_event(projection_->first_unshown())) {
        if (died()) return;
        watcher_.shown(number_, *event);
        if (!projection_->mark_shown(event->number)) return;
    }
    if (!died()) watcher_.read_all(number_);
}

void Node::stop() {
    if (!running()) return;
    engine_->stop();
    close_files();
}

void Node::close_files() {
    link_ = nullptr;
    engine_.reset();
    projection_.reset();
    clock_.reset();
    scheduler_.reset();
    db_.reset();
    armed_ = false;
    Disk::get().disarm(folder_);
}

void Node::crash() {
    if (!db_) return;
    // A kill leaves the files as they are; closing would tidy up first.
    auto image = Disk::get().read(folder_);
    if (link_ != nullptr) link_->die(network_.chance(70) ? 50 * ms : 90 * second, false);
    close_files();
    Disk::get().write(folder_, std::move(image));
}

void Node::crash_at_write(std::uint64_t n, WhatIsLeft left) {
    if (lost_) return;
    armed_ = true;
    left_ = std::move(left);
    Disk::get().arm(folder_, n);
}

void Node::after_event() {
    if (!armed_) return;
    auto image = Disk::get().sprung(folder_);
    if (!image) return;
    // What it sent after that write never left it.
    if (link_ != nullptr) link_->die(50 * ms, true);
    close_files();
    Disk::get().write(folder_, left_ ? left_(std::move(*image)) : std::move(*image));
}

void Node::lose_state() {
    crash();
    lost_ = true;
    Disk::get().write(folder_, {});
}

void Node::restore_disk(DiskImage image) {
    crash();
    Disk::get().write(folder_, std::move(image));
}

void Node::cut(Moment client_notice, Moment relay_notice) {
    if (auto* now = wire()) now->break_now(client_notice, relay_notice);
}

void Node::resume() {
    line.stalled = false;
    if (wire() == nullptr) return;
    const auto held = wire()->shared_from_this();
    held->resume();
}

// -- what a person does

Result<MessageId> Node::send(const ChannelId& channel, const std::string& text,
                             std::optional<std::chrono::seconds> expiry, bool photo) {
    if (!running() || !engine_->directory().known()) return Errc::unreachable;
    Draft draft;
    draft.channel = channel;
    draft.text = text;
    draft.expiry = expiry;
    std::vector<domain::Projection::Sealed> photos;
    if (photo) {
        domain::Projection::Sealed one;
        one.blob = random_.id<BlobId>();
        one.share = random_.secret(photos::share_size);
        const auto secret = random_.secret(photos::secret_size);
        HUECRY_TRY_ASSIGN(auto sealed, photos::seal(view(text), one.share, secret));
        one.photo.set_blob(to_string(one.blob.view()));
        one.photo.set_secret(to_string(secret.view()));
        one.photo.set_share_hash(to_string(photos::share_hash(one.share).view()));
        one.photo.set_digest(to_string(sealed.digest.view()));
        one.photo.set_size(sealed.ciphertext.size());
        one.photo.set_width(1);
        one.photo.set_height(1);
        one.ciphertext = std::move(sealed.ciphertext);
        photos.push_back(std::move(one));
    }
    HUECRY_TRY_ASSIGN(const auto message, projection_->compose(draft, photos));
    HUECRY_TRY(engine_->enqueue(message, std::move(photos)));
    return message.id;
}

Result<void> Node::respond(const MessageId& alert, Answer answer) {
    if (!running()) return Errc::unreachable;
    HUECRY_TRY_ASSIGN(const auto message, projection_->compose_response(alert, answer));
    return engine_->enqueue(message, {});
}

// -- misbehaviour

mls::Environment Node::mls_environment() {
    return {.suite = &mls::chacha20_suite(), .random = &random_, .signer = &self_.mls_key};
}

Result<mls::Group> Node::group(const ChannelId& channel) {
    const auto* known = running() ? engine_->channel(channel) : nullptr;
    if (known == nullptr) return Errc::mls_not_member;
    domain::GroupRows rows(*db_, channel, known->row().incarnation);
    return mls::Group::load(mls_environment(), rows);
}

Result<AuthenticatedData> Node::authenticated_data(const ChannelId& channel, const MessageId& id) {
    const auto* known = running() ? engine_->channel(channel) : nullptr;
    if (known == nullptr || !engine_->directory().head()) return Errc::mls_not_member;
    return AuthenticatedData{.message_id = id,
                             .directory_head = *engine_->directory().head(),
                             .stream_seq = known->cursor(),
                             .running_hash = known->hash()};
}

bool Node::send_raw(v1::Frame frame) {
    if (wire() == nullptr) return false;
    frame.set_request(++raw_request_);
    wire()->to_relay(std::move(frame));
    return true;
}

}  // namespace huecry::sim
