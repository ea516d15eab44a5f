#include "mls/peek.hpp"
#include "unit/mls_rogue.hpp"

// Framing and who may send what (RFC 9420 sections 6 and 12.1.8), provoked by a member who has all
// secrets of the epoch.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

const CipherSuite& suite() { return chacha20_suite(); }

Bytes with(Bytes message, std::size_t at, std::uint8_t value) {
    message[at] = value;
    return message;
}
Bytes longer(Bytes message) {
    message.push_back(0);
    return message;
}

}  // namespace

TEST_CASE("the frame of a message (section 6)") {
    Trio t;
    Rogue rogue(t.b(), t.bob);
    const auto verdict = [&](BytesView m) { return why(t.a().process(m, {})); };
    const auto text = must(t.b().protect(view("text"), {})).message;
    const auto commit =
        must(t.b().commit({.framing = {.wire_format = WireFormat::public_message}})).message;
    t.b().clear_pending();
    CHECK(verdict(Bytes{0}) == "MLSMessage");
    CHECK(verdict(with(text, 1, 2)) == "MLSMessage");
    CHECK(verdict(longer(text)) == "PrivateMessage");
    CHECK(verdict(longer(commit)) == "PublicMessage");
    CHECK(verdict(with(text, 18, 4)) == "PrivateMessage");   // a content type that there is not
    CHECK(verdict(with(commit, 24, 4)) == "PublicMessage");  // after sender and empty data
    CHECK(verdict(with(commit, 18, 5)) == "PublicMessage");  // a sender type that there is not
    CHECK(verdict(with(commit, 18, 0)) == "PublicMessage");
    // Both kinds of message belong to one group and one epoch.
    for (const auto& m : {text, commit}) {
        CHECK(verdict(with(m, 6, 'G')) == "another group");
        CHECK(verdict(with(m, 17, 99)) == "another epoch");
    }
    CHECK(why(t.b().process(rogue.in_public(rogue.say(Proposal{Remove{{0}}})), {})) ==
          "our own message");
    Limits small;
    small.max_message = 5000;
    Trio strict({}, small);
    const auto large = must(strict.b().protect(Bytes(4990), {})).message;
    CHECK(large.size() > 5000);
    CHECK(strict.a().process(large, {}).error().code == Errc::too_large);
    CHECK(strict.c().process(large, {}).ok());
    // What came whole is taken.
    CHECK(verdict(text) == "accepted");
    CHECK(verdict(commit) == "accepted");
}

TEST_CASE("what is seen of a message without any key (section 6)") {
    Trio t;
    const auto text = must(t.b().protect(view("text"), {})).message;
    const auto commit =
        must(t.b().commit({.framing = {.wire_format = WireFormat::public_message}})).message;
    const auto info = must(t.a().group_info(false, true));
    CHECK(why(peek(text)) == "accepted");
    CHECK(why(peek(commit)) == "accepted");
    CHECK(why(peek(info)) == "accepted");
    CHECK(why(peek(with(text, 1, 2))) == "MLSMessage");
    CHECK(why(peek(with(text, 3, 0))) == "MLSMessage");
    CHECK(why(peek(with(text, 3, 6))) == "MLSMessage");
    CHECK(why(peek(longer(text))) == "MLSMessage");
    CHECK(why(peek(with(commit, 24, 4))) == "MLSMessage");
    CHECK(why(peek(BytesView(info).first(20))) == "MLSMessage");
}

TEST_CASE("a PrivateMessage (section 6.3)") {
    Trio t;
    Rogue rogue(t.b(), t.bob);
    const auto verdict = [&](BytesView m) { return why(t.a().process(m, {})); };
    const auto plain = rogue.plain("text");
    CHECK(verdict(rogue.in_private(plain, {})) == "accepted");
    auto padded = plain;
    padded.resize(padded.size() + 9);
    CHECK(verdict(rogue.in_private(padded, {})) == "accepted");
    padded.back() = 1;
    CHECK(verdict(rogue.in_private(padded, {})) == "PrivateMessageContent: padding");
    CHECK(verdict(rogue.in_private(BytesView(plain).first(plain.size() - 1), {})) ==
          "PrivateMessageContent");
    auto changed = rogue.in_private(plain, {});
    changed.back() ^= 1;  // not among the bytes that the key of the sender data comes from
    CHECK(verdict(changed) == "PrivateMessage");
    // Sender data: sealed otherwise, too long, of a leaf that is blank or outside the tree.
    changed = rogue.in_private(plain, {});
    changed[22] ^= 1;
    CHECK(verdict(changed) == "SenderData");
    const auto data = [](std::uint32_t leaf, bool too_long = false) {
        Writer w;
        w.u32(leaf).u32(0).u32(0);
        if (too_long) w.u8(0);
        return w.take();
    };
    CHECK(verdict(rogue.in_private(plain, {.sender_data = data(1, true)})) == "SenderData");
    CHECK(verdict(rogue.in_private(plain, {.sender_data = data(3)})) ==
          "SenderData: no such member");
    CHECK(verdict(rogue.in_private(plain, {.sender_data = data(0xffffffff)})) ==
          "SenderData: no such member");
    CHECK(verdict(rogue.in_private(plain, {.sender_data = data(0)})) == "our own message");
    // Signed by another than the sender.
    Rogue other(t.c(), t.bob);
    CHECK(verdict(other.in_private(other.plain("text"), {})) == "signature");
}

