#include "domain/projection_impl.hpp"
#include "domain/text.hpp"

// Reading and authoring. Content is left out while the clock is behind.
namespace huecry::domain {

// -- names

Result<void> Projection::keep_name(const content::v1::NameRecord& record) {
    HUECRY_TRY(check_name(record.name()));
    HUECRY_TRY_ASSIGN(const bool possible, impl_->names.keep(record));
    if (!possible) return Error{Errc::invalid_argument, "a name record"};
    return {};
}

std::string Projection::member_name(const MemberId& id) { return impl_->names.of(id); }
std::string Projection::organisation_name(const OrganisationId& id) { return impl_->names.of(id); }
std::string Projection::channel_name(const ChannelId& id) { return impl_->names.of(id); }
std::string Projection::partnership_name() { return impl_->names.of_partnership(); }
Person Projection::person(const DeviceId& device) { return impl_->names.person(device); }

std::optional<OrganisationId> Projection::organisation_by_name(std::string_view name) {
    const auto ids = impl_->names.ids_by_name(NameKind::organisation, name);
    return ids.empty() ? std::nullopt : OrganisationId::from(ids.front());
}

std::vector<ChannelId> Projection::channels_by_name(std::string_view name) {
    std::vector<ChannelId> out;
    for (const auto& id : impl_->names.ids_by_name(NameKind::channel, name))
        if (const auto channel = ChannelId::from(id)) out.push_back(*channel);
    return out;
}

// -- agreement

Result<void> Projection::keep_agreement_key(std::uint32_t version, const BlobId& blob,
                                            BytesView key) {
    return impl_->agreements.keep_key(version, blob, key);
}

Result<void> Projection::keep_agreement_text(std::uint32_t version, std::string_view text) {
    return impl_->agreements.keep_text(version, text);
}

std::optional<Projection::AgreementKey> Projection::agreement_to_fetch() {
    return impl_->agreements.to_fetch();
}

std::optional<SecretBytes> Projection::agreement_key(std::uint32_t version) {
    return impl_->agreements.key(version);
}

AgreementInfo Projection::agreement() { return impl_->agreements.info(); }

// -- authoring

Result<Outgoing> Projection::compose(const Draft& draft, std::vector<Sealed>& photos) {
    return impl_->composer.alert(draft, photos);
}

Result<Outgoing> Projection::compose_response(const MessageId& alert, Answer answer) {
    return impl_->composer.response(alert, answer);
}

std::string Projection::suggest_nickname() { return impl_->composer.suggest_nickname(); }

// -- alerts

std::vector<AlertInfo> Projection::alerts() {
    if (impl_->around.clock.hidden()) return {};
    return impl_->alerts.alive();
}

std::optional<AlertInfo> Projection::alert(const MessageId& id) {
    if (impl_->around.clock.hidden()) return std::nullopt;
    const auto number = impl_->alerts.find(id);
    return number ? impl_->alerts.get(*number) : std::nullopt;
}

std::optional<Error> Projection::failure(const MessageId& id) { return impl_->alerts.failure(id); }

Result<Projection::PhotoKey> Projection::photo_key(const MessageId& alert, std::size_t number) {
    if (impl_->around.clock.hidden()) return Errc::clock_wrong;
    const auto found = impl_->alerts.find(alert);
    if (!found || !impl_->alerts.get(*found)) return Errc::alert_gone;
    return impl_->alerts.photo_key(*found, number);
}

Result<MessageId> Projection::find_alert(std::string_view text) {
    if (impl_->around.clock.hidden()) return Errc::clock_wrong;
    return impl_->alerts.find(text);
}

// -- events

// Nothing when it speaks of an alert that cannot be shown any more.
std::optional<Event> Projection::Impl::event(const Events::Row& row) {
    Event out;
    out.number = row.number;
    out.kind = row.kind;
    out.time_ms = row.time_ms;
    out.note = row.note;
    if (row.alert) {
        out.alert = alerts.get(*row.alert);
        if (!out.alert) return std::nullopt;
        out.channel = out.alert->channel;
    } else if (row.kind == Event::Kind::alert_expired) {
        out.alert.emplace();
        out.alert->id = row.message;
        out.alert->channel = row.channel;
        out.alert->channel_name = names.of(row.channel);
    }
    if (!row.channel.is_zero()) out.channel = row.channel;
    if (out.channel) out.channel_name = names.of(*out.channel);
    if (row.answer)
        out.response = ResponseInfo{names.person(row.device), *row.answer, row.time_ms};
    else if (!row.device.is_zero())
        out.person = names.person(row.device);
    return out;
}

std::optional<Event> Projection::next_event(std::uint64_t after) {
    for (auto row = impl_->events.next(after); row; row = impl_->events.next(row->number)) {
        // Content waits until the clock is right; so does what comes after it.
        if (row->alert && impl_->around.clock.hidden()) return std::nullopt;
        if (auto event = impl_->event(*row)) return event;
    }
    return std::nullopt;
}

Result<void> Projection::mark_shown(std::uint64_t number) {
    return impl_->events.mark_shown(number);
}

std::uint64_t Projection::first_unshown() { return impl_->events.shown(); }

}  // namespace huecry::domain
