#pragma once

#include "relay_world.hpp"

namespace huecry::relay::test {

/// An invite to a new member of a new organisation, for who holds the one-time key.
inline directory::InviteIssued invite_for(World& w, const Client& holder, bool in_person = true) {
    directory::InviteIssued out;
    out.one_time_key = holder.key.public_key;
    out.seal_key = w.random.id<PublicKey>();
    out.member = w.random.id<MemberId>();
    out.member_name_hash = w.random.id<Digest>();
    out.organisation = w.random.id<OrganisationId>();
    out.organisation_name_hash = w.random.id<Digest>();
    out.role = directory::Role::retailer;
    out.in_person = in_person;
    out.lifetime_ms = 7 * day_ms;
    return out;
}

/// Founder, first commit, and two members in the group; all subscribed.
struct Town : World {
    std::unique_ptr<Client> shop;
    std::unique_ptr<Client> guard;
    std::uint64_t handshakes = 0;
    std::uint64_t epoch = 0;

    Town() {
        found();
        founder->subscribe(channel());
        REQUIRE(founder->ask(submission(EntryKind::handshake, 0, 0)).has_submit_result());
        shop = join();
        guard = join(directory::Role::security);
        add(*shop, 1, 1);
        add(*guard, 2, 2);
        handshakes = 3;
        epoch = 3;
        for (auto* c : {founder.get(), shop.get(), guard.get()}) c->pushed();
    }
    void add(Client& joiner, std::uint64_t at_epoch, std::uint64_t seq) {
        const auto answer = founder->ask(add_member(*founder, joiner, at_epoch, seq));
        REQUIRE(answer.has_submit_result());
        joiner.subscribe(StreamRef::mailbox(joiner.id()));
        joiner.subscribe(channel(), seq);
        core->flush();
    }
    v1::Frame alert(std::uint64_t lifetime_ms = 3'600'000) {
        return submission(EntryKind::application, epoch, handshakes, lifetime_ms);
    }
};

}  // namespace huecry::relay::test
