#include "unit/mls_support.hpp"

#include <sodium.h>

#include <stdexcept>

namespace huecry::test {

void SeededRandom::fill(std::span<std::uint8_t> out) {
    if (out.empty()) return;
    std::uint8_t seed[randombytes_SEEDBYTES] = {};
    for (std::size_t i = 0; i < 8; ++i) {
        seed[i] = static_cast<std::uint8_t>(seed_ >> (8 * i));
        seed[8 + i] = static_cast<std::uint8_t>(count_ >> (8 * i));
    }
    ++count_;
    randombytes_buf_deterministic(out.data(), out.size(), seed);
}

std::uint32_t SeededRandom::below(std::uint32_t n) { return n == 0 ? 0 : u32() % n; }

void MemoryStore::put(std::string_view key, BytesView value) {
    written += key.size() + value.size();
    rows[std::string(key)] = to_bytes(value);
}

void MemoryStore::erase(std::string_view key) {
    const auto it = rows.find(key);
    if (it != rows.end()) rows.erase(it);
}

void MemoryStore::erase_prefix(std::string_view prefix) {
    std::erase_if(rows, [&](const auto& row) { return row.first.starts_with(prefix); });
}

std::optional<Bytes> MemoryStore::get(std::string_view key) {
    const auto it = rows.find(key);
    if (it == rows.end()) return std::nullopt;
    return it->second;
}

void MemoryStore::each(std::string_view prefix,
                       const std::function<void(std::string_view, BytesView)>& visit) {
    for (const auto& [key, value] : rows)
        if (key.starts_with(prefix)) visit(key, value);
}

Device::Device(const mls::CipherSuite& suite, crypto::Random& random, std::string device_name,
               mls::Limits limits)
    : name(std::move(device_name)),
      signer(crypto::SigningKey::generate(random)),
      env{&suite, &random, &signer, limits} {}

mls::NewKeyPackage Device::key_package(bool last_resort) {
    auto made = mls::make_key_package(
        env,
        {.leaf = {to_bytes(view(name))}, .lifetime = test_lifetime, .last_resort = last_resort});
    if (!made) throw std::runtime_error(made.error().text());
    return std::move(made).value();
}

mls::Group Device::create(std::string_view group_id, std::vector<mls::Extension> extensions) {
    auto made = mls::Group::create(env, {.group_id = to_bytes(view(group_id)),
                                         .leaf = {to_bytes(view(name))},
                                         .lifetime = test_lifetime,
                                         .extensions = std::move(extensions)});
    if (!made) throw std::runtime_error(made.error().text());
    return std::move(made).value();
}

}  // namespace huecry::test
