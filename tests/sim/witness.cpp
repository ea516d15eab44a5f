#include "sim/witness.hpp"

#include "delivery/partnership.hpp"
#include "domain/verdict.hpp"
#include "sim/world.hpp"

namespace huecry::sim {
namespace {

/// What an honest world never says. The rest (refusals, retries) is life.
constexpr std::string_view alarming[] = {"could not be decrypted",
                                         "disagree",
                                         "not authentic",
                                         "not from whom",
                                         "may not post was",
                                         "withholds",
                                         "a commit is void",
                                         "could not be followed",
                                         "does not remember",
                                         "was replaced",
                                         "could not be used",
                                         "left out",
                                         "hole",
                                         "not that of its header",
                                         "another commit stands",
                                         "no longer at the relay",
                                         "missing range",
                                         "contents",
                                         "malformed",
                                         "another stream",
                                         "past has changed",
                                         "not what was delivered",
                                         "another partnership",
                                         "another mailbox",
                                         "store_damaged",
                                         "internal",
                                         "relay_inconsistent",
                                         "relay_rejected_chain",
                                         "mls_",
                                         "not in order",
                                         "a Welcome was skipped"};

std::string time_text(Moment now) {
    return std::to_string(now / second) + "." + std::to_string(now % second / ms) + "s";
}

}  // namespace

void Witness::fail(std::string what) {
    if (failures_.size() < 20)
        failures_.push_back(time_text(world_.clockwork.now()) + " " + std::move(what));
}

void Witness::distrust(const Node& node) {
    distrusted_.insert(node.number());
    expect("a commit is void");
}

bool Witness::is_expected(std::string_view text) const {
    return std::any_of(expected_.begin(), expected_.end(),
                       [&](const auto& e) { return text.find(e) != std::string_view::npos; });
}

bool Witness::noted(std::size_t node, std::string_view text) const {
    const auto prefix = " n" + std::to_string(node) + " ";
    return std::any_of(notes_.begin(), notes_.end(), [&](const auto& note) {
        return note.find(prefix) != std::string::npos && note.find(text) != std::string::npos;
    });
}

void Witness::logged(std::size_t node, int level, std::string_view line) {
    if (keep_notes_ || !honest_)
        notes_.push_back(time_text(world_.clockwork.now()) + " n" + std::to_string(node) + " " +
                         std::string(line));
    if (!honest_ || level > 1 || is_expected(line) || distrusted_.contains(node)) return;
    if (line == sentence(Errc::device_removed)) return;
    const bool alarm = std::any_of(std::begin(alarming), std::end(alarming),
                                   [&](auto a) { return line.find(a) != std::string_view::npos; });
    if (alarm || level == 0) fail("n" + std::to_string(node) + " says: " + std::string(line));
}

// -- frames

void Witness::add_to_trace(std::size_t node, char direction, const v1::Frame& frame) {
    Writer w;
    w.u64(world_.clockwork.now()).u64(node).u8(static_cast<std::uint8_t>(direction));
    trace_.add(w.bytes()).add(view(frame.SerializeAsString()));
}

Digest Witness::trace_hash() {
    auto copy = trace_;
    return copy.finish();
}

void Witness::frame_sent(std::size_t node, const v1::Frame& frame) {
    add_to_trace(node, '>', frame);
    if (!frame.has_submit()) return;
    asked_[{node, frame.request()}] = frame.submit();
    for (const auto& item : frame.submit().items()) {
        const auto id = MessageId::from(view(item.message_id()));
        const auto data = domain::open_authenticated_data(view(item.body()));
        if (!id || !data) continue;
        if (const auto head = Head::decode(data->directory_head.head))
            directory_index_[*id] = head->seq;
    }
}

void Witness::frame_from_relay(std::size_t node, const v1::Frame& frame) {
    add_to_trace(node, '<', frame);
    if (!frame.has_submit_result()) return;
    const auto asked = asked_.find({node, frame.request()});
    if (asked == asked_.end()) return;
    accepted(asked->second, frame.submit_result(), node);
    asked_.erase(asked);
}

/// Nothing that was acknowledged may ever be anything else.
void Witness::accepted(const v1::Submit& submit, const v1::SubmitResult& result, std::size_t node) {
    if (!honest_) return;
    const auto stream = relay::stream_from(submit.stream());
    if (!stream || result.accepted_size() != submit.items_size())
        return fail("an answer that does not fit its question");
    known_streams_.insert(*stream);
    for (int i = 0; i < result.accepted_size(); ++i) {
        const auto id = *MessageId::from(view(submit.items(i).message_id()));
        const auto seq = result.accepted(i).seq();
        const auto device = world_.node(node).id();
        const auto [there, fresh] = acknowledged_.try_emplace({*stream, seq}, id);
        if (!fresh && there->second != id)
            fail("two messages were acknowledged at one place: " + std::to_string(seq));
        const auto [answer, first] = answered_.try_emplace({*stream, device, id}, seq);
        if (!first && answer->second != seq)
            fail("a repeat was given another place: " + std::to_string(answer->second) + ", " +
                 std::to_string(seq));
    }
}

// -- what is shown

void Witness::sent_alert(const Node& by, const ChannelId& channel, const MessageId& id) {
    alerts_[id] = {by.number(), channel};
    ++counts_.alerts;
}

std::size_t Witness::times_shown(std::size_t node, const MessageId& alert) const {
    std::size_t out = 0;
    for (const auto& [key, number] : shown_numbers_)
        if (key.first == node && number == alert) ++out;
    return out;
}

void Witness::shown(std::size_t node, const Event& event) {
    if (event.kind == Event::Kind::warning) logged(node, 0, event.note);
    if (event.kind != Event::Kind::alert_received || !event.alert) return;
    const auto& alert = *event.alert;
    const auto who = "n" + std::to_string(node) + " ";
    const auto [number, news] = shown_numbers_.try_emplace({node, event.number}, alert.id);
    const auto last = std::exchange(last_shown_[node], event.number);
    if (!news) {  // the last one, again after a kill
        if (last != event.number && honest_)
            fail(who + "is shown an alert again that is not the last: " + alert.id.short_hex());
        return;
    }
    ++counts_.shown;
    const auto [once, first] =
        shown_.try_emplace(Shown{node, alert.channel, alert.from.device, alert.id}, event.number);
    if (!first) fail(who + "is shown an alert twice: " + alert.id.short_hex());
    auto& me = world_.node(node);
    // What was handed on to it comes when it comes.
    if (me.read_itself(alert.channel, alert.from.device, alert.id))
        shown_order_[{node, alert.channel}].emplace_back(alert.from.device, alert.id);
    if (!honest_) return;
    if (me.engine().online() && alert.expires_ms + 1000 < world_.clockwork.wall_ms())
        fail(who + "is shown an alert that has expired: " + alert.id.short_hex());
    entitled_.push_back({node, alert.channel, alert.from.device, alert.id});
}

void Witness::read_all(std::size_t node) {
    for (auto& range : passed_)
        if (range.node == node && range.read_ms == 0) range.read_ms = world_.clockwork.wall_ms();
}

// -- after every event

void Witness::after_event() {
    for (std::size_t i = 0; i < world_.size(); ++i)
        if (world_.node(i).running() && !distrusted_.contains(i)) look_at(world_.node(i));
}

void Witness::look_at(Node& node) {
    look_at_directory(node);
    if (!node.engine().directory().known()) return;
    for (auto it = places_.lower_bound({node.number(), ChannelId{}});
         it != places_.end() && it->first.first == node.number();) {
        const auto* channel = node.engine().channel(it->first.second);
        if (channel != nullptr && channel->row().incarnation == it->second.incarnation) {
            ++it;
            continue;
        }
        left(node, it->first.second, it->second);
        it = places_.erase(it);
    }
    for (const auto& [id, record] : node.engine().directory().state().channels())
        if (const auto* channel = node.engine().channel(id)) look_at_channel(node, *channel);
}

void Witness::look_at_directory(Node& node) {
    const auto& directory = node.engine().directory();
    const auto index = directory.index();
    auto& at = directory_at_[node.number()];
    if (index == at) return;
    at = index;
    const auto hash = directory.state().running_hash();
    const auto [known, first] = directory_hashes_.try_emplace(index, hash);
    if (honest_ && !first && known->second != hash)
        fail("n" + std::to_string(node.number()) + " has another directory at " +
             std::to_string(index));
}

/// Once in, a device stays in until the directory says otherwise.
void Witness::left(Node& node, const ChannelId& id, const Place& place) {
    if (!honest_ || place.status != domain::ChannelStatus::joined) return;
    const auto& state = node.engine().directory().state();
    const auto* record = state.channel(id);
    if (record == nullptr || record->incarnation != place.incarnation) return;
    if (!domain::lost_since(state, node.id(), id, place.floor, state.index()))
        fail("n" + std::to_string(node.number()) + " has left a channel that it may read");
}

void Witness::look_at_channel(Node& node, const domain::Channel& channel) {
    const auto& row = channel.row();
    const auto key = std::pair{node.number(), row.channel};
    const auto [it, fresh] = places_.try_emplace(key);
    auto& place = it->second;
    if (fresh) {
        place.incarnation = row.incarnation;
        place.cursor = channel.cursor();
        known_streams_.insert(channel.stream());
    }
    place.awaited = row.awaiting_commit;
    if (honest_ && row.status == domain::ChannelStatus::failed && place.status != row.status)
        fail("n" + std::to_string(node.number()) + " cannot follow a channel any more");
    if (honest_ && channel.cursor() < place.cursor)
        fail("n" + std::to_string(node.number()) + " has gone back in a channel");
    if (channel.cursor() > place.cursor && row.status == domain::ChannelStatus::joined)
        passed_.push_back(
            {node.number(), channel.stream(), place.cursor, channel.cursor(), row.awaiting_commit});
    const bool moved = row.handshake_seq != place.handshake || row.status != place.status;
    place.cursor = channel.cursor();
    place.handshake = row.handshake_seq;
    place.status = row.status;
    place.floor = row.floor_index;
    if (!moved || row.status != domain::ChannelStatus::joined) return;
    ++counts_.commits;
    const auto group = node.group(row.channel);
    if (!group) return fail("a group on the disk does not load: " + group.error().text());
    const auto [one, first] = authenticators_.try_emplace({channel.stream(), group->epoch()},
                                                          group->epoch_authenticator());
    if (!first && one->second != group->epoch_authenticator())
        fail("n" + std::to_string(node.number()) + " is in another group at epoch " +
             std::to_string(group->epoch()));
}

}  // namespace huecry::sim
