#include "blobs/blob_service.hpp"

#include <algorithm>
#include <limits>

#include "huecry/limits.hpp"

namespace huecry::relay {
namespace {

constexpr std::uint64_t partial_idle_ms = 86'400'000;  // an upload that nobody goes on with

bool same_blob(const BlobRow& a, const BlobRow& b) {
    return same_readers(a.audience, b.audience) && a.size == b.size && a.digest == b.digest &&
           a.expiry_ms == b.expiry_ms && a.uploader == b.uploader;
}

BlobInfo info_of(const BlobRow& row, std::uint64_t received, bool complete) {
    return {row.size, received, row.expiry_ms, row.digest, complete};
}

}  // namespace

BlobService::BlobService(std::filesystem::path root, const Clock& clock)
    : root_(std::move(root)), clock_(clock) {}

void BlobService::attach(const BlobRights& rights) { rights_ = &rights; }

std::uint64_t BlobService::used(const PartnershipId& partnership) const {
    const auto found = used_.find(partnership);
    return found == used_.end() ? 0 : found->second.bytes;
}

void BlobService::count(const BlobRow& row) {
    auto& used = used_[row.partnership];
    used.bytes += row.size;
    ++used.blobs;
}

void BlobService::uncount(const BlobRow& row) {
    auto& used = used_[row.partnership];
    used.bytes -= std::min(used.bytes, row.size);
    used.blobs -= std::min<std::uint64_t>(used.blobs, 1);
}

const BlobRow* BlobService::find(const PartnershipId& partnership, const BlobId& blob) const {
    const auto found = blobs_.find({partnership, blob});
    return found == blobs_.end() ? nullptr : &found->second;
}

Result<const BlobRow*> BlobService::readable(const Principal& who, const BlobId& blob) const {
    const auto* row = find(who.partnership, blob);
    if (row == nullptr || !rights_->may_read(who, row->audience)) return Errc::not_found;
    if (row->expiry_ms <= rights_->now_ms()) return Errc::expired;
    return row;
}

Result<BlobInfo> BlobService::head(const Principal& who, const BlobId& blob) const {
    if (find(who.partnership, blob) != nullptr) {
        HUECRY_TRY_ASSIGN(const auto* row, readable(who, blob));
        return info_of(*row, row->size, true);
    }
    const auto partial = partials_.find({who.partnership, blob});
    if (partial == partials_.end() || partial->second.row.uploader != who.device)
        return Errc::not_found;
    return info_of(partial->second.row, partial->second.received, false);
}

std::optional<BlobError> BlobService::check(const Principal& who, const BlobPart& part) const {
    const auto now = rights_->now_ms();
    if (!who.active_device() || !rights_->may_write(who, part.audience))
        return BlobError{Errc::not_permitted};
    if (part.body.empty() || part.offset > part.size || part.body.size() > part.size - part.offset)
        return BlobError{Errc::invalid_argument};
    if (part.size > limits::max_blob || part.body.size() > limits::max_blob_request)
        return BlobError{Errc::too_large};
    if (part.expiry_ms <= now) return BlobError{Errc::expired};
    if (part.expiry_ms - now > limits::max_life_s * 1000) return BlobError{Errc::expiry_too_long};
    if (rights_->low_room()) return BlobError{Errc::no_room};
    const Key key{who.partnership, part.blob};
    const auto partial = partials_.find(key);
    if (partial == partials_.end()) {
        if (part.offset != 0) return BlobError{Errc::offset_mismatch, 0};
        const auto used = used_.find(who.partnership);
        if (part.size > rights_->room(who.partnership) ||
            (used != used_.end() && used->second.blobs >= limits::max_blobs))
            return BlobError{Errc::quota_exceeded};
        return std::nullopt;
    }
    const auto& p = partial->second;
    const BlobRow row{who.partnership, part.blob,      who.device, part.audience,
                      part.size,       part.expiry_ms, part.digest};
    if (!same_blob(p.row, row)) return BlobError{Errc::id_reused};
    if (p.finishing) return BlobError{Errc::busy};
    if (part.offset != p.received) return BlobError{Errc::offset_mismatch, p.received};
    return std::nullopt;
}

void BlobService::put(const Principal& who, const BlobPart& part, Done done) {
    const Key key{who.partnership, part.blob};
    const BlobRow row{who.partnership, part.blob,      who.device, part.audience,
                      part.size,       part.expiry_ms, part.digest};
    if (const auto* have = find(who.partnership, part.blob)) {
        // The answer to the last part was lost: the same upload again is harmless.
        if (same_blob(*have, row)) return done(info_of(*have, have->size, true));
        return done(BlobError{Errc::id_reused});
    }
    if (hidden_.contains(key)) return done(BlobError{Errc::busy});
    if (const auto refused = check(who, part)) return done(*refused);
    const bool fresh = !partials_.contains(key);
    auto& partial = partials_[key];
    if (fresh) {
        partial.row = row;
        count(row);
    }
    partial.touched_ms = clock_.steady_ms();
    if (const auto failed = write_part(key, who.device, part, partial)) {
        if (fresh) forget_partial(key);
        return done(*failed);
    }
    partial.received += part.body.size();
    if (partial.received < row.size) return done(info_of(row, partial.received, false));
    partial.finishing = true;
    finished_.push_back({row, who.device, std::move(done), std::nullopt});
}

void BlobService::forget_partial(const Key& key) {
    const auto found = partials_.find(key);
    if (found == partials_.end()) return;
    std::error_code ignored;
    std::filesystem::remove(part_path(key, found->second.row.uploader), ignored);
    uncount(found->second.row);
    partials_.erase(found);
}

std::vector<BlobService::Finished> BlobService::take_finished() {
    return std::exchange(finished_, {});
}

void BlobService::conclude(std::vector<Finished> finished, std::optional<Errc> store_failure) {
    for (auto& f : finished) {
        const Key key{f.row.partnership, f.row.blob};
        const auto failure = f.failure ? f.failure : store_failure;
        if (!failure) {
            blobs_[key] = f.row;
            partials_.erase(key);  // its bytes stay counted: they are the finished blob's now
            f.done(info_of(f.row, f.row.size, true));
            continue;
        }
        std::error_code ignored;
        std::filesystem::remove(final_path(key), ignored);
        forget_partial(key);
        f.done(BlobError{*failure, 0});
    }
}

std::vector<BlobRow> BlobService::expire(std::uint64_t now_ms) {
    std::vector<BlobRow> out;
    for (auto it = blobs_.begin(); it != blobs_.end();) {
        if (it->second.expiry_ms > now_ms) {
            ++it;
            continue;
        }
        std::error_code failed;
        std::filesystem::remove(final_path(it->first), failed);
        if (failed) {  // tried again with the next tick; `get` refuses it meanwhile
            ++it;
            continue;
        }
        uncount(it->second);
        out.push_back(it->second);
        it = blobs_.erase(it);
    }
    std::vector<Key> idle;
    const auto steady = clock_.steady_ms();
    for (const auto& [key, partial] : partials_)
        if (!partial.finishing &&
            (partial.row.expiry_ms <= now_ms || steady - partial.touched_ms > partial_idle_ms))
            idle.push_back(key);
    for (const auto& key : idle) forget_partial(key);
    return out;
}

BlobRow BlobService::hide(BlobRow row) {
    const Key key{row.partnership, row.blob};
    uncount(row);
    blobs_.erase(key);
    hidden_.insert(key);
    return row;
}

// A file that stays because this fails has no row: the next start removes it.
void BlobService::erase_hidden(const BlobRow& row) {
    const Key key{row.partnership, row.blob};
    hidden_.erase(key);
    std::error_code ignored;
    std::filesystem::remove(final_path(key), ignored);
}

void BlobService::restore_hidden(const BlobRow& row) {
    const Key key{row.partnership, row.blob};
    hidden_.erase(key);
    blobs_[key] = row;
    count(row);
}

}  // namespace huecry::relay
