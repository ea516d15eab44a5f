#include <doctest/doctest.h>

#include "huecry/directory/words.hpp"
#include "huecry/wire/signing.hpp"

using namespace huecry;

TEST_CASE("bytes as words, and back, however they are typed") {
    Bytes all;
    for (int i = 0; i < 256; ++i) all.push_back(static_cast<std::uint8_t>(i));
    const auto words = directory::words_of(all);
    CHECK(words.starts_with("acorn almond "));
    CHECK(words.ends_with(" yacht"));
    const auto back = directory::bytes_from_words(words, 256);
    REQUIRE(back.ok());
    CHECK(to_bytes(back->view()) == all);
    const auto typed = directory::bytes_from_words(" Acorn,ALMOND\n3. yacht ", 3);
    REQUIRE(typed.ok());
    CHECK(to_bytes(typed->view()) == Bytes{0, 1, 255});
    CHECK(directory::bytes_from_words("", 4)->empty());
    const auto unknown = directory::bytes_from_words("acorn acornn", 4);
    REQUIRE_FALSE(unknown.ok());
    CHECK(unknown.error().detail == "word number 2 is not in the list");
    CHECK(directory::bytes_from_words(words, 255).error().code == Errc::too_large);
    CHECK_FALSE(directory::bytes_from_words(std::string(100'000, 'a'), 4).ok());
}

TEST_CASE("a head's words depend on all of it") {
    REQUIRE(initialise_crypto());
    const auto partnership = *PartnershipId::from(Bytes(32, 1));
    const auto head = *Digest::from(Bytes(32, 2));
    const auto words = directory::head_words(partnership, 7, head);
    REQUIRE(words.ok());
    CHECK(directory::bytes_from_words(*words, 12)->size() == 12);
    CHECK(*directory::head_words(partnership, 7, head) == *words);
    CHECK(*directory::head_words(partnership, 8, head) != *words);
    CHECK(*directory::head_words(partnership, 7, *Digest::from(Bytes(32, 3))) != *words);
    CHECK(*directory::head_words(*PartnershipId::from(Bytes(32, 4)), 7, head) != *words);
}
