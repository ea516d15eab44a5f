#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>

#include "store/backup.hpp"
#include "store/database.hpp"
#include "store/sqlcipher_store.hpp"
#include "support/sqlcipher_pages.hpp"
#include "support/temporary_directory.hpp"

// A backup as `huecry-relay restore` takes it. The first byte says how it was touched: the file's
// bytes (changed, cut, grown; a whole new file), or, with the key, what is under the encryption.
// Touched bytes are never restored; whatever rows an owner of the key writes, restoring ends with
// a store that is sound in its pages, or with an error and no file.
using namespace huecry;
using namespace huecry::relay;

namespace {

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

const Bytes store_key(32, 5);

/// A small backup, made once.
struct Good {
    test::TemporaryDirectory folder;
    SigningKey identity;
    Bytes bytes;
    Good() {
        require(initialise_crypto(), "libsodium");
        identity = signing_key_from_seed(Bytes(32, 9));
        const auto live = folder.path() / "live.db";
        auto store = open_sqlcipher_store(live, store_key);
        require(store.ok(), "store");
        const auto p = *PartnershipId::from(Bytes(32, 1));
        std::vector<Write> writes{write::Partnership{p, 1}};
        for (std::uint64_t i = 1; i <= 20; ++i) {
            write::Entry e;
            e.partnership = p;
            e.body = Bytes(50, static_cast<std::uint8_t>(i));
            e.header.stream = i <= 10 ? StreamRef::directory()
                                      : StreamRef::channel(*ChannelId::from(Bytes(16, 2)), 1);
            e.header.seq = i <= 10 ? i : i - 10;
            e.header.kind = i <= 10 ? EntryKind::statement : EntryKind::application;
            e.header.length = 50;
            e.header_bytes = e.header.encode();
            writes.emplace_back(std::move(e));
        }
        require((*store)->commit(writes).ok(), "commit");
        BackupInfo info;
        info.relay = identity.public_key;
        info.program = "fuzz";
        require(write_backup(live, store_key, file(), key().view(), info).ok(), "backup");
        bytes = test::file_bytes(file());
    }
    [[nodiscard]] SecretBytes key() const { return backup_key(identity); }
    [[nodiscard]] std::filesystem::path file() const { return folder.path() / "b"; }
    [[nodiscard]] std::filesystem::path fresh() const { return folder.path() / "fresh.db"; }
    void put(BytesView what) const {
        std::ofstream(file(), std::ios::binary | std::ios::trunc)
            .write(reinterpret_cast<const char*>(what.data()),
                   static_cast<std::streamsize>(what.size()));
    }
};

/// Places and values: three bytes of place, one to add.
Bytes changed(const Bytes& good, BytesView edits) {
    auto out = good;
    for (std::size_t i = 0; i + 4 <= edits.size(); i += 4) {
        const std::size_t at =
            (std::size_t{edits[i]} << 16 | std::size_t{edits[i + 1]} << 8 | edits[i + 2]) %
            out.size();
        out[at] = static_cast<std::uint8_t>(out[at] + edits[i + 3]);
    }
    return out;
}

/// Rows as an owner of the key can write them.
void scribble(const Good& good, BytesView input) {
    auto db = Database::open(good.file(), good.key().view(), Database::Mode::writer);
    require(db.ok(), "the backup does not open");
    constexpr std::array statements{
        "UPDATE entry SET header = ?1 WHERE key = (SELECT key FROM entry LIMIT 1 OFFSET ?2 % 20)",
        "UPDATE entry SET body = ?1, length = ?2 WHERE has_body = 1",
        "UPDATE entry SET key = ?2, accepted = ?2, expiry = ?2 WHERE body = ?1",
        "UPDATE stream SET kind = ?2, id = substr(?1 || zeroblob(16), 1, 16)",
        "UPDATE partnership SET id = substr(?1 || zeroblob(32), 1, 32)",
        "UPDATE backup SET format = ?2, relay = ?1",
        "UPDATE backup SET program = CAST(?1 AS TEXT), configuration = CAST(?1 AS TEXT)",
        "INSERT OR REPLACE INTO meta (name, value) VALUES (CAST(?1 AS TEXT), ?2)",
        "DELETE FROM backup WHERE ?1 = ?1 AND ?2 = ?2",
        "INSERT INTO backup SELECT ?2, ?1, 1, 'again', ''"};
    while (input.size() >= 3) {
        const auto which = input[0] % statements.size();
        const std::size_t size = std::min<std::size_t>(input[1], input.size() - 3);
        auto q = (*db)->query(statements[which]);
        (void)q.bind(input.subspan(3, size)).bind(std::uint64_t{input[2]}).run();
        input = input.subspan(3 + size);
    }
    (void)(*db)->execute("PRAGMA journal_mode = DELETE");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Good good;
    if (size < 1) return 0;
    const BytesView rest(data + 1, size - 1);
    bool touched = true;
    switch (data[0] % 4) {
        case 0: {
            const auto bytes = changed(good.bytes, rest);
            touched = bytes != good.bytes;
            good.put(bytes);
            break;
        }
        case 1:
            good.put(rest);
            break;
        case 2: {  // cut at a page, or at any byte within the last
            const std::size_t cut = rest.empty() ? 1 : std::size_t{rest[0]} * 64 + 1;
            good.put(BytesView(good.bytes).first(good.bytes.size() - cut % good.bytes.size()));
            touched = cut % good.bytes.size() >= 4096;
            break;
        }
        default:
            good.put(good.bytes);
            scribble(good, rest);
            touched = false;
    }
    std::filesystem::remove(good.fresh());
    const auto read = read_backup(good.file(), good.key().view(), good.fresh(), store_key);
    require(!touched || !read.ok(), "touched bytes were restored");
    require(read.ok() == std::filesystem::exists(good.fresh()), "an error, and a file");
    if (!read) return 0;
    const auto store = open_sqlcipher_store(good.fresh(), store_key);
    if (!store) return 0;
    (void)(*store)->check();
    if (const auto known = (*store)->partnerships())
        for (const auto& p : *known)
            if (const auto rows = (*store)->load(p))
                for (const auto& row : rows->streams)
                    (void)(*store)->entries(p, row.stream, 0, 100, 1 << 20);
    return 0;
}
