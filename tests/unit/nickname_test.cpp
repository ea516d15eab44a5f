#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <set>
#include <string>

#include "domain/nickname.hpp"
#include "huecry/limits.hpp"

using namespace huecry;
using namespace huecry::domain;

namespace {

class Repeatable final : public crypto::Random {
public:
    explicit Repeatable(unsigned seed) : engine_(seed) {}
    void fill(std::span<std::uint8_t> out) override {
        for (auto& byte : out) byte = static_cast<std::uint8_t>(engine_());
    }

private:
    std::mt19937 engine_;
};
class Constant final : public crypto::Random {
public:
    void fill(std::span<std::uint8_t> out) override { std::memset(out.data(), 0, out.size()); }
};

const auto nobody = [](std::string_view) { return false; };

}  // namespace

TEST_CASE("the words: enough of them, each once, plain capitalised letters") {
    std::set<std::string_view> seen;
    CHECK(nickname_first_words().size() >= 100);
    CHECK(nickname_second_words().size() >= 100);
    for (const auto words : {nickname_first_words(), nickname_second_words()}) {
        for (const std::string_view word : words) {
            CAPTURE(word);
            CHECK(seen.insert(word).second);
            CHECK(word.size() >= 3);
            CHECK((word[0] >= 'A' && word[0] <= 'Z'));
            CHECK(std::all_of(word.begin() + 1, word.end(),
                              [](char c) { return c >= 'a' && c <= 'z'; }));
        }
    }
    for (const std::string_view first : nickname_first_words()) {
        for (const std::string_view second : nickname_second_words()) {
            const std::string both = std::string(first) + ' ' + std::string(second);
            if (both.size() + 4 > limits::max_nickname || !validate_nickname(both)) FAIL(both);
        }
    }
}

TEST_CASE("the words: none that is said of people, or a name, or of a belief") {
    std::set<std::string> words;
    for (const auto list : {nickname_first_words(), nickname_second_words()}) {
        for (const std::string_view word : list) words.insert(nickname_key(word));
    }
    for (const char* word :
         {"black",     "white",    "brown",     "yellow",   "red",    "pink",      "pale",
          "dark",      "fair",     "blonde",    "golden",   "ginger", "grey",      "olive",
          "ebony",     "ivory",    "amber",     "violet",   "ruby",   "rose",      "scarlet",
          "jade",      "hazel",    "sienna",    "saffron",  "autumn", "summer",    "winter",
          "crystal",   "meadow",   "robin",     "big",      "fat",    "round",     "thin",
          "tall",      "small",    "little",    "old",      "young",  "slow",      "lame",
          "blind",     "deaf",     "mad",       "crazy",    "dirty",  "cheap",     "poor",
          "rich",      "crooked",  "broken",    "cracked",  "rough",  "foreign",   "eastern",
          "western",   "northern", "southern",  "oriental", "gypsy",  "traveller", "friday",
          "saturday",  "sunday",   "cross",     "crescent", "star",   "temple",    "rainbow",
          "snowflake", "banana",   "coconut",   "apple",    "oreo",   "monkey",    "pig",
          "rat",       "dog",      "fox",       "wolf",     "needle", "spanner",   "fence",
          "battery",   "smith",    "baker",     "cooper",   "mason",  "taylor",    "orange",
          "cotton",    "bamboo",   "chequered", "framed",   "brass",  "copper"}) {
        CHECK_MESSAGE(!words.contains(word), word);
    }
}

TEST_CASE("two words, differing from run to run, repeatable with the same randomness") {
    Repeatable random(1);
    std::set<std::string> different;
    for (int i = 0; i < 200; ++i) different.insert(generate_nickname(random, nobody));
    CHECK(different.size() > 180);
    for (const std::string& nickname : different) {
        CHECK(std::count(nickname.begin(), nickname.end(), ' ') == 1);
        CHECK(validate_nickname(nickname).ok());
    }
    Repeatable a(5);
    Repeatable b(5);
    CHECK(generate_nickname(a, nobody) == generate_nickname(b, nobody));
}

TEST_CASE("unique until every pair is taken, then numbered; even without good randomness") {
    Constant random;
    std::set<std::string, std::less<>> used;
    const auto taken = [&](std::string_view nickname) { return used.contains(nickname); };
    // all but a few are taken already: the search finds each of the rest
    const std::size_t pairs = nickname_first_words().size() * nickname_second_words().size();
    for (const auto first : nickname_first_words()) {
        for (const auto second : nickname_second_words()) {
            used.insert(std::string(first) + ' ' + std::string(second));
        }
    }
    REQUIRE(used.size() == pairs);
    const std::string rest[] = {"Azure Abacus", "Teal Lantern", "Wednesday Waterfall"};
    for (const std::string& nickname : rest) REQUIRE(used.erase(nickname) == 1);
    std::set<std::string> found;
    for (int i = 0; i < 3; ++i) {
        const std::string nickname = generate_nickname(random, taken);
        found.insert(nickname);
        used.insert(nickname);
    }
    CHECK(found == std::set<std::string>(std::begin(rest), std::end(rest)));

    const std::string numbered = generate_nickname(random, taken);
    CHECK(numbered.ends_with(" 2"));
    CHECK(validate_nickname(numbered).ok());
    used.insert(numbered);
    CHECK(generate_nickname(random, taken) != numbered);
}

TEST_CASE("nicknames that people type") {
    for (const char* nickname :
         {"Blue Cap", "x", "Der mit dem Fahrrad", "Żółty Kubek", "Number 7"}) {
        CHECK(validate_nickname(nickname).ok());
    }
    CHECK(validate_nickname(std::string(limits::max_nickname, 'n')).ok());
    CHECK(validate_nickname(std::string(limits::max_nickname + 1, 'n')).error().code ==
          Errc::text_too_long);
    for (const char* nickname : {"", " ", " Blue", "Blue ", "Blue  Cap"}) {
        CHECK(validate_nickname(nickname).error().code == Errc::invalid_argument);
    }
    for (const char* nickname : {"Blue\nCap", "Blue\tCap", "\x1B[1m", "\xFF",
                                 "\xE2\x80\xAE"
                                 "x",
                                 "Blue\xE2\x80\x8B"
                                 "Cap"}) {
        CHECK(validate_nickname(nickname).error().code == Errc::text_unprintable);
    }
    CHECK(nickname_key("Blue CAP") == nickname_key("blue cap"));
    CHECK(nickname_key("Blue Cap") != nickname_key("Blue Cup"));
}
