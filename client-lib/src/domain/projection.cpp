#include "domain/projection.hpp"

#include "domain/projection_impl.hpp"
#include "huecry/limits.hpp"

// What changes rows: own messages, the directory, time.
namespace huecry::domain {
namespace {

constexpr std::size_t snapshot_bytes = 60'000;  // one content, below the largest padding step

}  // namespace

Projection::Projection(store::Database& db, Clock& clock, crypto::Random& random,
                       const huecry::SigningKey& device_key)
    : impl_(std::make_shared<Impl>(db, clock, random, device_key)) {}

void Projection::set_directory(const directory::State* state, const DeviceId& self) {
    impl_->around.directory = state;
    impl_->around.self = self;
}

Result<void> Projection::queued(const Outgoing& message) {
    const auto now = impl_->around.clock.now_ms();
    const auto& content = message.content;
    const auto life = static_cast<std::uint64_t>(message.lifetime.count());
    const DeviceId& self = impl_->around.self;
    if (content.has_alert()) {
        if (content.alert().has_new_offender())
            HUECRY_TRY(impl_->keep_offender(content.alert().new_offender(), message.channel, self));
        HUECRY_TRY_ASSIGN(const auto number,
                          impl_->alerts.add({message.channel, self, message.id},
                                            {now, now + life, SendState::queued}, content.alert()));
        const auto said = content.SerializeAsString();
        if (number && !content.author_signature().empty())
            HUECRY_TRY(impl_->alerts.keep_said(*number, view(said), 0));
    } else if (content.has_response()) {
        const auto id = id_in<MessageId>(content.response().alert());
        const auto number = id ? impl_->alerts.find(message.channel, *id) : std::nullopt;
        if (number)
            HUECRY_TRY(impl_->responses.put(*number, self, message.id,
                                            static_cast<Answer>(content.response().answer()), 0));
    } else if (content.has_offender()) {
        HUECRY_TRY(impl_->keep_offender(content.offender(), message.channel, self));
    }
    return {};
}

Result<void> Projection::accepted(const MessageId& id, std::uint64_t accepted_ms,
                                  std::uint64_t expiry_ms, std::uint64_t directory_index) {
    HUECRY_TRY_ASSIGN(const auto number,
                      impl_->alerts.accepted(id, accepted_ms, expiry_ms, directory_index));
    if (!number) {
        HUECRY_TRY(impl_->responses.accepted(id, accepted_ms));
        return {};
    }
    Events::Row event;
    event.kind = Event::Kind::alert_accepted;
    event.alert = *number;
    event.message = id;
    return impl_->events.add(event);
}

Result<void> Projection::refused(const MessageId& id, const Error& why) {
    HUECRY_TRY_ASSIGN(const auto number, impl_->alerts.refused(id, why));
    if (!number) {
        HUECRY_TRY_ASSIGN(const bool answer, impl_->responses.refused(id));
        if (!answer) return {};
        return impl_->events.warn("an answer was refused: " + why.text());
    }
    Events::Row event;
    event.kind = Event::Kind::alert_failed;
    event.alert = *number;
    event.message = id;
    event.note = why.text();
    return impl_->events.add(event);
}

bool Projection::Impl::coordinator() const {
    const auto* member = around.directory ? around.directory->member_of(around.self) : nullptr;
    return member && member->role == Role::coordinator;
}

// Only what others did, and only what concerns this device's user.
Result<void> Projection::Impl::tell(const directory::Applied& applied,
                                    const directory::Event& event) {
    using directory::EventKind;
    const bool others = applied.author != around.self;
    Events::Row row;
    row.device = event.device;
    switch (event.kind) {
        case EventKind::device_pending:
            if (!others || !coordinator()) return {};
            row.kind = Event::Kind::device_pending;
            break;
        case EventKind::device_admitted:
        case EventKind::device_approved:
            if (!others) return {};
            row.kind = Event::Kind::device_admitted;
            break;
        case EventKind::device_revoked:
            if (!others || event.device == around.self) return {};
            row.kind = Event::Kind::device_revoked;
            break;
        case EventKind::agreement_published:
            if (!others) return {};
            row.kind = Event::Kind::agreement_published;
            row.note = "version " + std::to_string(event.version);
            break;
        case EventKind::agreement_accepted:
            if (!others || !coordinator()) return {};
            row.kind = Event::Kind::agreement_accepted;
            row.device = applied.author;
            row.note = "version " + std::to_string(event.version);
            break;
        case EventKind::agreement_lapsed: {
            const auto* self = around.directory->device(around.self);
            if (!self || event.member != self->member) return {};
            row.device = {};
            row.note =
                "the agreement was not accepted in time: channels that require it cannot "
                "be read until it is";
            break;
        }
        default:
            return tell_affairs(applied, event);
    }
    return events.add(row);
}

Result<void> Projection::Impl::recheck(const directory::Event& event) {
    using directory::EventKind;
    switch (event.kind) {
        case EventKind::invite_issued:
        case EventKind::member_joined: {
            HUECRY_TRY(names.recheck(NameKind::member, event.member.view()));
            const auto* invite = around.directory->invite(event.invite);
            const auto* member = around.directory->member(event.member);
            if (!invite && !member) return {};
            const auto organisation = member ? member->organisation : invite->terms.organisation;
            return names.recheck(NameKind::organisation, organisation.view());
        }
        case EventKind::channel_defined:
        case EventKind::channel_changed:
            return names.recheck(NameKind::channel, event.channel.view());
        case EventKind::agreement_published:
            return agreements.recheck();
        default:
            return {};
    }
}

Result<void> Projection::directory_applied(const directory::Applied& applied) {
    if (!impl_->around.directory) return {};
    if (applied.action == directory::Action::genesis) {
        HUECRY_TRY(impl_->names.recheck_all());
        HUECRY_TRY(impl_->agreements.recheck());
    }
    for (const auto& event : applied.events) HUECRY_TRY(impl_->recheck(event));
    // What was before this device came is history, not news.
    const auto* self = impl_->around.directory->device(impl_->around.self);
    if (!self || applied.index <= self->admitted_index) return {};
    for (const auto& event : applied.events) HUECRY_TRY(impl_->tell(applied, event));
    return {};
}

Result<void> Projection::channel_joined(const ChannelId& channel) {
    Events::Row event;
    event.kind = Event::Kind::channel_joined;
    event.channel = channel;
    return impl_->events.add(event);
}

Result<void> Projection::Impl::erase_everything() {
    HUECRY_TRY(alerts.erase_all());
    HUECRY_TRY(offenders.erase_all());
    HUECRY_TRY(names.erase_all());
    HUECRY_TRY(agreements.erase_all());
    HUECRY_TRY(events.erase_all());
    HUECRY_TRY(around.db.execute("DELETE FROM upload"));
    HUECRY_TRY(around.db.execute("DELETE FROM outbox"));
    HUECRY_TRY(around.db.execute("DELETE FROM invite"));
    return items.erase_all();
}

Result<void> Projection::removed() {
    HUECRY_TRY(impl_->erase_everything());
    return note(Event::Kind::removed, {});
}

Result<void> Projection::note(Event::Kind kind, const std::string& text) {
    Events::Row event;
    event.kind = kind;
    event.note = text;
    return impl_->events.add(event);
}

void Projection::committed() {
    if (impl_->events.take_news() && impl_->wake) impl_->wake();
}

void Projection::rolled_back() { static_cast<void>(impl_->events.take_news()); }

void Projection::on_events(std::function<void()> wake) { impl_->wake = std::move(wake); }

std::vector<content::v1::Content> Projection::snapshot(const ChannelId& channel) {
    std::vector<content::v1::Content> out;
    content::v1::Content next;
    const auto room_for = [&](std::size_t size) {
        if (next.ByteSizeLong() + size + 16 > snapshot_bytes)
            out.push_back(std::exchange(next, {}));
    };
    const auto* state = impl_->around.directory;
    if (state && channel == state->all_members()) {
        for (const auto& record : impl_->names.all()) {
            room_for(record.ByteSizeLong());
            *next.mutable_snapshot()->add_names() = record;
        }
        const auto& agreement = state->agreement();
        if (const auto key = agreement ? impl_->agreements.key(agreement->version) : std::nullopt) {
            auto& text = *next.mutable_snapshot()->mutable_agreement();
            text.set_version(agreement->version);
            text.set_blob(to_string(agreement->blob.view()));
            text.set_key(to_string(key->view()));
        }
    }
    for (const auto& record : impl_->offenders.in_channel(channel)) {
        const auto message = record.message();
        room_for(message.ByteSizeLong());
        *next.mutable_snapshot()->add_offenders() = message;
    }
    if (next.has_snapshot()) out.push_back(std::move(next));
    return out;
}

}  // namespace huecry::domain
