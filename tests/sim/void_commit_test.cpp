#include "sim/ghost_town.hpp"

// Commits that are authentic and not allowed: void for everybody alike, and the channel goes on.
using namespace huecry;
using namespace huecry::sim;

namespace {

using Plan = Rogue::Plan;

/// A commit, what the honest note of it, and who brings it to them.
struct Wrong {
    std::string name;
    std::string said;
    std::function<Plan(GhostTown&)> plan;
    /// The relay refuses it: one that helps the rogue puts it into the stream.
    bool relay_helps = false;
};

mls::Add addition(const Ghost& ghost) {
    const auto package = mls::parse_key_package(ghost.leaf.package.message);
    REQUIRE(package.ok());
    return {*package};
}

Plan with(mls::Proposal proposal) {
    Plan out;
    out.proposals.push_back(std::move(proposal));
    return out;
}

Plan about_head(std::function<void(Head&)> change) {
    Plan out;
    out.change_head = std::move(change);
    return out;
}

Plan changing(std::function<void(mls::Commit&)> change) {
    Plan out;
    out.change = std::move(change);
    return out;
}

void append(mls::Commit& commit, mls::Proposal proposal) {
    commit.proposals.emplace_back(std::move(proposal));
}

/// What its authenticated data may not say.
std::vector<Wrong> wrong_words(const SigningKey& stranger) {
    std::vector<Wrong> out;
    const auto unsigned_head = "no signed head of the directory";
    out.push_back({"no authenticated data", "authenticated data is malformed", [](GhostTown&) {
                       Plan plan;
                       plan.raw_data = Bytes{};
                       return plan;
                   }});
    out.push_back({"a head without the relay's signature", unsigned_head, [](GhostTown&) {
                       Plan plan;
                       plan.data = [](AuthenticatedData& data) {
                           data.directory_head.signature = Signature{};
                       };
                       return plan;
                   }});
    out.push_back({"a head that somebody else signed", unsigned_head, [&](GhostTown&) {
                       Plan plan;
                       plan.data = [&](AuthenticatedData& data) {
                           data.directory_head = SignedHead::sign(
                               Head::decode(data.directory_head.head).value(), stranger);
                       };
                       return plan;
                   }});
    out.push_back({"a head of another partnership", unsigned_head, [](GhostTown& town) {
                       return about_head([&](Head& head) {
                           head.partnership = town.world.story.id<PartnershipId>();
                       });
                   }});
    out.push_back({"a head of a channel", unsigned_head, [](GhostTown& town) {
                       return about_head(
                           [&](Head& head) { head.stream = StreamRef::channel(town.channel, 1); });
                   }});
    out.push_back({"a head of another past", "of another directory", [](GhostTown& town) {
                       return about_head(
                           [&](Head& head) { head.hash = town.world.story.id<Digest>(); });
                   }});
    out.push_back({"a future head without a signature", unsigned_head, [](GhostTown&) {
                       Plan plan;
                       plan.data = [](AuthenticatedData& data) {
                           auto head = Head::decode(data.directory_head.head).value();
                           head.seq += 100;
                           data.directory_head.head = head.encode();
                       };
                       return plan;
                   }});
    out.push_back({"an index below the floor", "acts upon an old directory", [](GhostTown& town) {
                       return about_head([&](Head& head) {
                           head.seq = town.marks().front().floor - 1;
                           head.hash = *town.world.directory().running_hash(head.seq);
                       });
                   }});
    out.push_back({"another message id", "made under another id", [](GhostTown& town) {
                       Plan plan;
                       plan.data = [&](AuthenticatedData& data) {
                           data.message_id = town.world.story.id<MessageId>();
                       };
                       return plan;
                   }});
    return out;
}

/// What it may not hold. `dave` may come in.
std::vector<Wrong> wrong_proposals(const Ghost& dave) {
    std::vector<Wrong> out;
    const auto other = "a proposal of another kind";
    out.push_back({"an Update by value", other, [](GhostTown& town) {
                       auto leaf = town.eve->state().tree.leaf(town.eve->group().own_leaf());
                       leaf.source = mls::LeafNodeSource::update;
                       return changing(
                           [leaf](mls::Commit& commit) { append(commit, {mls::Update{leaf}}); });
                   }});
    out.push_back({"a pre-shared key", other, [](GhostTown& town) {
                       mls::PreSharedKeyId id;
                       id.id = to_bytes(view("of eve's"));
                       id.nonce = town.world.story.crypto::Random::bytes(32);
                       auto plan = with({mls::PskProposal{id}});
                       plan.psk_secret = SecretBytes(town.world.story.crypto::Random::bytes(32));
                       return plan;
                   }});
    out.push_back({"a reinitialisation", other, [](GhostTown& town) {
                       auto plan =
                           with({mls::ReInit{to_bytes(town.eve->group().group_id()), 1, 3, {}}});
                       plan.path = false;
                       return plan;
                   }});
    out.push_back({"an ExternalInit", other,
                   [](GhostTown&) { return with({mls::ExternalInit{Bytes(32, 9)}}); }});
    out.push_back({"other group extensions", other,
                   [](GhostTown&) { return with({mls::GroupContextExtensions{}}); }});
    out.push_back({"a good Add beside other extensions", other, [&](GhostTown&) {
                       auto plan = with({addition(dave)});
                       plan.proposals.push_back({mls::GroupContextExtensions{}});
                       return plan;
                   }});
    out.push_back({"a proposal by reference", "is not known here", [](GhostTown& town) {
                       Plan plan;
                       plan.references.push_back(town.world.story.crypto::Random::bytes(32));
                       return plan;
                   }});
    out.push_back({"nothing at all", "empty", [](GhostTown&) {
                       Plan plan;
                       plan.path = false;
                       return plan;
                   }});
    out.push_back(
        {"a Remove of one who may read", "removes a device that may read",
         [](GhostTown& town) { return with({mls::Remove{town.eve->leaf_of(town.bob->id())}}); }});
    out.push_back(
        {"a good Add beside a bad Remove", "removes a device that may read", [&](GhostTown& town) {
             auto plan = with({addition(dave)});
             plan.proposals.push_back({mls::Remove{town.eve->leaf_of(town.bob->id())}});
             return plan;
         }});
    out.push_back({"a Remove of nobody", other, [](GhostTown&) {
                       return changing(
                           [](mls::Commit& commit) { append(commit, {mls::Remove{{77}}}); });
                   }});
    out.push_back(
        {"the committer removes itself", "removes a device that may read", [](GhostTown& town) {
             const auto own = town.eve->group().own_leaf();
             return changing([own](mls::Commit& commit) { append(commit, {mls::Remove{own}}); });
         }});
    out.push_back({"one device added twice", "key appears twice", [&](GhostTown&) {
                       auto plan = with({addition(dave)});
                       plan.proposals.push_back({addition(dave)});
                       return plan;
                   }});
    return out;
}

/// What its path may not bring, and how it may not come.
std::vector<Wrong> wrong_ways(const crypto::SigningKey& other_key) {
    std::vector<Wrong> out;
    out.push_back({"another's name", "changes a credential", [](GhostTown& town) {
                       Plan plan;
                       plan.leaf = [&](mls::LeafNode& leaf) {
                           leaf.credential = mls::Credential::basic(town.identity(town.bob->id()));
                       };
                       return plan;
                   }});
    out.push_back({"another key", "changes a credential", [&](GhostTown&) {
                       Plan plan;
                       plan.leaf = [&](mls::LeafNode& leaf) {
                           leaf.signature_key = to_bytes(other_key.public_key());
                       };
                       plan.leaf_signer = &other_key;
                       return plan;
                   }});
    out.push_back({"a key in the path that nobody can seal to", "unusable", [](GhostTown&) {
                       Plan plan;
                       plan.leaf_key = Bytes(32);
                       return plan;
                   }});
    out.push_back({"as a PublicMessage", "no commit was given out as one",
                   [](GhostTown&) {
                       Plan plan;
                       plan.format = mls::WireFormat::public_message;
                       return plan;
                   },
                   true});
    out.push_back({"too large", "no commit was given out as one",
                   [](GhostTown&) {
                       Plan plan;
                       plan.padding = limits::max_handshake + 1;
                       return plan;
                   },
                   true});
    return out;
}

void try_all(GhostTown& town, const std::vector<Wrong>& all) {
    for (const auto& wrong : all) {
        CAPTURE(wrong.name);
        const auto before = town.marks();
        town.forget_notes();
        auto made = town.eve->commit(wrong.plan(town));
        const auto answer = town.eve->submit(made);
        CHECK(answer.ok() != wrong.relay_helps);
        if (!answer.ok())
            plant_entry(town.world, StreamRef::channel(town.channel, 1), EntryKind::handshake,
                        town.eve->node().id(), made.id, made.message);
        town.world.run(wrong.relay_helps ? minute : 5 * second);
        town.eve->catch_up();
        CHECK(town.marks() == before);
        CHECK(town.noted(wrong.said));
        CHECK(town.say("still here").shown == 2);
    }
}

}  // namespace

