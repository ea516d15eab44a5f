#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "crypto/random.hpp"
#include "huecry/result.hpp"

// Offenders go by nicknames, never by names. A nickname of ours says nothing about a person: its
// words are things, materials and patterns, none of them a forename, a surname, a trade, a food, an
// animal, or a colour or word that is used of people.
namespace huecry::domain {

/// Two words, such as "Cobalt Lantern", for which `taken` is false. When every pair is taken a
/// number follows. `taken` sees the nickname as it would be used.
[[nodiscard]] std::string generate_nickname(crypto::Random& random,
                                            const std::function<bool(std::string_view)>& taken);

/// A nickname that a person typed: one line, not blank, single blanks between words.
/// Errors: text_too_long (limits::max_nickname), text_unprintable, invalid_argument.
[[nodiscard]] Result<void> validate_nickname(std::string_view nickname);

/// Two nicknames are the same when their keys are: A to Z count as a to z.
[[nodiscard]] std::string nickname_key(std::string_view nickname);

/// What the generator chooses from.
[[nodiscard]] std::span<const std::string_view> nickname_first_words();
[[nodiscard]] std::span<const std::string_view> nickname_second_words();

}  // namespace huecry::domain
