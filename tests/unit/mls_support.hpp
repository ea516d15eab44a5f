#pragma once

#include <map>
#include <string>
#include <vector>

#include "mls/group.hpp"

// What the MLS tests share: repeatable randomness, a store in memory, members by name.
namespace huecry::test {

/// Repeats a run from its seed (ChaCha20 of libsodium).
class SeededRandom final : public crypto::Random {
public:
    explicit SeededRandom(std::uint64_t seed) : seed_(seed) {}
    void fill(std::span<std::uint8_t> out) override;
    /// 0 … n-1.
    std::uint32_t below(std::uint32_t n);

private:
    std::uint64_t seed_;
    std::uint64_t count_ = 0;
};

/// One group's records, as the domain's table would hold them.
class MemoryStore final : public mls::StateSink, public mls::StateSource {
public:
    void put(std::string_view key, BytesView value) override;
    void erase(std::string_view key) override;
    void erase_prefix(std::string_view prefix) override;
    std::optional<Bytes> get(std::string_view key) override;
    void each(std::string_view prefix,
              const std::function<void(std::string_view, BytesView)>& visit) override;

    std::map<std::string, Bytes, std::less<>> rows;
    std::size_t written = 0;  // bytes put since it was last set to zero
};

/// A device with a key, able to make key packages and to join groups.
struct Device {
    Device(const mls::CipherSuite& suite, crypto::Random& random, std::string name,
           mls::Limits limits = {});
    Device(Device&&) = delete;

    mls::NewKeyPackage key_package(bool last_resort = false);
    mls::Group create(std::string_view group_id, std::vector<mls::Extension> extensions = {});

    std::string name;
    crypto::SigningKey signer;
    mls::Environment env;
};

inline constexpr std::uint64_t test_now = 1'700'000'000;
inline constexpr mls::Lifetime test_lifetime{test_now - 3600, test_now + 7'000'000};

}  // namespace huecry::test
