#pragma once

#include <string_view>

#include "huecry/result.hpp"
#include "huecry/text.hpp"

// What people may type. Judged before anything is sent, and again on everything that arrives.
namespace huecry::domain {

/// Valid UTF-8 from end to end.
[[nodiscard]] bool is_utf8(std::string_view text);

/// A text of one line: a name, a place, a nickname. Refuses control characters, separators, what
/// turns the direction of writing and what cannot be seen (so that two names that look the same are
/// the same), but not the joiners that some scripts need. May be empty.
/// Errors: text_too_long (more than `max_bytes`), text_unprintable.
[[nodiscard]] Result<void> check_line(std::string_view text, std::size_t max_bytes);

/// A text of several lines: line feed and tab are allowed, other control characters and what
/// overrides the direction of writing are not. May be empty.
/// Errors: text_too_long, text_unprintable.
[[nodiscard]] Result<void> check_paragraphs(std::string_view text, std::size_t max_bytes);

/// A member, organisation, channel or partnership: check_line with limits::max_name, and neither
/// blank nor with blanks at an end. Errors: as check_line; invalid_argument.
[[nodiscard]] Result<void> check_name(std::string_view name);
/// limits::max_place; may be empty.
[[nodiscard]] Result<void> check_place(std::string_view place);
/// limits::max_text; may be empty: whether something is said at all is the alert's to judge.
[[nodiscard]] Result<void> check_alert_text(std::string_view text);

/// Nothing but blanks, or blanks at the beginning or the end.
[[nodiscard]] bool has_outer_blanks(std::string_view text);

}  // namespace huecry::domain
