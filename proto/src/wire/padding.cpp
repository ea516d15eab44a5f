#include "huecry/wire/padding.hpp"

#include <algorithm>

#include "huecry/wire/codec.hpp"

namespace huecry {
namespace {

/// The smallest of the sizes that holds `n` bytes; 0 when none does.
std::size_t padded_size(std::size_t n) {
    for (const auto size : padded_sizes)
        if (n <= size) return size;
    return 0;
}

}  // namespace

Result<Bytes> pad(BytesView content) {
    if (content.size() > padded_sizes.back()) return Error{Errc::too_large, "message content"};
    Writer w;
    w.opaque(content);
    const auto size = padded_size(w.size());
    if (size == 0) return Error{Errc::too_large, "message content"};
    auto out = w.take();
    out.resize(size);
    return out;
}

Result<BytesView> unpad(BytesView padded) {
    Reader r(padded);
    const auto content = r.opaque(padded_sizes.back());
    const auto zeros = r.rest();
    const bool clean = std::all_of(zeros.begin(), zeros.end(), [](auto b) { return b == 0; });
    // One content has one padded form, so that padding carries nothing.
    if (!r.ok() || !clean || padded_size(padded.size() - zeros.size()) != padded.size())
        return Error{Errc::malformed, "padding"};
    return content;
}

}  // namespace huecry
