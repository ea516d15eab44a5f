#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "huecry/wire/bytes.hpp"

namespace huecry::relay {

/// Takes a client's WebSocket bytes apart (RFC 6455 section 5), without I/O. Strict: masked frames
/// only, no reserved bits, lengths in their shortest form, whole control frames of at most 125
/// bytes, binary messages only. A message may come in fragments, but not in crumbs. What it holds
/// while nothing is under way is next to nothing.
class WebSocketReader {
public:
    enum class Kind : std::uint8_t {
        more,     // all input is used up
        message,  // a whole binary message
        ping,     // to be answered with the same payload
        pong,
        close,  // `code`: to be answered with (1005: without one)
        fault,  // `code`: to be told; nothing more is read
    };
    struct Event {
        Kind kind = Kind::more;
        BytesView payload{};  // valid until the next call
        std::uint16_t code = 0;
    };
    /// Takes what makes up the next event from the beginning of `input`. `limit`: of a message, and
    /// refused (1009) as soon as its header says that it will be longer.
    [[nodiscard]] Event next(BytesView& input, std::size_t limit);

private:
    enum class Opcode : std::uint8_t {
        more = 0,
        text = 1,
        binary = 2,
        close = 8,
        ping = 9,
        pong = 10,
    };
    [[nodiscard]] bool take_header(BytesView& input);
    [[nodiscard]] std::uint16_t check_header(std::size_t limit);
    [[nodiscard]] std::optional<Event> take_payload(BytesView& input);
    [[nodiscard]] Event whole();
    [[nodiscard]] Event closing() const;

    std::array<std::uint8_t, 14> header_{};  // opcode, length, mask
    std::uint8_t header_size_ = 0;           // of it, so far
    bool in_payload_ = false;
    bool final_ = false;
    bool started_ = false;   // a message has begun and not ended
    bool finished_ = false;  // `message_` was handed out and goes with the next call
    Opcode opcode_{};
    std::array<std::uint8_t, 4> mask_{};
    std::uint8_t mask_at_ = 0;
    std::uint64_t left_ = 0;  // of the payload
    std::size_t pieces_ = 0;  // of the message
    std::size_t controls_ = 0;
    Bytes message_, control_;
};

}  // namespace huecry::relay
