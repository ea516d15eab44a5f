#include "link_text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "huecry/wire/bytes.hpp"

namespace huecry {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_base64url(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/// %XX back to its character; what is no such escape stays.
std::string undo_percent(std::string_view in) {
    std::string out;
    for (std::size_t i = 0; i < in.size(); ++i) {
        Bytes one;
        if (in[i] == '%' && i + 2 < in.size() && from_hex(in.substr(i + 1, 2), one)) {
            out += static_cast<char>(one[0]);
            i += 2;
        } else {
            out += in[i];
        }
    }
    return out;
}

/// The character that "&amp;", "&#47;" or "&#x2f;" stands for, if it is ASCII.
std::optional<char> entity(std::string_view name) {
    if (name == "amp") return '&';
    if (name == "lt") return '<';
    if (name == "gt") return '>';
    if (name == "quot") return '"';
    if (name.size() < 2 || name.front() != '#') return std::nullopt;
    const bool hex = name[1] == 'x' || name[1] == 'X';
    const auto digits = name.substr(hex ? 2 : 1);
    unsigned value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
    if (error != std::errc() || end != digits.data() + digits.size() || value > 0x7e)
        return std::nullopt;
    return static_cast<char>(value);
}

std::string undo_html(std::string_view in) {
    std::string out;
    for (std::size_t i = 0; i < in.size(); ++i) {
        const auto end = in[i] == '&' ? in.find(';', i) : in.npos;
        const auto known =
            end != in.npos && end - i < 8 ? entity(in.substr(i + 1, end - i - 1)) : std::nullopt;
        out += known.value_or(in[i]);
        if (known) i = end;
    }
    return out;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
    return text;
}

/// Marks that are not seen: zero-width characters, joiners, soft hyphens, direction marks.
std::string without_invisible(std::string text) {
    for (const std::string_view mark :
         {"\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200e", "\u200f"})
        text = replaced(std::move(text), mark, "");
    return replaced(std::move(text), "\u00a0", " ");
}

/// Where the link begins; the scheme may be capitalised, and the slashes doubled or lost.
std::optional<LinkText> after_scheme(std::string_view text) {
    std::string lower(text);
    for (auto& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    for (auto at = lower.find("huecry:"); at != lower.npos; at = lower.find("huecry:", at + 1)) {
        auto rest = at + 7;
        while (rest < lower.size() && lower[rest] == '/') ++rest;
        const bool member = lower.compare(rest, 5, "join/") == 0;
        if (!member && lower.compare(rest, 7, "device/") != 0) continue;
        return LinkText{!member, std::string(text.substr(rest + (member ? 5 : 7)))};
    }
    return std::nullopt;
}

/// A link ends where nothing of its alphabet stands: punctuation, brackets, "?utm_source=…".
std::string cut(std::string_view text) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_base64url);
    return {text.begin(), end};
}

/// Broken lines put together: as mail does it ("=" at the end, "> " before), or by plain wrapping.
std::string joined(std::string_view text, bool over_words) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '=' && i + 1 < text.size() && (text[i + 1] == '\r' || text[i + 1] == '\n'))
            continue;
        if (text[i] != '\r' && text[i] != '\n') {
            if (!over_words || !is_space(text[i])) out += text[i];
            continue;
        }
        while (i + 1 < text.size() && (is_space(text[i + 1]) || text[i + 1] == '>')) ++i;
    }
    return out;
}

void add(std::vector<LinkText>& out, bool device, std::string payload) {
    const auto same = [&](const LinkText& one) {
        return one.device == device && one.payload == payload;
    };
    if (!payload.empty() && std::none_of(out.begin(), out.end(), same))
        out.push_back({device, std::move(payload)});
}

void add_readings(std::vector<LinkText>& out, const std::string& text) {
    for (const std::string_view dash : {"--", "-"}) {
        auto plain = replaced(text, "\u2014", dash);  // "smart" punctuation: an em or en dash
        plain = replaced(std::move(plain), "\u2013", dash);
        const auto found = after_scheme(plain);
        if (!found) continue;
        const auto one_line = cut(found->payload);
        add(out, found->device, one_line);
        // Emphasis around a link: _…_ or *…*; the last character may belong to it.
        if (!one_line.empty() && (one_line.back() == '_' || one_line.back() == '-'))
            add(out, found->device, one_line.substr(0, one_line.size() - 1));
        add(out, found->device, cut(joined(found->payload, false)));
        add(out, found->device, cut(joined(found->payload, true)));
    }
}

}  // namespace

std::vector<LinkText> link_readings(std::string_view text) {
    std::vector<LinkText> out;
    auto plain = without_invisible(std::string(text.substr(0, max_link_text)));
    // Some programs escape what has been escaped already.
    for (int depth = 0; depth < 3; ++depth) {
        add_readings(out, plain);
        auto next = undo_html(undo_percent(plain));
        if (next == plain) break;
        plain = without_invisible(std::move(next));
    }
    return out;
}

}  // namespace huecry
