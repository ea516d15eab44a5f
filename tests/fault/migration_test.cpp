#include <doctest/doctest.h>

#include "fault/power_cut.hpp"
#include "store/migrations.hpp"
#include "store/sqlcipher_store.hpp"

// A store that an older relay has left is opened by this one, and the power goes at each of the
// writes and syncs of that. It opens afterwards, in the new form, with everything that was in it.
using namespace huecry;
using namespace huecry::fault;
using namespace huecry::relay;

namespace {

const std::string folder = "/fault/migration/";
const std::string file = folder + "relay.db";
const Bytes key(32, 7);
constexpr std::uint64_t acceptances = 300;
const auto partnership = *PartnershipId::from(Bytes(32, 1));
const auto device = *DeviceId::from(Bytes(16, 3));
const auto channel = StreamRef::channel(*ChannelId::from(Bytes(16, 2)), 1);

MessageId message(std::uint64_t i) {
    Bytes out(16, 0);
    out[0] = static_cast<std::uint8_t>(i);
    out[1] = static_cast<std::uint8_t>(i >> 8);
    return *MessageId::from(out);
}

sim::Disk& disk() { return sim::Disk::get(); }

/// Schema 1, as its relay has closed it: a partnership, a channel, submissions that it remembers.
sim::DiskImage old_store() {
    disk().erase(folder);
    {
        auto db = Database::open(file, key, Database::Mode::writer);
        REQUIRE(db.ok());
        REQUIRE(migrate_store_to(**db, 1).ok());
        REQUIRE(*schema_version(**db) == 1);
        const auto run = [&](const char* sql, auto... values) {
            auto q = (*db)->query(sql);
            (q.bind(values), ...);
            const auto done = q.run();
            CAPTURE(sql);
            REQUIRE(done.ok());
        };
        run("INSERT INTO partnership (id, created) VALUES (?, 5)", partnership.view());
        run("INSERT INTO stream (number, partnership, kind, id, incarnation) VALUES (1, ?, 2, ?, "
            "1)",
            partnership.view(), BytesView(channel.id));
        for (std::uint64_t i = 1; i <= acceptances; ++i) {
            Header h;
            h.stream = channel;
            h.seq = i;
            h.kind = EntryKind::application;
            const auto header = h.encode();
            const Bytes body(20, static_cast<std::uint8_t>(i));
            const Bytes digest(32, static_cast<std::uint8_t>(i));
            run("INSERT INTO entry (key, kind, header, previous, accepted, expiry, length, "
                "has_body, body) VALUES ((1 << 40) + ?, 3, ?, ?, 100, 0, 20, 1, ?)",
                i, BytesView(header), BytesView(digest), BytesView(body));
            const auto id = message(i);
            run("INSERT INTO acceptance (stream, device, message_id, digest, answer, seq, "
                "accepted) "
                "VALUES (1, ?, ?, ?, ?, ?, ?)",
                device.view(), id.view(), BytesView(digest), BytesView(body), i, 1000 + i);
        }
    }
    return disk().read(folder);
}

/// The first thing that is missing; empty when all is there.
std::string look() {
    const auto store = open_sqlcipher_store(file, key);
    if (!store) return "it does not open: " + store.error().text();
    if (const auto sound = (*store)->check(); !sound) return "check: " + sound.error().text();
    const auto entries = (*store)->entries(partnership, channel, 0, 4000, 1 << 24);
    if (!entries) return "entries: " + entries.error().text();
    if (entries->size() != acceptances) return std::to_string(entries->size()) + " entries";
    for (std::uint64_t i = 1; i <= acceptances; ++i) {
        const auto& entry = (*entries)[i - 1];
        if (entry.seq != i || entry.body != Bytes(20, static_cast<std::uint8_t>(i)))
            return "a body";
        const auto known = (*store)->acceptance(partnership, channel, device, message(i));
        if (!known || !known->has_value()) return "a memory of a submission";
        if ((*known)->seq != i || (*known)->accepted_ms != 1000 + i ||
            (*known)->digest != *Digest::from(Bytes(32, static_cast<std::uint8_t>(i))))
            return "a wrong memory of a submission";
    }
    return {};
}

}  // namespace

TEST_CASE("a migration whose power is cut at any write is finished by the next start") {
    REQUIRE(initialise_crypto());
    disk().journal(folder);
    sim::SeededRandom dice(5, 1);
    const auto old = after_cut(old_store(), Cut::kill, dice);  // on the disk for long
    std::uint64_t cuts = 0;
    for (std::uint64_t n = 1;; ++n) {
        REQUIRE(n < 5000);
        disk().erase(folder);
        disk().write(folder, old);
        disk().arm(folder, n);
        REQUIRE(open_sqlcipher_store(file, key).ok());
        const auto image = disk().sprung(folder);
        if (!image) break;
        for (const auto kind : {Cut::kill, Cut::dropped, Cut::ordered, Cut::shuffled}) {
            disk().erase(folder);
            disk().write(folder, after_cut(*image, kind, dice));
            const auto wrong = look();
            REQUIRE_MESSAGE(wrong.empty(),
                            wrong << " after write " << n << ", " << std::string(name_of(kind)));
            ++cuts;
        }
    }
    MESSAGE(cuts << " power cuts of a migration");
    CHECK(cuts > 40);
    disk().disarm(folder);
    disk().erase(folder);
    disk().write(folder, old);
    CHECK(look().empty());
    disk().erase(folder);
}
