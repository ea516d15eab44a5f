#include <algorithm>

#include "delivery/core_impl.hpp"
#include "delivery/private_message.hpp"
#include "huecry/limits.hpp"

// A submission to a channel: strict order, commits with their Welcome, messages.
namespace huecry::relay {
namespace {

constexpr std::uint64_t day_ms = 86'400'000;

}  // namespace

Verdict CoreImpl::check_items(const StreamRef& stream, const Submission& s) const {
    const bool first_handshake = s.items[0].kind == EntryKind::handshake;
    if (s.items.size() == 2 && (!first_handshake || s.items[1].kind != EntryKind::application))
        return Refusal{Errc::invalid_argument};
    if (s.welcome && !first_handshake) return Refusal{Errc::invalid_argument};
    const auto group = group_id_of(stream);
    std::optional<std::uint64_t> epoch;
    for (const auto& item : s.items) {
        const bool handshake = item.kind == EntryKind::handshake;
        if (!handshake && item.kind != EntryKind::application)
            return Refusal{Errc::invalid_argument};
        if (item.body.size() > (handshake ? limits::max_handshake : limits::max_content))
            return Refusal{Errc::too_large};
        if (handshake ? item.lifetime_ms != 0 : item.lifetime_ms == 0)
            return Refusal{Errc::invalid_argument};
        if (item.lifetime_ms > limits::max_life_s * 1000) return Refusal{Errc::expiry_too_long};
        const auto message = read_private_message(item.body);
        if (!message) return Refusal{message.error().code};
        if (message->kind != item.kind) return Refusal{Errc::invalid_argument};
        if (message->group_id != group) return Refusal{Errc::mls_invalid};
        // The message was made in the epoch that its commit begins.
        if (epoch && message->epoch != *epoch + 1) return Refusal{Errc::mls_wrong_epoch};
        epoch = message->epoch;
    }
    if (s.welcome && (s.welcome->body.size() > limits::max_handshake))
        return Refusal{Errc::too_large};
    if (s.welcome && !has_format(s.welcome->body, MlsFormat::welcome))
        return Refusal{Errc::mls_malformed};
    return std::nullopt;
}

Verdict CoreImpl::check_stale(PartnershipState& p, const Submission& s) {
    const auto* stream = p.find(s.stream);
    const auto last = stream == nullptr ? 0 : stream->last_handshake;
    const ChannelId channel(s.stream.id);
    const auto loss =
        std::max(p.directory.loss_index(channel), p.directory.loss_index(s.submitter, channel));
    if (s.handshake_seq < last || s.directory_index < loss)
        return Refusal{Errc::stale, last, loss, 0};
    // A state that the relay has not given: made up, or given before a restore.
    if (s.handshake_seq > last || s.directory_index > p.directory.index())
        return Refusal{Errc::invalid_argument};
    return std::nullopt;
}

Verdict CoreImpl::check_channel(PartnershipState& p, const Submission& s) {
    const ChannelId channel(s.stream.id);
    const auto* record = p.directory.channel(channel);
    if (record == nullptr || !p.directory.reads(s.submitter, channel))
        return Refusal{Errc::channel_unknown};
    if (record->incarnation != s.stream.incarnation) return Refusal{Errc::stale};
    const auto& stream = p.stream(s.stream);
    const auto reader = stream.readers.find(s.submitter);
    if (reader == stream.readers.end() || !reader->second.member)
        return Refusal{Errc::mls_not_member};
    const bool application = s.items.back().kind == EntryKind::application;
    if (application && !p.directory.may_post(s.submitter, channel, now_ms()))
        return Refusal{Errc::post_not_permitted};
    if (s.items.front().kind == EntryKind::handshake &&
        !p.directory.may_commit(s.submitter, channel))
        return Refusal{Errc::not_permitted};
    if (auto refused = check_items(s.stream, s)) return refused;
    if (auto refused = check_stale(p, s)) return refused;
    return s.welcome ? check_welcome(p, s) : std::nullopt;
}

Verdict CoreImpl::check_welcome(PartnershipState& p, const Submission& s) {
    const auto& welcome = *s.welcome;
    const ChannelId channel(s.stream.id);
    if (welcome.chain_from > p.stream(s.stream).seq) return Refusal{Errc::invalid_argument};
    const auto now = parts_.clock.steady_ms();
    for (const auto& joiner : welcome.joiners) {
        if (!p.directory.reads(joiner.device, channel) || joiner.device == s.submitter)
            return Refusal{Errc::not_permitted};
        // What a device named in the directory to rejoin with was never in its stock.
        const auto* rejoin = p.directory.rejoin(joiner.device, channel);
        if (rejoin != nullptr && rejoin->allowed_index != 0 &&
            sha256(rejoin->key_package) == joiner.key_package)
            continue;
        const auto stock = p.packages.find(joiner.device);
        if (stock == p.packages.end()) return Refusal{Errc::reservation_lapsed};
        const auto package =
            std::find_if(stock->second.begin(), stock->second.end(),
                         [&](const auto& row) { return row.digest == joiner.key_package; });
        if (package == stock->second.end()) return Refusal{Errc::reservation_lapsed};
        if (package->last_resort) continue;  // may serve any number of times
        const auto held = p.reservations.find({joiner.device, joiner.key_package});
        if (held == p.reservations.end() || held->second.by != s.submitter ||
            held->second.until_steady_ms <= now)
            return Refusal{Errc::reservation_lapsed};
    }
    return std::nullopt;
}

void CoreImpl::store_welcome(PartnershipState& p, Submission& s, std::uint64_t commit_seq) {
    auto& welcome = *s.welcome;
    const auto now = now_ms();
    const auto digest = sha256(welcome.body);
    const auto length = static_cast<std::uint32_t>(welcome.body.size());
    current_->writes.emplace_back(write::SharedBody{p.id, welcome.id, std::move(welcome.body)});
    for (const auto& joiner : welcome.joiners) {
        Header header;
        header.stream = StreamRef::mailbox(joiner.device);
        header.seq = p.stream(header.stream).seq + 1;
        header.submitter = s.submitter;
        header.kind = EntryKind::welcome;
        header.message_id = welcome.id;
        header.accepted_ms = now;
        header.expiry_ms = now + limits::handshake_retention_days * day_ms;
        header.length = length;
        header.digest = digest;
        append(p, header, {}, welcome.id);

        // A member stays one from where it joined: a second Welcome takes nothing from it.
        auto& reader = p.stream(s.stream).let_in(joiner.device, commit_seq);
        reader.chain_from = welcome.chain_from;
        reader.cursor = std::max(reader.cursor, welcome.chain_from);
        current_->writes.emplace_back(write::Reader{
            p.id,
            {s.stream, joiner.device, reader.cursor, true, reader.joined, reader.chain_from}});

        auto& stock = p.packages[joiner.device];
        const auto package = std::find_if(stock.begin(), stock.end(), [&](const auto& row) {
            return row.digest == joiner.key_package;
        });
        if (package == stock.end() || package->last_resort) continue;
        stock.erase(package);
        p.reservations.erase({joiner.device, joiner.key_package});
        current_->writes.emplace_back(
            write::DropKeyPackage{p.id, joiner.device, joiner.key_package});
        tell_low_stock(p, joiner.device);
    }
}

Verdict CoreImpl::submit_channel(PartnershipState& p, Submission& s) {
    if (s.who.standing != Standing::active) return Refusal{Errc::pending_approval};
    if (auto refused = check_channel(p, s)) return refused;
    if (auto refused = check_room(p, s)) return refused;
    const auto now = now_ms();
    for (auto& item : s.items) {
        auto& stream = p.stream(s.stream);
        const bool handshake = item.kind == EntryKind::handshake;
        Header header;
        header.stream = s.stream;
        header.seq = stream.seq + 1;
        header.submitter = s.submitter;
        header.kind = item.kind;
        header.message_id = item.id;
        header.accepted_ms = now;
        header.expiry_ms =
            now + (handshake ? limits::handshake_retention_days * day_ms : item.lifetime_ms);
        header.length = static_cast<std::uint32_t>(item.body.size());
        header.digest = item.digest;
        const auto readers = stream.members - 1;  // the submitter is one, or it would not be here
        append(p, header, std::move(item.body));
        item.body.clear();
        auto& accepted = *s.result.add_accepted();
        accepted.set_seq(header.seq);
        accepted.set_accepted_ms(now);
        accepted.set_expiry_ms(header.expiry_ms);
        accepted.set_readers(readers);
        if (handshake && s.welcome) store_welcome(p, s, header.seq);
    }
    return std::nullopt;
}

}  // namespace huecry::relay
