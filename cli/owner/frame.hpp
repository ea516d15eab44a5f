#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "huecry/result.hpp"
#include "huecry/wire/bytes.hpp"

// What goes over the socket between the process that owns a profile and those that hand it work.
//   struct { uint32 length; uint8 type; opaque payload[length]; } Frame;   length in network order
namespace huecry::cli {

inline constexpr std::size_t max_frame = 1U << 20;  // larger files go in several
inline constexpr std::size_t file_chunk = 65536;

enum class FrameType : std::uint8_t {
    // from the asking side
    request = 1,  // JSON, see request.hpp
    secret,       // the profile's passphrase; first answer too when a new one is asked for
    answer,       // a line that a person typed
    no_answer,    // there is no terminal, or the input ended
    data,         // part of a file or of the standard input
    done,         // the file is complete; or all output up to `deliver` is out
    failed,       // JSON error: it cannot be read, written, typed
    // from the owner
    begun = 32,   // the work has been taken
    out,          // for the standard output
    err,          // for the standard error
    deliver,      // JSON position: print what has come, then say done
    ask,          // text of a question
    want_secret,  // JSON: what, fd, chosen (twice)
    want_input,   // JSON: limit
    want_file,    // JSON: path, limit
    put_file,     // JSON: path, replace; followed by data and done
    put_data,
    put_done,
    finished,  // JSON: exit code
    refused,   // JSON error: not taken, nothing was done
    moved,     // the owner is ending: take the profile over and run it again
};

struct Frame {
    FrameType type = FrameType::request;
    std::string payload;
};

/// Empty when the payload is too large for one frame.
std::string encode(FrameType type, std::string_view payload);

/// Cuts a stream of bytes into frames. Holds at most one frame; wipes what it has handed out,
/// because passphrases pass through it.
class FrameReader {
public:
    FrameReader() = default;
    FrameReader(const FrameReader&) = delete;
    FrameReader& operator=(const FrameReader&) = delete;
    ~FrameReader();

    void feed(std::string_view bytes);
    /// The next whole frame. Errors, after which the stream is of no use: too_large, malformed.
    Result<std::optional<Frame>> next();
    /// Bytes that the caller should read at most before it calls `next`.
    [[nodiscard]] std::size_t room() const { return max_frame + header_size - buffer_.size(); }

private:
    static constexpr std::size_t header_size = 5;
    std::string buffer_;
};

}  // namespace huecry::cli
