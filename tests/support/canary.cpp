#include "support/canary.hpp"

#include <string.h>
#include <zlib.h>

namespace huecry::test {
namespace {

Bytes utf16(const std::string& word, bool big_endian) {
    Bytes out;
    for (const char c : word) {
        out.push_back(big_endian ? 0 : static_cast<std::uint8_t>(c));
        out.push_back(big_endian ? static_cast<std::uint8_t>(c) : 0);
    }
    return out;
}

/// The characters of base64 that depend on nothing but the word, when it begins `offset` bytes into
/// a group of three. `plus` and `slash`: the two alphabets differ in them.
Bytes base64(const std::string& word, std::size_t offset, char plus, char slash) {
    const std::string alphabet =
        std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") + plus +
        slash;
    const std::string padded = std::string(offset, '\0') + word;
    Bytes out;
    for (std::size_t bit = 0; bit + 6 <= padded.size() * 8; bit += 6) {
        unsigned value = 0;
        for (std::size_t i = bit; i < bit + 6; ++i)
            value = value << 1 | (static_cast<unsigned char>(padded[i / 8]) >> (7 - i % 8) & 1U);
        if (bit >= offset * 8) out.push_back(static_cast<std::uint8_t>(alphabet[value]));
    }
    return out;
}

/// What a zlib or gzip stream that begins here holds; empty when none does.
Bytes inflated(BytesView bytes) {
    z_stream stream{};
    if (inflateInit2(&stream, 15 + 32) != Z_OK) return {};
    Bytes out(std::size_t{1} << 16);
    stream.next_in = const_cast<std::uint8_t*>(bytes.data());
    stream.avail_in = static_cast<uInt>(std::min<std::size_t>(bytes.size(), 1U << 20));
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    const int result = inflate(&stream, Z_SYNC_FLUSH);
    const auto made = out.size() - stream.avail_out;
    inflateEnd(&stream);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return {};
    out.resize(made);
    return out;
}

bool begins_stream(const std::uint8_t* p) {
    const bool zlib = p[0] == 0x78 && (p[0] << 8 | p[1]) % 31 == 0;
    return zlib || (p[0] == 0x1f && p[1] == 0x8b);
}

}  // namespace

CanaryScan::CanaryScan(std::vector<std::string> words) {
    for (const auto& word : words) {
        const auto add = [&](Bytes bytes, const char* how) {
            patterns_.push_back({std::move(bytes), word + " (" + how + ")"});
        };
        add(to_bytes(view(word)), "UTF-8");
        add(utf16(word, false), "UTF-16LE");
        add(utf16(word, true), "UTF-16BE");
        const auto hex = to_hex(view(word));
        add(to_bytes(view(hex)), "hexadecimal");
        std::string upper = hex;
        for (auto& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        if (upper != hex) add(to_bytes(view(upper)), "hexadecimal");
        for (std::size_t offset = 0; offset < 3; ++offset) {
            const auto usual = base64(word, offset, '+', '/');
            const auto url = base64(word, offset, '-', '_');
            add(usual, "base64");
            if (url != usual) add(url, "base64url");
        }
    }
}

void CanaryScan::scan_plain(BytesView bytes, const std::string& where,
                            std::vector<std::string>& found) const {
    for (const auto& pattern : patterns_)
        if (memmem(bytes.data(), bytes.size(), pattern.bytes.data(), pattern.bytes.size()) !=
            nullptr)
            found.push_back(pattern.what + where);
}

std::vector<std::string> CanaryScan::scan(BytesView bytes) const {
    std::vector<std::string> found;
    scan_plain(bytes, "", found);
    for (std::size_t i = 0; i + 2 < bytes.size(); ++i)
        if (begins_stream(bytes.data() + i))
            scan_plain(inflated(bytes.subspan(i)), " inside a compressed stream", found);
    return found;
}

}  // namespace huecry::test
