#include "net/websocket_reader.hpp"

#include <algorithm>

namespace huecry::relay {
namespace {

constexpr std::size_t kept_capacity = 512;  // that an idle connection may hold
constexpr std::size_t max_pieces = 64;      // of a message, beyond one for each 512 bytes
constexpr std::size_t max_controls = 120;   // between two messages
constexpr std::size_t max_control = 125;

constexpr std::uint16_t protocol_error = 1002;
constexpr std::uint16_t not_binary = 1003;
constexpr std::uint16_t no_code = 1005;
constexpr std::uint16_t flooded = 1008;
constexpr std::uint16_t too_long = 1009;

/// Section 7.4: what may stand in a closing frame.
bool sendable(unsigned code) {
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
           (code >= 3000 && code < 5000);
}

std::size_t extra_length(std::uint8_t second) {
    const auto size = second & 0x7f;
    return size < 126 ? 0 : size == 126 ? 2 : 8;
}

}  // namespace

WebSocketReader::Event WebSocketReader::next(BytesView& input, std::size_t limit) {
    if (finished_) {
        finished_ = false;
        message_.clear();
        if (message_.capacity() > kept_capacity) Bytes().swap(message_);
    }
    for (;;) {
        if (!in_payload_) {
            if (!take_header(input)) return {};
            if (const auto code = check_header(limit); code != 0) return {Kind::fault, {}, code};
            header_size_ = 0;
            in_payload_ = true;
        }
        if (const auto event = take_payload(input)) return *event;
        if (in_payload_) return {};
    }
}

bool WebSocketReader::take_header(BytesView& input) {
    const auto wanted = [&] {
        return header_size_ < 2 ? std::size_t{2} : 2 + extra_length(header_[1]) + mask_.size();
    };
    while (header_size_ < wanted()) {
        const auto count = std::min(wanted() - header_size_, input.size());
        if (count == 0) return false;
        std::copy_n(input.begin(), count, header_.begin() + header_size_);
        input = input.subspan(count);
        header_size_ = static_cast<std::uint8_t>(header_size_ + count);
        // The rest of a header that is no client's is not waited for.
        if (header_size_ >= 2 && ((header_[0] & 0x70) != 0 || (header_[1] & 0x80) == 0))
            return true;
    }
    return true;
}

/// 0, or the code of what is wrong with it.
std::uint16_t WebSocketReader::check_header(std::size_t limit) {
    if ((header_[0] & 0x70) != 0 || (header_[1] & 0x80) == 0) return protocol_error;
    const auto extra = extra_length(header_[1]);
    left_ = header_[1] & 0x7f;
    if (extra != 0) {
        left_ = 0;
        for (std::size_t i = 0; i < extra; ++i) left_ = left_ << 8 | header_[2 + i];
        if (left_ < (extra == 2 ? 126U : 65536U) || left_ >> 63 != 0) return protocol_error;
    }
    std::copy_n(header_.begin() + 2 + static_cast<std::ptrdiff_t>(extra), mask_.size(),
                mask_.begin());
    mask_at_ = 0;
    final_ = (header_[0] & 0x80) != 0;
    opcode_ = static_cast<Opcode>(header_[0] & 0x0f);
    switch (opcode_) {
        case Opcode::text:
            return started_ ? protocol_error : not_binary;
        case Opcode::binary:
        case Opcode::more:
            if (started_ != (opcode_ == Opcode::more)) return protocol_error;
            if (left_ > limit || message_.size() > limit - left_) return too_long;
            if (!started_) pieces_ = 0;
            started_ = true;
            return 0;
        case Opcode::close:
        case Opcode::ping:
        case Opcode::pong:
            if (!final_ || left_ > max_control) return protocol_error;
            control_.clear();
            return ++controls_ > max_controls ? flooded : std::uint16_t{0};
    }
    return protocol_error;
}

std::optional<WebSocketReader::Event> WebSocketReader::take_payload(BytesView& input) {
    const bool control = opcode_ >= Opcode::close;
    auto& into = control ? control_ : message_;
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
    const auto begin = into.size();
    into.resize(begin + count);
    for (std::size_t i = 0; i < count; ++i)
        into[begin + i] = static_cast<std::uint8_t>(input[i] ^ mask_[(mask_at_ + i) & 3]);
    mask_at_ = static_cast<std::uint8_t>((mask_at_ + count) & 3);
    input = input.subspan(count);
    left_ -= count;
    if (!control && ++pieces_ > max_pieces + message_.size() / 512)
        return Event{Kind::fault, {}, flooded};
    if (left_ != 0) return std::nullopt;
    in_payload_ = false;
    if (control) return whole();
    if (!final_) return std::nullopt;
    started_ = false;
    finished_ = true;
    controls_ = 0;
    return Event{Kind::message, message_};
}

WebSocketReader::Event WebSocketReader::whole() {
    if (opcode_ == Opcode::ping) return {Kind::ping, control_};
    if (opcode_ == Opcode::pong) return {Kind::pong, control_};
    return closing();
}

WebSocketReader::Event WebSocketReader::closing() const {
    if (control_.empty()) return {Kind::close, {}, no_code};
    const unsigned code =
        control_.size() < 2 ? 0 : static_cast<unsigned>(control_[0]) << 8 | control_[1];
    if (!sendable(code)) return {Kind::fault, {}, protocol_error};
    return {Kind::close, {}, static_cast<std::uint16_t>(code)};
}

}  // namespace huecry::relay
