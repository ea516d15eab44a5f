#include "huecry/directory/words.hpp"

#include <sodium.h>

#include <algorithm>

#include "directory/safety_words.hpp"
#include "huecry/wire/codec.hpp"
#include "huecry/wire/signing.hpp"

namespace huecry::directory {
namespace {

constexpr std::size_t head_bytes = 12;
constexpr unsigned long long passes = 2;
constexpr std::size_t memory = std::size_t{16} << 20;
constexpr std::size_t longest_word = 16;

}  // namespace

std::string words_of(BytesView bytes) {
    std::string out;
    for (const auto byte : bytes) {
        if (!out.empty()) out += ' ';
        out += safety_words[byte];
    }
    return out;
}

Result<SecretBytes> bytes_from_words(std::string_view text, std::size_t max_words) {
    SecretBytes found(max_words);
    std::size_t count = 0;
    std::string word;
    const auto take = [&]() -> Result<void> {
        if (word.empty()) return {};
        if (count == max_words) return Error{Errc::too_large, "too many words"};
        const auto known = std::find(safety_words.begin(), safety_words.end(), word);
        if (known == safety_words.end())
            return Error{Errc::invalid_argument,
                         "word number " + std::to_string(count + 1) + " is not in the list"};
        found.span()[count++] = static_cast<std::uint8_t>(known - safety_words.begin());
        word.clear();
        return {};
    };
    for (const char c : text) {
        const bool upper = c >= 'A' && c <= 'Z';
        if (upper || (c >= 'a' && c <= 'z')) {
            if (word.size() < longest_word) word += upper ? static_cast<char>(c - 'A' + 'a') : c;
        } else {
            HUECRY_TRY(take());
        }
    }
    HUECRY_TRY(take());
    return SecretBytes(found.view().first(count));
}

Result<std::string> head_words(const PartnershipId& partnership, std::uint64_t index,
                               const Digest& head) {
    Writer w;
    w.raw(partnership.view()).u64(index).raw(head.view());
    const auto digest = labelled_hash("huecry/1 head words", w.bytes());
    const auto salt = labelled_hash("huecry/1 safety salt", partnership.view());
    std::array<std::uint8_t, 16> stretched{};
    if (crypto_pwhash_argon2id(stretched.data(), stretched.size(),
                               reinterpret_cast<const char*>(digest.view().data()), Digest::size,
                               salt.view().data(), passes, memory,
                               crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
        return Error{Errc::no_room, "memory for the words"};
    return words_of(BytesView(stretched).first(head_bytes));
}

}  // namespace huecry::directory
