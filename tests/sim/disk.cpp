#include "sim/disk.hpp"

namespace huecry::sim {
namespace {

constexpr std::size_t sector = 512;

void redo(Bytes& content, const DiskFile::Write& w) {
    if (w.truncate) {
        content.resize(w.offset);
        return;
    }
    if (content.size() < w.offset + w.bytes.size()) content.resize(w.offset + w.bytes.size());
    std::copy(w.bytes.begin(), w.bytes.end(),
              content.begin() + static_cast<std::ptrdiff_t>(w.offset));
}

}  // namespace

void DiskFile::sync() {
    for (const auto& w : pending) redo(synced, w);
    pending.clear();
}

void Disk::journal(const std::string& folder) { journaled_.push_back(folder); }

DiskImage Disk::read(const std::string& folder) const {
    DiskImage out;
    for (auto it = files_.lower_bound(folder); it != files_.end() && it->first.starts_with(folder);
         ++it)
        out.emplace(it->first.substr(folder.size()), *it->second);
    return out;
}

void Disk::write(const std::string& folder, DiskImage image) {
    const auto first = files_.lower_bound(folder);
    auto last = first;
    while (last != files_.end() && last->first.starts_with(folder)) ++last;
    files_.erase(first, last);
    for (auto& [name, file] : image)
        files_[folder + name] = std::make_shared<DiskFile>(std::move(file));
}

void Disk::erase(const std::string& folder) {
    write(folder, {});
    disarm(folder);
    std::erase(journaled_, folder);
}

DiskImage Disk::after_power_cut(DiskImage image, SeededRandom& random) {
    for (auto& [name, file] : image) {
        if (!file.journaled) continue;
        auto pending = std::move(file.pending);
        file.pending.clear();
        file.content = file.synced;
        // Out of order: any of them may have reached the platter before any other.
        for (std::size_t i = pending.size(); i > 1; --i)
            std::swap(pending[i - 1], pending[random.below(i)]);
        for (auto& w : pending) {
            const auto fate = random.below(4);
            if (fate < 2) continue;
            if (fate == 2 && !w.truncate && w.bytes.size() > sector)
                w.bytes.resize(random.below(w.bytes.size() / sector) * sector);
            redo(file.content, w);
        }
        file.synced = file.content;
    }
    return image;
}

void Disk::arm(const std::string& folder, std::uint64_t n) { traps_[folder] = {n, {}}; }

std::optional<DiskImage> Disk::sprung(const std::string& folder) {
    const auto found = traps_.find(folder);
    if (found == traps_.end() || !found->second.image) return std::nullopt;
    auto out = std::move(found->second.image);
    traps_.erase(found);
    return out;
}

bool Disk::has_sprung(const std::string& folder) const {
    const auto found = traps_.find(folder);
    return found != traps_.end() && found->second.image.has_value();
}

void Disk::disarm(const std::string& folder) { traps_.erase(folder); }

void Disk::fail(const std::string& folder, DiskFault fault) { failing_[folder] = {fault}; }

std::uint64_t Disk::heal(const std::string& folder) {
    const auto found = failing_.find(folder);
    if (found == failing_.end()) return 0;
    const auto failed = found->second.failed;
    failing_.erase(found);
    return failed;
}

int Disk::failure(const std::string& name, DiskFault::Calls call) {
    for (auto& [folder, failing] : failing_) {
        const auto& fault = failing.fault;
        if (!name.starts_with(folder)) continue;
        if (fault.calls != DiskFault::Calls::both && fault.calls != call) continue;
        if (++failing.calls < fault.after || failing.failed >= fault.times) continue;
        ++failing.failed;
        return fault.code;
    }
    return 0;
}

std::shared_ptr<DiskFile> Disk::open(const std::string& name, bool create) {
    const auto found = files_.find(name);
    if (found != files_.end()) return found->second;
    if (!create) return nullptr;
    auto file = std::make_shared<DiskFile>();
    for (const auto& folder : journaled_)
        if (name.starts_with(folder)) file->journaled = true;
    files_[name] = file;
    return file;
}

void Disk::count(const std::string& name) {
    for (auto& [folder, trap] : traps_) {
        if (trap.image || trap.left == 0 || !name.starts_with(folder)) continue;
        if (--trap.left == 0) trap.image = read(folder);
    }
}

}  // namespace huecry::sim
