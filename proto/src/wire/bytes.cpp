#include "huecry/wire/bytes.hpp"

#include <sodium.h>

#include "huecry/wire/secret.hpp"

namespace huecry {

std::string to_hex(BytesView bytes) {
    std::string out(bytes.size() * 2 + 1, '\0');
    sodium_bin2hex(out.data(), out.size(), bytes.data(), bytes.size());
    out.pop_back();
    return out;
}

bool from_hex(std::string_view text, Bytes& out) {
    if (text.empty()) {  // libsodium wants a place to write to
        out.clear();
        return true;
    }
    Bytes result(text.size() / 2);
    std::size_t length = 0;
    if (text.size() % 2 != 0 ||
        sodium_hex2bin(result.data(), result.size(), text.data(), text.size(), nullptr, &length,
                       nullptr) != 0 ||
        length != result.size())
        return false;
    out = std::move(result);
    return true;
}

std::string to_base64url(BytesView bytes) {
    constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    std::string out(sodium_base64_encoded_len(bytes.size(), variant), '\0');
    sodium_bin2base64(out.data(), out.size(), bytes.data(), bytes.size(), variant);
    out.pop_back();
    return out;
}

bool from_base64url(std::string_view text, Bytes& out) {
    Bytes result(text.size() / 4 * 3 + 3);
    std::size_t length = 0;
    const char* end = nullptr;
    if (sodium_base642bin(result.data(), result.size(), text.data(), text.size(), nullptr, &length,
                          &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        end != text.data() + text.size())
        return false;
    result.resize(length);
    out = std::move(result);
    return true;
}

bool equal_constant_time(BytesView a, BytesView b) {
    if (a.size() != b.size()) return false;
    return a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(void* data, std::size_t size) { sodium_memzero(data, size); }

}  // namespace huecry
