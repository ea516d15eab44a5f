#pragma once

#include <string_view>

#include "huecry/result.hpp"
#include "huecry/wire/secret.hpp"
#include "photos/limits.hpp"

namespace huecry::photos {

/// Bytes of a watermark's line: a member's name and a time.
inline constexpr std::size_t max_watermark = 160;

/// A photo for showing: `line` (UTF-8: the viewer's name and the time) is burnt in, repeated along
/// slanted lines over the whole picture, white with a dark edge, so that a screenshot or a crop
/// says who took it. Scripts that need shaping are shown as code points: {627}.
/// The photo comes from another member: it is decoded under the same limits as any file and encoded
/// anew, so that nothing but pixels reaches the viewer's programs.
/// Errors: those of intake; text_empty, text_too_long, text_unprintable for the line.
[[nodiscard]] Result<SecretBytes> watermark(BytesView jpeg, std::string_view line,
                                            const Limits& limits = {});

}  // namespace huecry::photos
