#include "store/key_file.hpp"

#include "crypto/aead.hpp"
#include "huecry/wire/codec.hpp"
#include "huecry/wire/ids.hpp"
#include "store/durable_file.hpp"

namespace huecry::store {
namespace {

constexpr std::string_view magic = "huecrykf";
constexpr std::uint8_t version = 1;
constexpr std::size_t key_size = 32;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t sealed_size = key_size + 16;
constexpr std::size_t max_file = 256;

enum class Kind : std::uint8_t { passphrase = 1, external = 2 };

// Everything before the nonce, and what follows from it.
struct Lock {
    Kind kind = Kind::passphrase;
    crypto::PassphraseCost cost;
    Bytes salt;

    [[nodiscard]] Bytes encode() const {
        Writer out;
        out.raw(view(magic)).u8(version).u8(static_cast<std::uint8_t>(kind));
        if (kind == Kind::passphrase) out.u32(cost.passes).u32(cost.memory_kib).raw(salt);
        return out.take();
    }

    [[nodiscard]] Result<SecretBytes> key(const Unlock& with) const {
        if (kind == Kind::external) {
            // A passphrase cannot open what an embedder's key has sealed.
            if (with.key.empty()) return Errc::passphrase_wrong;
            if (with.key.size() != key_size)
                return Error{Errc::invalid_argument, "the key has 32 bytes"};
            return SecretBytes(with.key);
        }
        if (!with.key.empty()) return Errc::passphrase_wrong;
        if (with.passphrase.empty()) return Errc::passphrase_missing;
        return crypto::passphrase_key(with.passphrase, salt, cost);
    }
};

Result<Bytes> seal(const SecretBytes& key, const Unlock& with, crypto::Random& random,
                   crypto::PassphraseCost cost) {
    Lock lock;
    lock.kind = with.key.empty() ? Kind::passphrase : Kind::external;
    lock.cost = cost;
    lock.salt = random.bytes(crypto::passphrase_salt_size);
    HUECRY_TRY_ASSIGN(const auto under, lock.key(with));
    Bytes file = lock.encode();
    const Bytes nonce = random.bytes(nonce_size);
    const Bytes sealed = crypto::chacha20_poly1305().seal(under.view(), nonce, file, key.view());
    file.insert(file.end(), nonce.begin(), nonce.end());
    file.insert(file.end(), sealed.begin(), sealed.end());
    return file;
}

}  // namespace

Result<SecretBytes> create_key_file(const std::filesystem::path& file, const Unlock& with,
                                    crypto::Random& random, crypto::PassphraseCost cost) {
    std::error_code code;
    if (std::filesystem::exists(file, code)) return Errc::profile_exists;
    auto key = random.secret(key_size);
    HUECRY_TRY_ASSIGN(const auto contents, seal(key, with, random, cost));
    HUECRY_TRY(replace_file(file, contents));
    return key;
}

Result<SecretBytes> open_key_file(const std::filesystem::path& file, const Unlock& with) {
    auto read = read_small_file(file, max_file);
    if (!read) {
        if (read.error().code == Errc::not_found) return Errc::no_profile;
        if (read.error().code == Errc::too_large) return Errc::store_damaged;
        return read.error();
    }
    Reader in(*read);
    const auto start = in.raw(magic.size());
    if (!in.ok() || !equal_constant_time(start, view(magic)))
        return Error{Errc::store_damaged, "key file"};
    const auto written_as = in.u8();
    if (written_as > version) return Errc::store_newer;
    if (written_as != version) return Error{Errc::store_damaged, "key file"};
    Lock lock;
    lock.kind = static_cast<Kind>(in.u8());
    if (lock.kind == Kind::passphrase) {
        lock.cost.passes = in.u32();
        lock.cost.memory_kib = in.u32();
        lock.salt = to_bytes(in.raw(crypto::passphrase_salt_size));
    } else if (lock.kind != Kind::external) {
        return Error{Errc::store_damaged, "key file"};
    }
    const auto nonce = in.raw(nonce_size);
    const auto sealed = in.raw(sealed_size);
    if (!in.done()) return Error{Errc::store_damaged, "key file"};
    auto under = lock.key(with);
    if (!under && under.error().code == Errc::invalid_argument && with.key.empty())
        return Error{Errc::store_damaged, "key file"};  // costs that were never written
    if (!under) return under.error();
    auto key = crypto::chacha20_poly1305().open(under->view(), nonce, lock.encode(), sealed);
    if (!key) return Errc::passphrase_wrong;
    return std::move(*key);
}

Result<void> change_key_file(const std::filesystem::path& file, const Unlock& now,
                             const Unlock& next, crypto::Random& random,
                             crypto::PassphraseCost cost) {
    HUECRY_TRY_ASSIGN(const auto key, open_key_file(file, now));
    HUECRY_TRY_ASSIGN(const auto contents, seal(key, next, random, cost));
    return replace_file(file, contents);
}

}  // namespace huecry::store
