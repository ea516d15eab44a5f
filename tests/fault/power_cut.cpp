#include "fault/power_cut.hpp"

#include <algorithm>

namespace huecry::fault {
namespace {

constexpr std::size_t sector = 512;
using Write = sim::DiskFile::Write;

void put(Bytes& content, std::uint64_t offset, BytesView bytes) {
    if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size());
    std::copy(bytes.begin(), bytes.end(), content.begin() + static_cast<std::ptrdiff_t>(offset));
}

void redo(Bytes& content, const Write& w) {
    if (w.truncate) {
        content.resize(w.offset);
    } else {
        put(content, w.offset, w.bytes);
    }
}

/// `keep(i)` says whether the i-th sector of the write has reached the disk. Sectors are the
/// disk's: a write in the middle of one begins with a part of it.
template <class Keep>
void redo_torn(Bytes& content, const Write& w, Keep keep) {
    if (w.truncate) {
        if (keep(0)) content.resize(w.offset);
        return;
    }
    std::size_t at = 0;
    for (std::size_t i = 0; at < w.bytes.size(); ++i) {
        const auto left = sector - (w.offset + at) % sector;
        const auto n = std::min<std::size_t>(left, w.bytes.size() - at);
        if (keep(i)) put(content, w.offset + at, BytesView(w.bytes).subspan(at, n));
        at += n;
    }
}

void ordered(sim::DiskFile& file, const std::vector<Write>& writes, sim::SeededRandom& random) {
    if (writes.empty()) return;
    const auto whole = random.below(writes.size());
    for (std::size_t i = 0; i < whole; ++i) redo(file.content, writes[i]);
    const auto sectors = random.below(writes[whole].bytes.size() / sector + 2);
    redo_torn(file.content, writes[whole], [&](std::size_t i) { return i < sectors; });
}

void shuffled(sim::DiskFile& file, std::vector<Write> writes, sim::SeededRandom& random) {
    for (std::size_t i = writes.size(); i > 1; --i)
        std::swap(writes[i - 1], writes[random.below(i)]);
    const auto likely = random.between(10, 90);
    for (const auto& w : writes) {
        if (!random.chance(likely)) continue;
        const bool torn = random.chance(40);
        redo_torn(file.content, w, [&](std::size_t) { return !torn || random.chance(50); });
    }
}

}  // namespace

sim::DiskImage after_cut(sim::DiskImage image, Cut cut, sim::SeededRandom& random) {
    for (auto& [name, file] : image) {
        const auto writes = std::exchange(file.pending, {});
        if (cut != Cut::kill) {
            file.content = file.synced;
            if (cut == Cut::ordered) ordered(file, writes, random);
            if (cut == Cut::shuffled) shuffled(file, writes, random);
        }
        file.synced = file.content;
    }
    return image;
}

const char* name_of(Cut cut) {
    switch (cut) {
        case Cut::kill:
            return "kill";
        case Cut::dropped:
            return "dropped";
        case Cut::ordered:
            return "ordered";
        case Cut::shuffled:
            return "shuffled";
    }
    return "";
}

}  // namespace huecry::fault
