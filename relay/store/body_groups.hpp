#pragma once

#include <map>
#include <span>
#include <vector>

#include "store/database.hpp"
#include "store/store.hpp"

// Bodies of channels' entries. What one transaction brings to one channel, unless it is little, is
// one row, so that a body costs neither a row when it comes nor one when it goes; a row that loses
// some of its bodies is written again without them.
namespace huecry::relay {

/// What a row knows of each of its entries, which follow each other without a gap.
struct BodyPart {
    std::uint32_t length = 0;  // 0: the body is gone
    std::uint64_t expiry_ms = 0;
    std::uint8_t kind = 0;  // EntryKind
};

constexpr std::size_t max_group_entries = 256;
constexpr std::size_t max_group_bytes = 65536;  // of more than one body

struct BodyGroup {
    std::uint64_t first = 0;  // entry.key
    std::vector<BodyPart> parts;
    Bytes bodies;  // those that are left, one after the other

    [[nodiscard]] std::uint64_t last() const { return first + parts.size() - 1; }
    [[nodiscard]] Bytes encode_parts() const;
    [[nodiscard]] static Result<std::vector<BodyPart>> decode_parts(BytesView bytes);
};

/// Rows that hold some of the entries first…last (keys of one stream), in order.
/// `with_bodies` false: their parts alone. Errors: store_damaged.
[[nodiscard]] Result<std::vector<BodyGroup>> body_groups(Database& db, std::uint64_t first,
                                                         std::uint64_t last, bool with_bodies);

/// Gathers and drops inside a transaction that the caller holds.
class BodyWriter {
public:
    explicit BodyWriter(Database& db) : db_(db) {}
    void begin() { open_.clear(); }
    /// The entries of a stream in order. What has been added is written by `end`, by a drop that
    /// may be meant for it, or when there is enough of it for a row.
    [[nodiscard]] Result<void> add(std::uint64_t stream, std::uint64_t key,
                                   const write::Entry& entry);
    /// `kinds`: bit (1 << EntryKind). `whole`: a row that has bodies after `last` stays as it is.
    [[nodiscard]] Result<void> drop(std::uint64_t stream, std::uint64_t first, std::uint64_t last,
                                    unsigned kinds, bool whole);
    [[nodiscard]] Result<void> end();

private:
    [[nodiscard]] Result<void> write_open(std::uint64_t stream);
    [[nodiscard]] Result<void> insert(const BodyGroup& group);
    [[nodiscard]] Result<void> remove(std::uint64_t key);
    [[nodiscard]] Result<void> drop_some(std::uint64_t key, std::uint64_t first, std::uint64_t last,
                                         unsigned kinds);

    Database& db_;
    std::map<std::uint64_t, BodyGroup> open_;  // by stream
};

}  // namespace huecry::relay
