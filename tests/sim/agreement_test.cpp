#include <doctest/doctest.h>

#include "huecry/directory/document_key.hpp"
#include "sim/world.hpp"

// The agreement's text, where the relay has lost it.
using namespace huecry;
using namespace huecry::sim;

namespace {

const std::string text = "Wherever we are, we are fair.";

/// Published by the founder; whether its text gets to the relay is another matter.
void publish(World& world) {
    auto& founder = world.founder();
    const auto key = founder.random().secret(directory::document_key_size);
    directory::AgreementPublished published;
    published.version = 1;
    published.text_digest = directory::document_digest(key, text);
    published.blob = founder.context().new_id<BlobId>();
    published.text_size = static_cast<std::uint32_t>(text.size());
    published.deadline_ms = 86'400'000;
    const auto stated = world.state(founder, directory::Body{published});
    REQUIRE_MESSAGE(stated.ok(), (stated ? "" : stated.error().text()));
    const auto keep = [&]() -> Result<void> {
        HUECRY_TRY_ASSIGN(auto transaction, founder.db().begin());
        HUECRY_TRY(founder.projection().keep_agreement_key(1, published.blob, key.view()));
        HUECRY_TRY(transaction.commit());
        founder.projection().committed();
        domain::Outgoing message{
            world.all_members(), founder.context().new_id<MessageId>(), {}, std::chrono::hours(24)};
        auto& said = *message.content.mutable_agreement();
        said.set_version(1);
        said.set_blob(to_string(published.blob.view()));
        said.set_key(to_string(key.view()));
        return founder.engine().enqueue(message, {});
    };
    REQUIRE(keep().ok());
}

Result<void> keep_text(Node& node) {
    HUECRY_TRY_ASSIGN(auto transaction, node.db().begin());
    HUECRY_TRY(node.projection().keep_agreement_text(1, text));
    HUECRY_TRY(transaction.commit());
    node.projection().committed();
    return {};
}

}  // namespace

TEST_CASE("a text that the relay has not got keeps nobody waiting, and comes when it is there") {
    World world({.seed = 53});
    auto* bob = world.join();
    REQUIRE(bob != nullptr);
    REQUIRE(world.quiet());
    // As whoever waits for the client to come to rest sees it: looked at when it is told to look.
    bool rests = false;
    bob->engine().on_change([&] { rests = bob->engine().settled(); });
    publish(world);
    REQUIRE(
        world.run_until([&] { return bob->projection().agreement_key(1).has_value(); }, minute));
    CHECK_FALSE(world.run_until([&] { return bob->engine().settled() && !rests; }, minute));
    CHECK(rests);
    const auto has_text = [&] { return bob->projection().agreement().text == text; };
    CHECK_FALSE(has_text());

    // No message tells of it: a coordinator's device hands it in every day, and who wants it asks.
    REQUIRE(keep_text(world.founder()).ok());
    CHECK_FALSE(world.run_until(has_text, 20 * hour));
    CHECK(world.run_until(has_text, 5 * hour));
    world.run(minute);
    CHECK(rests);
    bob->engine().on_change({});
    CHECK(world.quiet());
}