TEST_CASE("who may send what (sections 6.1 and 12.1.8)") {
    Trio t;
    Rogue rogue(t.b(), t.bob);
    Device zoe(suite(), t.random, "zoe");
    const auto package = std::move(*parse_key_package(zoe.key_package().message));
    const auto from = [&](Sender sender, std::variant<SecretBytes, Proposal, Commit> what,
                          const crypto::SigningKey& key) {
        auto content = rogue.say(std::move(what));
        content.content.sender = sender;
        return rogue.in_public(std::move(content), &key);
    };
    const auto verdict = [&](Group& group, BytesView m) { return why(group.process(m, {})); };
    CHECK(verdict(t.a(), from({SenderType::member, 3}, Proposal{Remove{{2}}}, t.bob.signer)) ==
          "sender: no such member");
    CHECK(verdict(t.a(), from({SenderType::member, 9}, Proposal{Remove{{2}}}, t.bob.signer)) ==
          "sender: no such member");
    CHECK(verdict(t.a(), from({SenderType::member, 2}, Proposal{Remove{{1}}}, t.bob.signer)) ==
          "signature");
    const Sender newcomer{SenderType::new_member_commit, 0};
    CHECK(verdict(t.a(), from(newcomer, Proposal{Add{package}}, zoe.signer)) ==
          "a new member sends something else than a commit");
    CHECK(verdict(t.a(), from(newcomer, Commit{}, zoe.signer)) == "external commit without a path");
    const Sender candidate{SenderType::new_member_proposal, 0};
    CHECK(verdict(t.a(), from(candidate, Proposal{Remove{{1}}}, zoe.signer)) ==
          "a new member proposes something else than Add");
    CHECK(verdict(t.a(), from(candidate, Commit{}, zoe.signer)) ==
          "a new member proposes something else than Add");
    CHECK(verdict(t.a(), from(candidate, Proposal{Add{package}}, t.bob.signer)) == "signature");
    CHECK(verdict(t.a(), from(candidate, Proposal{Add{package}}, zoe.signer)) == "accepted");
    CHECK(verdict(t.a(), from({SenderType::external, 0}, Proposal{Remove{{1}}}, zoe.signer)) ==
          "external senders are not allowed");
}

TEST_CASE("external senders (section 12.1.8.1)") {
    SeededRandom random(3);
    const auto key = crypto::SigningKey::generate(random);
    const std::vector<ExternalSender> list{
        {to_bytes(key.public_key()), Credential::basic(view("service"))}};
    Trio t({{extension_type::external_senders, encode_external_senders(list)}});
    Rogue rogue(t.b(), t.bob);
    const auto verdict = [&](std::uint32_t index,
                             std::variant<SecretBytes, Proposal, Commit> what) {
        auto content = rogue.say(std::move(what));
        content.content.sender = {SenderType::external, index};
        return why(t.a().process(rogue.in_public(std::move(content), &key), {}));
    };
    CHECK(verdict(0, Proposal{Remove{{1}}}) == "accepted");
    CHECK(verdict(1, Proposal{Remove{{1}}}) == "no such external sender");
    CHECK(verdict(0, Commit{}) == "an external sender sends something else than a proposal");
    CHECK(verdict(0, Proposal{ExternalInit{Bytes(32, 9)}}) ==
          "proposal type from an external sender");
    CHECK(verdict(0, Proposal{Update{rogue.tree.leaf({1})}}) ==
          "proposal type from an external sender");
    CHECK(verdict(0, Proposal{Remove{{7}}}) == "Remove: no such member");
    // A list that cannot be read lets nobody in.
    Trio broken({{extension_type::external_senders, Bytes{5}}});
    Rogue other(broken.b(), broken.bob);
    auto content = other.say(Proposal{Remove{{1}}});
    content.content.sender = {SenderType::external, 0};
    CHECK(why(broken.a().process(other.in_public(std::move(content), &key), {})) ==
          "external_senders");
}

TEST_CASE("standalone proposals (section 12.1)") {
    Limits few;
    few.max_proposals = 2;
    Trio t({}, few);
    Rogue rogue(t.b(), t.bob);
    const auto verdict = [&](Proposal p) {
        return why(t.a().process(rogue.in_public(rogue.say(std::move(p))), {}));
    };
    CHECK(verdict({Remove{{9}}}) == "Remove: no such member");
    CHECK(verdict({ExternalInit{Bytes(32, 9)}}) == "ExternalInit as a proposal of its own");
    CHECK(t.a().protect(view("nothing waits"), {}).ok());
    CHECK(verdict({Remove{{2}}}) == "accepted");
    CHECK(verdict({Remove{{1}}}) == "accepted");
    CHECK(verdict({Remove{{0}}}) == "standalone proposal");
    CHECK(why(t.a().propose(UpdateSelf{}, {})) == "proposals");
    Limits none;
    none.keep_proposals = false;
    Trio strict({}, none);
    Rogue other(strict.b(), strict.bob);
    CHECK(why(strict.a().process(other.in_public(other.say(Proposal{Remove{{2}}})), {})) ==
          "standalone proposal");
}
