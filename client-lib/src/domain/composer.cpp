#include "domain/composer.hpp"

#include <algorithm>

#include "domain/behalf.hpp"
#include "domain/nickname.hpp"
#include "domain/signed_alert.hpp"
#include "domain/text.hpp"
#include "huecry/limits.hpp"

namespace huecry::domain {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Result<seconds> life(const Draft& draft, const directory::Channel& channel, bool photos) {
    const seconds ceiling(photos ? std::min(channel.max_alert_s, channel.max_photo_s)
                                 : channel.max_alert_s);
    if (draft.expiry) {
        if (*draft.expiry <= seconds::zero())
            return Error{Errc::invalid_argument, "an expiry lies in the future"};
        if (*draft.expiry > ceiling) return Errc::expiry_too_long;
        return *draft.expiry;
    }
    const seconds usual(photos ? limits::alert_photo_expiry_s : limits::alert_expiry_s);
    return std::min(usual, ceiling);
}

Result<void> check_texts(const Draft& draft, bool photos) {
    HUECRY_TRY(check_alert_text(draft.text));
    HUECRY_TRY(check_place(draft.place));
    if (!draft.offender.empty()) HUECRY_TRY(validate_nickname(draft.offender));
    const bool blank = draft.text.find_first_not_of(" \t\n") == std::string::npos;
    if (blank && draft.offender.empty() && !photos) return Errc::text_empty;
    return {};
}

}  // namespace

Result<const directory::ChannelRecord*> Composer::may_read(const ChannelId& id) const {
    const auto* channel = around_.directory ? around_.directory->channel(id) : nullptr;
    if (!channel) return Errc::channel_unknown;
    if (!around_.directory->reads(around_.self, id)) {
        const auto* self = around_.directory->device(around_.self);
        if (self && self->state == directory::DeviceState::pending) return Errc::pending_approval;
        const auto* member = around_.directory->member_of(around_.self);
        if (member && channel->settings.requires_agreement &&
            !around_.directory->in_good_standing(member->id))
            return Errc::agreement_missing;
        return Errc::channel_unknown;
    }
    return channel;
}

Result<void> Composer::may_post(const Outgoing& message) const {
    auto may = check_posting(*around_.directory, around_.self, message.channel, message.content,
                             around_.directory->index(), around_.clock.now_ms());
    if (!may &&
        any_behalf(*around_.directory, around_.self, message.channel, around_.clock.now_ms()))
        return Error{Errc::post_not_permitted, "say for which organisation it is"};
    return may;
}

Result<Outgoing> Composer::alert(const Draft& draft, std::span<const Projection::Sealed> photos) {
    HUECRY_TRY_ASSIGN(const auto* channel, may_read(draft.channel));
    HUECRY_TRY(check_texts(draft, !photos.empty()));
    if (photos.size() > limits::max_photos) return Error{Errc::too_large, "too many photos"};
    HUECRY_TRY_ASSIGN(const auto lifetime, life(draft, channel->settings, !photos.empty()));

    Outgoing out;
    out.channel = draft.channel;
    out.id = draft.id ? *draft.id : around_.new_id<MessageId>();
    out.lifetime = lifetime;
    auto& alert = *out.content.mutable_alert();
    alert.set_category(static_cast<content::v1::Category>(draft.category));
    alert.set_urgent(draft.urgent);
    alert.set_text(draft.text);
    alert.set_place(draft.place);
    alert.set_created_ms(around_.clock.now_ms());
    alert.set_lifetime_ms(static_cast<std::uint64_t>(milliseconds(lifetime).count()));
    for (const auto& photo : photos) *alert.add_photos() = photo.photo;
    if (draft.on_behalf_of) alert.set_on_behalf_of(to_string(draft.on_behalf_of->view()));
    HUECRY_TRY(may_post(out));
    if (!draft.offender.empty()) {
        const auto now = around_.clock.now_ms();
        HUECRY_TRY_ASSIGN(const auto record, offenders_.for_alert(draft.offender, draft.channel,
                                                                  now, now + alert.lifetime_ms()));
        alert.set_offender(to_string(record.id.view()));
        *alert.mutable_new_offender() = record.message();
    }
    sign_alert(out.content, {around_.directory->partnership(), out.channel, out.id},
               around_.device_key);
    return out;
}

Result<Outgoing> Composer::response(const MessageId& id, Answer answer) {
    if (around_.clock.hidden()) return Errc::clock_wrong;
    const auto number = alerts_.find(id);
    const auto alert = number ? alerts_.get(*number) : std::nullopt;
    const auto now = around_.clock.now_ms();
    if (!alert || alert->expires_ms <= now) return Errc::alert_gone;
    if (alert->state != SendState::accepted)
        return Error{Errc::queued, "the alert itself has not gone out yet"};
    HUECRY_TRY(may_read(alert->channel));
    Outgoing out;
    out.channel = alert->channel;
    out.id = around_.new_id<MessageId>();
    out.lifetime = milliseconds(alert->expires_ms - now);
    auto& response = *out.content.mutable_response();
    response.set_alert(to_string(id.view()));
    response.set_answer(static_cast<content::v1::Answer>(answer));
    // In its own name where that is allowed, else in that of whoever lets it.
    if (!around_.directory->posts(around_.self, out.channel))
        if (const auto who = any_behalf(*around_.directory, around_.self, out.channel, now))
            response.set_on_behalf_of(to_string(who->view()));
    HUECRY_TRY(may_post(out));
    return out;
}

std::string Composer::suggest_nickname() {
    return generate_nickname(around_.random, [this](std::string_view nickname) {
        return offenders_.nickname_known(nickname);
    });
}

}  // namespace huecry::domain
