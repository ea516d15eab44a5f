#include <algorithm>

#include "domain/projection_impl.hpp"
#include "domain/signed_alert.hpp"
#include "domain/text.hpp"
#include "huecry/limits.hpp"

// What a content of another device does.
namespace huecry::domain {
namespace {

bool well_formed(const content::v1::Photo& photo) {
    return photo.blob().size() == BlobId::size && photo.secret().size() == 32 &&
           photo.share_hash().size() == Digest::size && photo.digest().size() == Digest::size &&
           photo.size() > 0 && photo.size() <= limits::max_blob;
}

bool well_formed(const content::v1::Alert& alert) {
    return check_alert_text(alert.text()) && check_place(alert.place()) &&
           (alert.offender().empty() || alert.offender().size() == OffenderId::size) &&
           static_cast<std::size_t>(alert.photos_size()) <= limits::max_photos &&
           std::all_of(alert.photos().begin(), alert.photos().end(),
                       [](const auto& photo) { return well_formed(photo); });
}

// The relay's word, the sender's wish and the channel's ceiling: whichever ends first.
std::uint64_t expiry_of(const Origin& origin, const content::v1::Alert& alert,
                        const directory::State* state) {
    std::uint64_t life = limits::max_life_s * 1000;
    if (const auto* channel = state ? state->channel(origin.channel) : nullptr)
        life = std::uint64_t{channel->settings.max_alert_s} * 1000;
    // The sender's wish rather than the relay's word: it cannot make an alert end early or late.
    if (alert.lifetime_ms() == 0) return std::min(origin.expiry_ms, origin.accepted_ms + life);
    return origin.accepted_ms + std::min(life, alert.lifetime_ms());
}

}  // namespace

Result<void> Projection::Impl::misformed(const DeviceId& from) {
    return events.warn("a message of device " + from.short_hex() +
                       " breaks the rules and was left out");
}

Result<void> Projection::Impl::received(const Origin& origin, const content::v1::Alert& alert) {
    const auto* author = around.directory ? around.directory->device(origin.device) : nullptr;
    if (!origin.said.empty() &&
        (author == nullptr ||
         !open_signed_alert(origin.said,
                            {around.directory->partnership(), origin.channel, origin.id},
                            author->signing_key)))
        return misformed(origin.device);
    if (alert.lifetime_ms() != 0 && origin.expiry_ms - origin.accepted_ms != alert.lifetime_ms())
        HUECRY_TRY(events.warn("the relay has changed the life of an alert"));
    return keep_alert(origin, alert);
}

Result<void> Projection::Impl::keep_alert(const Origin& origin, const content::v1::Alert& alert) {
    if (!well_formed(alert)) return misformed(origin.device);
    const Alerts::Life life{origin.accepted_ms, expiry_of(origin, alert, around.directory),
                            SendState::accepted};
    if (life.expiry_ms <= around.clock.erase_time()) return {};
    if (alert.has_new_offender() && alert.new_offender().id() == alert.offender())
        HUECRY_TRY(keep_offender(alert.new_offender(), origin.channel, origin.device));
    HUECRY_TRY_ASSIGN(const auto number,
                      alerts.add({origin.channel, origin.device, origin.id}, life, alert));
    if (number && !origin.said.empty())
        HUECRY_TRY(alerts.keep_said(*number, origin.said, origin.directory_index));
    if (origin.device == around.self) {
        // Its acceptance was not heard before a restart.
        if (!number)
            HUECRY_TRY(
                alerts.accepted(origin.id, life.sent_ms, life.expiry_ms, origin.directory_index));
        return {};
    }
    if (!number) return {};
    Events::Row event;
    event.kind = Event::Kind::alert_received;
    event.alert = *number;
    event.message = origin.id;
    event.device = origin.device;
    event.channel = origin.channel;
    return events.add(event);
}

Result<void> Projection::Impl::received(const Origin& origin,
                                        const content::v1::Response& response) {
    const auto id = id_in<MessageId>(response.alert());
    const int answer = static_cast<int>(response.answer());
    if (!id || answer < static_cast<int>(Answer::seen) ||
        answer > static_cast<int>(Answer::stood_down))
        return misformed(origin.device);
    // Expired, or from before this device could read: an answer to nothing.
    const auto number = alerts.find(origin.channel, *id);
    if (!number) return {};
    HUECRY_TRY_ASSIGN(const bool news,
                      responses.put(*number, origin.device, origin.id, static_cast<Answer>(answer),
                                    origin.accepted_ms));
    if (!news || origin.device == around.self) return {};
    // Who has merely seen it concerns the sender; who comes concerns everybody.
    const auto key = alerts.key(*number);
    if (static_cast<Answer>(answer) == Answer::seen && key && key->device != around.self) return {};
    Events::Row event;
    event.kind = Event::Kind::response_received;
    event.alert = *number;
    event.message = *id;
    event.device = origin.device;
    event.channel = origin.channel;
    event.answer = static_cast<Answer>(answer);
    return events.add(event);
}

Result<void> Projection::Impl::received(const Origin& origin,
                                        const content::v1::Snapshot& snapshot) {
    HUECRY_TRY(keep_names(snapshot.names(), origin.device));
    for (const auto& record : snapshot.offenders())
        HUECRY_TRY(keep_offender(record, origin.channel, origin.device));
    if (snapshot.has_agreement()) return keep_agreement(snapshot.agreement(), origin.device);
    return {};
}

Result<void> Projection::Impl::keep_offender(const content::v1::OffenderRecord& record,
                                             const ChannelId& channel, const DeviceId& from) {
    HUECRY_TRY_ASSIGN(const auto kept, offenders.keep(record, channel));
    if (kept != Offenders::Kept::refused) return {};
    return events.warn("an offender record from device " + from.short_hex() +
                       " is not what its author signed and was left out");
}

Result<void> Projection::Impl::keep_names(
    const google::protobuf::RepeatedPtrField<content::v1::NameRecord>& records,
    const DeviceId& from) {
    for (const auto& record : records) {
        HUECRY_TRY_ASSIGN(const bool possible, names.keep(record));
        if (!possible) return misformed(from);
    }
    return {};
}

Result<void> Projection::Impl::keep_agreement(const content::v1::AgreementText& agreement,
                                              const DeviceId& from) {
    const auto blob = id_in<BlobId>(agreement.blob());
    if (!blob || agreement.version() == 0 || agreement.key().size() != 32) return misformed(from);
    return agreements.keep_key(agreement.version(), *blob, view(agreement.key()));
}

Result<void> Projection::received(const Origin& origin, const content::v1::Content& content) {
    // An alert's own life is judged, whatever the relay says of it.
    if (!content.has_alert() && origin.expiry_ms <= impl_->around.clock.erase_time()) return {};
    switch (content.body_case()) {
        case content::v1::Content::kAlert:
            return impl_->received(origin, content.alert());
        case content::v1::Content::kResponse:
            return impl_->received(origin, content.response());
        case content::v1::Content::kSnapshot:
            return impl_->received(origin, content.snapshot());
        case content::v1::Content::kOffender:
            return impl_->keep_offender(content.offender(), origin.channel, origin.device);
        case content::v1::Content::kNames:
            return impl_->keep_names(content.names().names(), origin.device);
        case content::v1::Content::kAgreement:
            return impl_->keep_agreement(content.agreement(), origin.device);
        case content::v1::Content::kAgain:
            if (id_in<DeviceId>(content.again().author()) != origin.device)
                return impl_->misformed(origin.device);
            return impl_->given(origin.channel, origin.device, content.again());
        case content::v1::Content::BODY_NOT_SET:
            break;
    }
    return impl_->events.warn("device " + origin.device.short_hex() +
                              " sent something that this version does not know; please update");
}

}  // namespace huecry::domain
