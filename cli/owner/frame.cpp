#include "owner/frame.hpp"

#include "huecry/wire/secret.hpp"

namespace huecry::cli {
namespace {

bool known(std::uint8_t type) {
    const auto in = [type](FrameType first, FrameType last) {
        return type >= static_cast<std::uint8_t>(first) && type <= static_cast<std::uint8_t>(last);
    };
    return in(FrameType::request, FrameType::failed) || in(FrameType::begun, FrameType::moved);
}

}  // namespace

std::string encode(FrameType type, std::string_view payload) {
    if (payload.size() > max_frame) return {};
    const auto size = static_cast<std::uint32_t>(payload.size());
    std::string out;
    out.reserve(payload.size() + 5);
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        out += static_cast<char>(static_cast<std::uint8_t>(size >> shift));
    out += static_cast<char>(type);
    out += payload;
    return out;
}

FrameReader::~FrameReader() { wipe(buffer_.data(), buffer_.size()); }

void FrameReader::feed(std::string_view bytes) {
    if (buffer_.capacity() < buffer_.size() + bytes.size()) {
        std::string larger;
        larger.reserve((buffer_.size() + bytes.size()) * 2);
        larger = buffer_;
        wipe(buffer_.data(), buffer_.size());
        buffer_.swap(larger);
    }
    buffer_ += bytes;
}

Result<std::optional<Frame>> FrameReader::next() {
    if (buffer_.size() < header_size) return std::optional<Frame>();
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<std::uint8_t>(buffer_[i]);
    const auto type = static_cast<std::uint8_t>(buffer_[4]);
    if (size > max_frame) return Error{Errc::too_large, "a frame between two huecry processes"};
    if (!known(type)) return Error{Errc::malformed, "a frame between two huecry processes"};
    if (buffer_.size() < header_size + size) return std::optional<Frame>();
    Frame frame{static_cast<FrameType>(type), buffer_.substr(header_size, size)};
    const auto rest = buffer_.size() - header_size - size;
    std::string kept = buffer_.substr(header_size + size, rest);
    wipe(buffer_.data(), buffer_.size());
    buffer_.assign(kept);
    wipe(kept.data(), kept.size());
    return std::optional<Frame>(std::move(frame));
}

}  // namespace huecry::cli
