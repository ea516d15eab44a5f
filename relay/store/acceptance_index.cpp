#include "store/acceptance_index.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "huecry/wire/signing.hpp"

namespace huecry::relay {

AcceptanceIndex::AcceptanceIndex(BytesView store_key) {
    const auto derived = labelled_hash("huecry/1 acceptance index", store_key);
    std::copy_n(derived.view().begin(), hash_key_.size(), hash_key_.begin());
}

std::uint64_t AcceptanceIndex::hash(const Key& key) const {
    static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8);
    std::array<std::uint8_t, sizeof key.stream + DeviceId::size + MessageId::size> input{};
    std::memcpy(input.data(), &key.stream, sizeof key.stream);
    std::copy_n(key.device.view().begin(), DeviceId::size, input.begin() + sizeof key.stream);
    std::copy_n(key.message.view().begin(), MessageId::size,
                input.begin() + sizeof key.stream + DeviceId::size);
    std::uint64_t out = 0;
    crypto_shorthash(reinterpret_cast<std::uint8_t*>(&out), input.data(), input.size(),
                     hash_key_.data());
    return out;
}

Result<void> AcceptanceIndex::load(Database& db) {
    auto q =
        db.query("SELECT number, stream, device, message_id FROM acceptance_log ORDER BY number");
    const std::lock_guard lock(mutex_);
    for (;;) {
        HUECRY_TRY_ASSIGN(const bool row, q.step());
        if (!row) return {};
        const Key key{q.number(1), q.id<DeviceId>(2), q.id<MessageId>(3)};
        if (q.damaged()) return Error{Errc::store_damaged};
        add(key, q.number(0));
    }
}

void AcceptanceIndex::add(const Key& key, std::uint64_t row) {
    rows_.emplace(hash(key), row);
    newest_[{key.stream, key.device}] = row;
}

std::vector<std::uint64_t> AcceptanceIndex::find(const Key& key) const {
    std::vector<std::uint64_t> out;
    const auto hashed = hash(key);
    const std::lock_guard lock(mutex_);
    const auto [first, last] = rows_.equal_range(hashed);
    for (auto it = first; it != last; ++it) out.push_back(it->second);
    return out;
}

std::vector<std::uint64_t> AcceptanceIndex::newest(std::uint64_t stream) const {
    std::vector<std::uint64_t> out;
    const std::lock_guard lock(mutex_);
    for (auto it = newest_.lower_bound({stream, {}});
         it != newest_.end() && it->first.first == stream; ++it)
        out.push_back(it->second);
    return out;
}

bool AcceptanceIndex::is_newest(const Key& key, std::uint64_t row) const {
    const std::lock_guard lock(mutex_);
    const auto found = newest_.find({key.stream, key.device});
    return found != newest_.end() && found->second == row;
}

void AcceptanceIndex::stage(const Key& key, std::uint64_t row) { staged_.push_back({key, row}); }

void AcceptanceIndex::stage_removal(const Key& key, std::uint64_t row) {
    staged_.push_back({key, row, true});
}

void AcceptanceIndex::publish() {
    const std::lock_guard lock(mutex_);
    for (const auto& change : staged_) {
        if (change.removal) {
            const auto [first, last] = rows_.equal_range(hash(change.key));
            const auto found = std::find_if(
                first, last, [&](const auto& entry) { return entry.second == change.row; });
            if (found != last) rows_.erase(found);
        } else {
            add(change.key, change.row);
        }
    }
    staged_.clear();
}

}  // namespace huecry::relay
