#include <set>
#include <sstream>

#include "directory/safety_words.hpp"
#include "directory_town.hpp"
#include "huecry/directory/document_key.hpp"
#include "huecry/directory/safety_phrase.hpp"
#include "huecry/limits.hpp"

namespace huecry::directory::test {
namespace {

TEST_CASE("an invite's keys come from its secret alone") {
    Town town;
    const auto secret = town.bytes(32);
    const auto a = invite_keys(secret);
    const auto b = invite_keys(secret);
    REQUIRE(a.ok());
    REQUIRE(b.ok());
    CHECK(a->signing.public_key == b->signing.public_key);
    CHECK(a->seal_public == b->seal_public);
    CHECK(a->id() == invite_id_of(a->signing.public_key));
    CHECK_FALSE(a->signing.seed == a->seal_private);
    CHECK_FALSE(invite_keys(town.bytes(32))->signing.public_key == a->signing.public_key);
    CHECK_FALSE(invite_keys(town.bytes(31)).ok());
}

TEST_CASE("the document key reaches whoever has the link, and nobody else") {
    Town town;
    const auto keys = *invite_keys(town.bytes(32));
    const auto others = *invite_keys(town.bytes(32));
    const SecretBytes key{BytesView(town.bytes(32))};
    const auto sealed = seal_document_key(key, keys.seal_public);
    REQUIRE(sealed.ok());
    CHECK(sealed->size() == sealed_document_key_size);
    CHECK(sealed->size() <= limits::max_sealed_key);
    const auto opened = open_document_key(*sealed, keys.seal_public, keys.seal_private);
    REQUIRE(opened.ok());
    CHECK(*opened == key);
    CHECK_FALSE(open_document_key(*sealed, others.seal_public, others.seal_private).ok());
    for (std::size_t i = 0; i < sealed->size(); ++i) {
        auto changed = *sealed;
        changed[i] ^= 1;
        CHECK_FALSE(open_document_key(changed, keys.seal_public, keys.seal_private).ok());
    }
    CHECK_FALSE(open_document_key({}, keys.seal_public, keys.seal_private).ok());
    CHECK_FALSE(seal_document_key(SecretBytes(31), keys.seal_public).ok());
}

TEST_CASE("the agreement's text under its key") {
    Town town;
    const SecretBytes key{BytesView(town.bytes(32))};
    const auto nonce = town.bytes(24);
    const std::string text = "We share what we need, and no more.";
    const auto blob = seal_document(key, nonce, text);
    REQUIRE(blob.ok());
    CHECK(*open_document(key, *blob) == text);
    CHECK_FALSE(open_document(SecretBytes(32), *blob).ok());
    for (std::size_t i = 0; i < blob->size(); ++i) {
        auto changed = *blob;
        changed[i] ^= 1;
        CHECK_FALSE(open_document(key, changed).ok());
        CHECK_FALSE(open_document(key, BytesView(*blob).first(i)).ok());
    }
    CHECK_FALSE(seal_document(key, town.bytes(12), text).ok());
    CHECK_FALSE(seal_document(key, nonce, std::string(limits::max_agreement + 1, 'x')).ok());
    CHECK_FALSE(document_digest(key, text) == document_digest(SecretBytes(32), text));
    CHECK_FALSE(document_digest(key, text) == document_digest(key, text + "."));
}

TEST_CASE("the safety phrase is the same for the same device and another for any other") {
    Town town;
    const auto device = town.join(Role::police);
    const auto* record = town.state().device(device.id());
    const auto& partnership = town.state().partnership();
    const auto phrase = safety_phrase(partnership, *record);
    REQUIRE(phrase.ok());
    CHECK(*phrase == *safety_phrase(partnership, device.id(), device.key.public_key, device.sealing,
                                    *record->invite));
    std::istringstream words(*phrase);
    std::size_t count = 0;
    for (std::string word; words >> word; ++count)
        CHECK(std::find(safety_words.begin(), safety_words.end(), word) != safety_words.end());
    CHECK(count == 6);
    auto other = *record;
    other.sealing_key = town.id<PublicKey>();
    CHECK_FALSE(*safety_phrase(partnership, other) == *phrase);
    other = *record;
    other.invite = town.id<InviteId>();
    CHECK_FALSE(*safety_phrase(partnership, other) == *phrase);
    CHECK_FALSE(*safety_phrase(town.id<PartnershipId>(), *record) == *phrase);
}

TEST_CASE("256 different words") {
    const std::set<std::string_view> unique(safety_words.begin(), safety_words.end());
    CHECK(unique.size() == 256);
    CHECK_FALSE(unique.contains(""));
    CHECK(std::is_sorted(safety_words.begin(), safety_words.end()));
}

}  // namespace
}  // namespace huecry::directory::test
