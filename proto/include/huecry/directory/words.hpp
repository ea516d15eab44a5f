#pragma once

#include <string>

#include "huecry/result.hpp"
#include "huecry/wire/ids.hpp"
#include "huecry/wire/secret.hpp"

// Bytes as words that can be printed, typed and read aloud: the list of PROTOCOL.md section 12.8,
// one word for each byte.
namespace huecry::directory {

/// Separated by spaces.
std::string words_of(BytesView bytes);
/// Back again, whatever stands between the words and however they are capitalised.
/// `invalid_argument` names the place of the first word that is not in the list; `too_large`.
Result<SecretBytes> bytes_from_words(std::string_view text, std::size_t max_words);

/// Twelve words that are equal on two devices exactly when both have the same directory up to
/// `index` (section 12.11). 96 bits behind Argon2id: two heads with the same words cannot be made.
/// `no_room` without the memory (16 MiB).
Result<std::string> head_words(const PartnershipId& partnership, std::uint64_t index,
                               const Digest& head);

}  // namespace huecry::directory
