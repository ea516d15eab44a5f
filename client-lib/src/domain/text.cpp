#include "domain/text.hpp"

#include <algorithm>
#include <array>

#include "huecry/limits.hpp"
#include "huecry/wire/utf8.hpp"

namespace huecry {
namespace {

struct Range {
    char32_t first;
    char32_t last;
};

template <std::size_t N>
constexpr bool within(const std::array<Range, N>& ranges, char32_t code) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [&](const Range& r) { return code >= r.first && code <= r.last; });
}

// They act on a terminal, end a line, or are no characters at all.
constexpr bool is_control(char32_t code) {
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029 ||
           (code & 0xFFFEU) == 0xFFFE || (code >= 0xFDD0 && code <= 0xFDEF);
}

// They reorder what stands around them: "cod.exe" shown as "exe.doc".
constexpr std::array turning{Range{0x202A, 0x202E}, Range{0x2066, 0x2069}};

// They take no room, or look like a blank without being one.
constexpr std::array unseen{
    Range{0x00AD, 0x00AD},    // soft hyphen
    Range{0x034F, 0x034F},    // grapheme joiner
    Range{0x061C, 0x061C},    // Arabic letter mark
    Range{0x115F, 0x1160},    // Hangul fillers
    Range{0x17B4, 0x17B5},    // Khmer inherent vowels
    Range{0x180B, 0x180F},    // Mongolian selectors
    Range{0x200B, 0x200B},    // zero width space
    Range{0x200E, 0x200F},    // direction marks
    Range{0x2060, 0x2065},    // word joiner, invisible operators
    Range{0x206A, 0x206F},    // deprecated format characters
    Range{0x2800, 0x2800},    // Braille blank
    Range{0x3164, 0x3164},    // Hangul filler
    Range{0xFEFF, 0xFEFF},    // byte order mark
    Range{0xFFA0, 0xFFA0},    // halfwidth Hangul filler
    Range{0xFFF0, 0xFFFC},    // interlinear annotation, object replacement
    Range{0x1BCA0, 0x1BCA3},  // shorthand format controls
    Range{0x1D173, 0x1D17A},  // musical format controls
    Range{0xE0000, 0xE0FFF},  // tags, variation selectors
};

void append_number(std::string& out, char kind, char32_t value) {
    std::string digits;
    do {
        digits.insert(digits.begin(), "0123456789ABCDEF"[value % 16]);
        value /= 16;
    } while (value != 0);
    out += '\\';
    out += kind;
    out += '{' + (digits.size() < 2 ? "0" + digits : digits) + '}';
}

// Zero-width joiners too: an application may show them, a terminal does not. Variation selectors
// only choose between two visible forms and stay.
constexpr bool is_shown(char32_t code) {
    return is_control(code) || within(turning, code) || within(unseen, code) ||
           (code >= 0x200C && code <= 0x200D);
}

}  // namespace

std::string printable(std::string_view text, LineBreaks line_breaks) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const CodePoint code = first_code_point(text);
        const bool break_or_tab = code.value == '\n' || code.value == '\t';
        if (!code.valid) {
            append_number(out, 'x', static_cast<unsigned char>(text[0]));
        } else if (break_or_tab && line_breaks == LineBreaks::show) {
            out += code.value == '\n' ? "\\n" : "\\t";
        } else if (is_shown(code.value) && !break_or_tab) {
            append_number(out, 'u', code.value);
        } else {
            out += text.substr(0, code.size);
        }
        text.remove_prefix(code.size);
    }
    return out;
}

namespace domain {
namespace {

template <class Refused>
Result<void> check(std::string_view text, std::size_t max_bytes, Refused refused) {
    if (text.size() > max_bytes) {
        return Error{Errc::text_too_long, "at most " + std::to_string(max_bytes) + " bytes"};
    }
    while (!text.empty()) {
        const CodePoint code = first_code_point(text);
        if (!code.valid || refused(code.value)) return Errc::text_unprintable;
        text.remove_prefix(code.size);
    }
    return {};
}

}  // namespace

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const CodePoint code = first_code_point(text);
        if (!code.valid) return false;
        text.remove_prefix(code.size);
    }
    return true;
}

Result<void> check_line(std::string_view text, std::size_t max_bytes) {
    return check(text, max_bytes, [](char32_t code) {
        return is_control(code) || within(turning, code) || within(unseen, code);
    });
}

Result<void> check_paragraphs(std::string_view text, std::size_t max_bytes) {
    return check(text, max_bytes, [](char32_t code) {
        return (is_control(code) && code != '\n' && code != '\t') || within(turning, code);
    });
}

bool has_outer_blanks(std::string_view text) {
    const auto blank = [](std::string_view rest) {
        const char32_t code = first_code_point(rest).value;
        return code == ' ' || code == 0xA0 || code == 0x1680 ||
               (code >= 0x2000 && code <= 0x200A) || code == 0x202F || code == 0x205F ||
               code == 0x3000;
    };
    if (text.empty()) return false;
    std::size_t last = text.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xC0U) == 0x80) --last;
    return blank(text) || blank(text.substr(last));
}

Result<void> check_name(std::string_view name) {
    HUECRY_TRY(check_line(name, limits::max_name));
    if (name.empty()) return Error{Errc::invalid_argument, "a name is empty"};
    if (has_outer_blanks(name)) return Error{Errc::invalid_argument, "blanks around a name"};
    return {};
}

Result<void> check_place(std::string_view place) { return check_line(place, limits::max_place); }

Result<void> check_alert_text(std::string_view text) {
    return check_paragraphs(text, limits::max_text);
}

}  // namespace domain
}  // namespace huecry
