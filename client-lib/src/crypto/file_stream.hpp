#pragma once

#include <array>
#include <cstdint>

#include "huecry/result.hpp"
#include "huecry/wire/bytes.hpp"
#include "huecry/wire/secret.hpp"

// A photo's bytes, encrypted chunk by chunk (libsodium secretstream, XChaCha20-Poly1305). Order,
// truncation and repetition are detected: the last chunk carries a final tag, and nothing may be
// shown before it has been verified.
namespace huecry::crypto {

inline constexpr std::size_t file_key_size = 32;
inline constexpr std::size_t file_header_size = 24;
/// What each chunk grows by.
inline constexpr std::size_t file_chunk_overhead = 17;

class FileSealer {
public:
    /// A key of 32 bytes; `key` is used for one file only.
    explicit FileSealer(BytesView key);
    ~FileSealer();
    FileSealer(const FileSealer&) = delete;
    FileSealer& operator=(const FileSealer&) = delete;
    /// Goes first in the file.
    [[nodiscard]] BytesView header() const { return header_; }
    [[nodiscard]] Bytes seal_chunk(BytesView plaintext, bool last);

private:
    alignas(16) std::array<std::uint8_t, 64> state_;
    std::array<std::uint8_t, file_header_size> header_;
};

class FileOpener {
public:
    FileOpener(BytesView key, BytesView header);
    ~FileOpener();
    FileOpener(const FileOpener&) = delete;
    FileOpener& operator=(const FileOpener&) = delete;
    /// Errors: photo_tampered. After the last chunk every further one is refused.
    [[nodiscard]] Result<Bytes> open_chunk(BytesView ciphertext);
    /// True once the chunk with the final tag has been opened.
    [[nodiscard]] bool complete() const { return complete_; }

private:
    alignas(16) std::array<std::uint8_t, 64> state_;
    bool usable_ = false;
    bool complete_ = false;
};

/// header, then chunks of `chunk` plaintext bytes each; an empty input is one empty final chunk.
[[nodiscard]] Bytes seal_file(BytesView key, BytesView plaintext, std::size_t chunk);
/// Errors: photo_tampered when any chunk is wrong, missing, or follows the final one.
[[nodiscard]] Result<Bytes> open_file(BytesView key, BytesView file, std::size_t chunk);

}  // namespace huecry::crypto
