#include "api/enrolment.hpp"
#include "api/impl.hpp"
#include "huecry/directory/build.hpp"
#include "huecry/wire/codec.hpp"

// To another relay, without the present one's help: the root's word and the log go to the new one,
// and a notice that proves itself tells everybody else where to look.
namespace huecry {
namespace {

using namespace std::chrono_literals;

constexpr auto limit = 20s;
constexpr std::string_view notice_prefix = "huecry://relay/";
constexpr std::size_t max_notice = 2048;
constexpr std::size_t frame_bytes = 256 * 1024;

struct Notice {
    RelayAddress relay;  // with its key
    directory::Statement statement;
};

/// Form only; whose word it is, is `check_notice`.
Result<Notice> read_notice(std::string_view text, directory::SignedStatement& outer) {
    const Error not_one{Errc::link_malformed, "it starts with huecry://relay/"};
    const auto begin = text.find(notice_prefix);
    if (begin == text.npos || text.size() > 2 * max_notice) return not_one;
    std::string payload;
    for (const char c : text.substr(begin + notice_prefix.size()))
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t') payload += c;
    while (!payload.empty() &&
           std::string_view(".,;>\"')").find(payload.back()) != std::string_view::npos)
        payload.pop_back();
    Bytes bytes;
    if (!from_base64url(payload, bytes)) return Error{Errc::link_malformed, "it is not whole"};
    HUECRY_TRY_ASSIGN(outer, directory::SignedStatement::decode(bytes));
    Notice out;
    HUECRY_TRY_ASSIGN(out.statement, directory::Statement::decode(outer.statement));
    const auto* moved = std::get_if<directory::RelayMoved>(&out.statement.body);
    if (moved == nullptr) return not_one;
    out.relay = {moved->host, moved->port, moved->relay_key};
    return out;
}

/// The root's word on this partnership, and nothing that this device knows is left out by it.
Result<void> check_notice(const directory::State& state, const Notice& notice,
                          const directory::SignedStatement& outer) {
    if (notice.statement.partnership != state.partnership())
        return Error{Errc::not_found, "it is of another partnership"};
    const bool by_root = outer.signatures.size() == 1 &&
                         outer.signatures[0].signer == directory::Signer::root() &&
                         verify_labelled(state.root_key(), directory::statement_label,
                                         outer.statement, outer.signatures[0].signature);
    if (!by_root)
        return Error{Errc::statement_signature, "it is not signed by the partnership's root key"};
    const auto& seen = notice.statement.seen;
    if (seen.index < state.index())
        return Error{Errc::statement_conflict,
                     "this device knows entries that the move has left out; tell your coordinator"};
    const auto here = state.running_hash(seen.index);
    if (here && *here != seen.hash)
        return Error{Errc::statement_conflict,
                     "the new relay was given another directory than this device's"};
    return {};
}

/// Groups and mailbox of the old relay are of no use at the new one; what was said stays.
Result<void> adopt(Client::Impl& me, const RelayAddress& relay) {
    auto store = me.store();
    HUECRY_TRY_ASSIGN(auto transaction, me.db().begin());
    HUECRY_TRY(store.set_setting("relay", view(relay.text())));
    HUECRY_TRY_ASSIGN(const auto channels, store.channels());
    for (const auto& row : channels) HUECRY_TRY(store.erase_channel(row.channel, row.incarnation));
    HUECRY_TRY(me.db().execute("DELETE FROM cursor WHERE kind IN (2, 3)"));
    HUECRY_TRY(me.db().execute("DELETE FROM key_package"));
    HUECRY_TRY(transaction.commit());
    return me.restart(true);
}

struct Moving {
    net::Identity founder;
    std::vector<domain::SyncStore::DirectoryEntry> entries;
    directory::SignedStatement moved;
};

Result<void> hand_over(const Moving& moving, const std::string& code, crypto::Random& random) {
    api::Enrolment relay(moving.founder, random);
    HUECRY_TRY(relay.connect(limit));
    std::size_t next = 0;
    while (next <= moving.entries.size()) {
        v1::Frame frame;
        auto& body = *frame.mutable_hand_over();
        if (next == 0) body.set_code(code);
        // The first entry alone: a stranger may send no more than a founder does.
        for (std::size_t bytes = 0; next < moving.entries.size() && bytes < frame_bytes;) {
            const auto& entry = moving.entries[next++];
            body.add_entries()->set_header(to_string(entry.header));
            body.mutable_entries(body.entries_size() - 1)->set_body(to_string(entry.body));
            bytes += entry.header.size() + entry.body.size();
            if (next == 1) break;
        }
        if (body.entries_size() == 0) {
            body.set_moved(to_string(moving.moved.encode()));
            ++next;
        }
        HUECRY_TRY(relay.request(std::move(frame), limit));
    }
    return {};
}

}  // namespace

Result<std::string> Client::move_relay(const std::string& address, const std::string& code) {
    HUECRY_TRY_ASSIGN(const auto relay, RelayAddress::parse(address));
    if (!relay.key) return Errc::relay_key_unknown;
    HUECRY_TRY_ASSIGN(
        const auto moving, impl_->call([relay](Impl& me) -> Result<std::shared_ptr<Moving>> {
            HUECRY_TRY_ASSIGN(const auto* state, me.directory());
            auto out = std::make_shared<Moving>();
            HUECRY_TRY_ASSIGN(out->moved, me.signed_by_root(directory::Body{directory::RelayMoved{
                                              *relay.key, relay.port, relay.host}}));
            HUECRY_TRY_ASSIGN(out->entries, me.store().directory_entries(0));
            if (out->entries.size() != state->index())
                return Error{Errc::store_damaged, "directory entries"};
            out->founder = {relay, me.self().partnership, ClientKind::founder,
                            StreamRef::mailbox(me.self().device).id, me.self().key};
            return out;
        }));
    crypto::SystemRandom random;
    HUECRY_TRY(hand_over(*moving, code, random));
    const auto notice = std::string(notice_prefix) + to_base64url(moving->moved.encode());
    HUECRY_TRY(impl_->call([relay, notice](Impl& me) -> Result<void> {
        HUECRY_TRY(me.store().set_setting("relay_notice", view(notice)));
        return adopt(me, relay);
    }));
    return notice;
}

Result<void> Client::follow_relay(const std::string& notice) {
    auto outer = std::make_shared<directory::SignedStatement>();
    HUECRY_TRY_ASSIGN(const auto read, read_notice(notice, *outer));
    HUECRY_TRY_ASSIGN(
        const auto identity,
        impl_->call([&read, outer](Impl& me) -> Result<std::shared_ptr<net::Identity>> {
            HUECRY_TRY_ASSIGN(const auto* state, me.directory());
            if (state->relay_key() == *read.relay.key && me.relay() == read.relay)
                return std::shared_ptr<net::Identity>();  // it is there already
            HUECRY_TRY(check_notice(*state, read, *outer));
            return std::make_shared<net::Identity>(
                net::Identity{read.relay, me.self().partnership, ClientKind::device,
                              StreamRef::mailbox(me.self().device).id, me.self().key});
        }));
    if (!identity) return {};
    {
        crypto::SystemRandom random;
        api::Enrolment relay(*identity, random);
        HUECRY_TRY(relay.connect(limit));  // it knows this device: the log is there
    }
    const auto text = std::string(notice_prefix) + to_base64url(outer->encode());
    return impl_->call([&read, text](Impl& me) -> Result<void> {
        HUECRY_TRY(me.store().set_setting("relay_notice", view(text)));
        return adopt(me, read.relay);
    });
}

Result<std::string> Client::relay_notice() {
    return impl_->call([](Impl& me) -> Result<std::string> {
        HUECRY_TRY_ASSIGN(const auto kept, me.store().setting("relay_notice"));
        if (!kept) return Error{Errc::not_found, "the relay has not moved"};
        return to_string(*kept);
    });
}

}  // namespace huecry
