#include "crypto/file_stream.hpp"

#include <sodium.h>

#include <algorithm>
#include <new>
#include <stdexcept>

namespace huecry::crypto {
namespace {
using State = crypto_secretstream_xchacha20poly1305_state;
static_assert(sizeof(State) <= 64);
static_assert(file_key_size == crypto_secretstream_xchacha20poly1305_KEYBYTES);
static_assert(file_header_size == crypto_secretstream_xchacha20poly1305_HEADERBYTES);
static_assert(file_chunk_overhead == crypto_secretstream_xchacha20poly1305_ABYTES);

State* state_of(std::array<std::uint8_t, 64>& memory) {
    return std::launder(reinterpret_cast<State*>(memory.data()));
}
}  // namespace

FileSealer::FileSealer(BytesView key) {
    if (key.size() != file_key_size) throw std::invalid_argument("file key");
    crypto_secretstream_xchacha20poly1305_init_push(new (state_.data()) State, header_.data(),
                                                    key.data());
}

FileSealer::~FileSealer() { wipe(state_.data(), state_.size()); }

Bytes FileSealer::seal_chunk(BytesView plaintext, bool last) {
    Bytes out(plaintext.size() + file_chunk_overhead);
    const auto tag = last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
                          : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
    crypto_secretstream_xchacha20poly1305_push(state_of(state_), out.data(), nullptr,
                                               plaintext.data(), plaintext.size(), nullptr, 0,
                                               static_cast<unsigned char>(tag));
    return out;
}

FileOpener::FileOpener(BytesView key, BytesView header) {
    new (state_.data()) State;
    usable_ = key.size() == file_key_size && header.size() == file_header_size &&
              crypto_secretstream_xchacha20poly1305_init_pull(state_of(state_), header.data(),
                                                              key.data()) == 0;
}

FileOpener::~FileOpener() { wipe(state_.data(), state_.size()); }

Result<Bytes> FileOpener::open_chunk(BytesView ciphertext) {
    if (!usable_ || complete_ || ciphertext.size() < file_chunk_overhead)
        return Errc::photo_tampered;
    Bytes out(ciphertext.size() - file_chunk_overhead);
    unsigned char tag = 0;
    if (crypto_secretstream_xchacha20poly1305_pull(state_of(state_), out.data(), nullptr, &tag,
                                                   ciphertext.data(), ciphertext.size(), nullptr,
                                                   0) != 0) {
        usable_ = false;
        return Errc::photo_tampered;
    }
    complete_ = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    return out;
}

Bytes seal_file(BytesView key, BytesView plaintext, std::size_t chunk) {
    if (chunk == 0) throw std::invalid_argument("chunk");
    FileSealer sealer(key);
    Bytes out = to_bytes(sealer.header());
    out.reserve(out.size() + plaintext.size() +
                (plaintext.size() / chunk + 1) * file_chunk_overhead);
    do {
        const auto n = std::min(chunk, plaintext.size());
        const auto sealed = sealer.seal_chunk(plaintext.first(n), n == plaintext.size());
        out.insert(out.end(), sealed.begin(), sealed.end());
        plaintext = plaintext.subspan(n);
    } while (!plaintext.empty());
    return out;
}

Result<Bytes> open_file(BytesView key, BytesView file, std::size_t chunk) {
    if (chunk == 0) throw std::invalid_argument("chunk");
    if (file.size() < file_header_size) return Errc::photo_tampered;
    FileOpener opener(key, file.first(file_header_size));
    file = file.subspan(file_header_size);
    Bytes out;
    out.reserve(file.size());
    while (!file.empty()) {
        const auto n = std::min(chunk + file_chunk_overhead, file.size());
        HUECRY_TRY_ASSIGN(const auto part, opener.open_chunk(file.first(n)));
        out.insert(out.end(), part.begin(), part.end());
        file = file.subspan(n);
    }
    if (!opener.complete()) return Errc::photo_tampered;
    return out;
}

}  // namespace huecry::crypto
