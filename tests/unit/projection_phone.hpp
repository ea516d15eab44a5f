#pragma once

#include "crypto/random.hpp"
#include "domain/projection.hpp"
#include "domain/signed_alert.hpp"
#include "support/temporary_directory.hpp"
#include "unit/directory_town.hpp"

// One device's store, clock and projection over a town's directory; the test plays the sync side.
namespace huecry::test {

using directory::test::Keys;
using directory::test::Town;

inline constexpr std::uint64_t minute_ms = 60'000;
inline constexpr std::uint64_t hour_ms = 60 * minute_ms;

struct Phone {
    Town& town;
    Keys keys;
    TemporaryDirectory folder;
    std::filesystem::path file = folder.path() / "store.db";
    SecretBytes key{Bytes(32, 3)};
    store::Database db;
    std::uint64_t wall;
    std::uint64_t monotonic = 1000;
    domain::Clock clock;
    crypto::SystemRandom random;
    domain::Projection said;
    int woken = 0;

    Phone(Town& t, const Keys& k)
        : town(t),
          keys(k.clone()),
          db(made(file, key)),
          wall(t.now_ms()),
          clock(
              db, [this] { return wall; }, [this] { return monotonic; }),
          said(db, clock, random, keys.key) {
        said.set_directory(&town.state(), keys.id());
        said.on_events([this] { ++woken; });
        hear();
    }
    static store::Database made(const std::filesystem::path& file, const SecretBytes& key) {
        auto out = store::Database::create(file, key);
        REQUIRE(out.ok());
        return std::move(*out);
    }

    /// The relay's clock and this device's are right.
    void hear() {
        clock.heard_relay(wall);
        REQUIRE(clock.advance().ok());
    }
    void pass(std::uint64_t ms) {
        wall += ms;
        monotonic += ms;
    }
    /// In a transaction of its own, as the sync side does it.
    template <class F>
    void in_transaction(F&& change) {
        auto transaction = db.begin();
        REQUIRE(transaction.ok());
        auto out = change();
        REQUIRE(out.ok());
        REQUIRE(transaction->commit().ok());
        said.committed();
    }
    void receive(const domain::Outgoing& message, const DeviceId& from) {
        const auto life = static_cast<std::uint64_t>(message.lifetime.count());
        const auto bytes = message.content.SerializeAsString();
        receive({message.channel, from, message.id, wall, wall + life, town.state().index(),
                 view(bytes)},
                message.content);
    }
    void receive(const domain::Origin& origin, const content::v1::Content& content) {
        in_transaction([&] { return said.received(origin, content); });
    }
    void applied(const directory::Applied& entry) {
        in_transaction([&] { return said.directory_applied(entry); });
    }
    domain::Outgoing compose(const Draft& draft,
                             std::vector<domain::Projection::Sealed> photos = {}) {
        auto out = said.compose(draft, photos);
        REQUIRE(out.ok());
        return std::move(*out);
    }
    /// What has been changed since it was composed is signed anew.
    void sign(domain::Outgoing& message) const {
        domain::sign_alert(message.content,
                           {town.state().partnership(), message.channel, message.id}, keys.key);
    }
    void queue(const domain::Outgoing& message) {
        in_transaction([&] { return said.queued(message); });
    }
    void accept(const domain::Outgoing& message) {
        const auto life = static_cast<std::uint64_t>(message.lifetime.count());
        in_transaction(
            [&] { return said.accepted(message.id, wall, wall + life, town.state().index()); });
    }
    bool expire() {
        bool erased = false;
        in_transaction([&]() -> Result<void> {
            HUECRY_TRY_ASSIGN(erased, said.expire());
            return {};
        });
        REQUIRE(*db.truncate_log());
        return erased;
    }
    std::vector<Event> events(std::uint64_t after = 0) {
        std::vector<Event> out;
        while (auto event = said.next_event(after)) {
            after = event->number;
            out.push_back(std::move(*event));
        }
        return out;
    }
};

/// Two phones in one channel that everybody reads and posts in.
struct Pair {
    Town town;
    Keys guard = town.join_active(Role::security);
    ChannelId channel = open_channel(town);
    Phone shop{town, town.founder()};
    Phone other{town, guard};

    static ChannelId open_channel(Town& town) {
        auto settings = town.channel_for(directory::every_role, directory::every_role);
        settings.max_alert_s = 7 * 86400;
        settings.max_photo_s = 86400;
        REQUIRE(town.by_founder(directory::ChannelDefined{settings}).ok());
        return settings.id;
    }
    Draft draft(std::string text) {
        Draft out;
        out.channel = channel;
        out.text = std::move(text);
        return out;
    }
    void pass(std::uint64_t ms) {
        shop.pass(ms);
        other.pass(ms);
    }
    /// From the shop to the other, through a relay that takes it at once.
    domain::Outgoing send(const Draft& draft, std::vector<domain::Projection::Sealed> photos = {}) {
        auto message = shop.compose(draft, std::move(photos));
        shop.queue(message);
        shop.accept(message);
        other.receive(message, shop.keys.id());
        return message;
    }
};

inline domain::Projection::Sealed sealed_photo(std::uint8_t byte) {
    domain::Projection::Sealed out;
    out.blob = BlobId(std::array<std::uint8_t, 16>{byte});
    out.photo.set_blob(to_string(out.blob.view()));
    out.photo.set_secret(std::string(32, static_cast<char>(byte)));
    out.photo.set_share_hash(std::string(32, 'h'));
    out.photo.set_digest(std::string(32, 'd'));
    out.photo.set_size(5000);
    out.photo.set_width(1600);
    out.photo.set_height(1200);
    return out;
}

}  // namespace huecry::test