TEST_CASE("a commit whose authenticated data is not in order is void") {
    GhostTown town(411);
    const auto stranger = signing_key_from_seed(Bytes(32, 5));
    try_all(town, wrong_words(stranger));
}

TEST_CASE("a commit with proposals that are not allowed is void") {
    GhostTown town(412);
    const auto ghosts = town.ghosts();
    try_all(town, wrong_proposals(ghosts.back()));
}

TEST_CASE("a commit that brings another leaf or comes another way is void") {
    GhostTown town(413);
    const auto other = crypto::SigningKey::from_seed(Bytes(32, 6)).value();
    try_all(town, wrong_ways(other));
}

TEST_CASE("the same commit in order is applied by everybody") {
    GhostTown town(414);
    const auto before = town.marks();
    auto made = town.eve->commit({});
    REQUIRE(town.eve->submit(made).ok());
    town.eve->follow(made);
    town.world.run(5 * second);
    const auto after = town.marks();
    for (std::size_t i = 0; i < after.size(); ++i) {
        CHECK(after[i].epoch == before[i].epoch + 1);
        CHECK(after[i].authenticator == town.eve->group().epoch_authenticator());
    }
    CHECK(town.say("one epoch on").shown == 2);
}

TEST_CASE(
    "a message that the relay gives out as a commit changes nothing, and the other way round") {
    GhostTown town(415);
    const auto stream = StreamRef::channel(town.channel, 1);
    for (const auto kind : {EntryKind::handshake, EntryKind::application}) {
        const bool as_commit = kind == EntryKind::handshake;
        CAPTURE(as_commit);
        const auto before = town.marks();
        town.forget_notes();
        auto made = town.eve->commit({});
        const auto id = as_commit ? town.world.story.id<MessageId>() : made.id;
        const auto body =
            as_commit ? town.eve->message(town.eve->group(), id, "help") : made.message;
        plant_entry(town.world, stream, kind, town.eve->node().id(), id, body);
        town.world.run(minute);
        town.eve->catch_up();
        CHECK(town.marks() == before);
        CHECK(town.noted("was given out as one"));
        CHECK(town.say("still here").shown == 2);
    }
}
