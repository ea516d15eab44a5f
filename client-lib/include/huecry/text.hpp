#pragma once

#include <string>
#include <string_view>

namespace huecry {

/// What becomes of line breaks in text from others.
enum class LineBreaks {
    /// Shown as \n and \t: for anything that must stay on its line, such as a name.
    show,
    /// Line feed and tab stay; every other control character is shown. Only where a new line of the
    /// text cannot be taken for a line of the program.
    keep,
};

/// Text from others, made safe for a terminal, a log or a list. Control characters (C0 with escape,
/// DEL, C1), line and paragraph separators, characters that turn the direction of writing, and
/// characters that cannot be seen (zero width, fillers, tags) become visible: \u{1B}, \u{202E}.
/// Bytes that are not UTF-8 become \x{FF}. All else stays as it is. Any input, any length; the
/// result is valid UTF-8 and printable(printable(t)) == printable(t).
[[nodiscard]] std::string printable(std::string_view text,
                                    LineBreaks line_breaks = LineBreaks::show);

}  // namespace huecry
