#include "domain/behalf.hpp"
#include "domain/projection_impl.hpp"
#include "domain/signed_alert.hpp"
#include "huecry/limits.hpp"

// Alerts and records that somebody other than their author hands on.
namespace huecry::domain {

Result<void> Projection::Impl::given(const ChannelId& channel, const DeviceId& from,
                                     const content::v1::GivenAlert& alert) {
    const auto id = id_in<MessageId>(alert.id());
    const auto author = id_in<DeviceId>(alert.author());
    const auto* state = around.directory;
    const auto* device = author && state ? state->device(*author) : nullptr;
    if (!id || device == nullptr || alert.accepted_ms() == 0) return misformed(from);
    const auto said = view(alert.said());
    const auto content =
        open_signed_alert(said, {state->partnership(), channel, *id}, device->signing_key);
    if (!content || content->alert().lifetime_ms() == 0 || content->alert().created_ms() == 0)
        return misformed(from);
    // Whoever hands it on may say when it was accepted, but not make it live longer.
    const auto sent =
        std::min({alert.accepted_ms(), content->alert().created_ms(), around.clock.now_ms()});
    if (alert.directory_index() > state->index() ||
        !check_posting(*state, *author, channel, *content, alert.directory_index(), sent))
        return misformed(from);
    const Origin origin{.channel = channel,
                        .device = *author,
                        .id = *id,
                        .accepted_ms = sent,
                        .expiry_ms = sent + content->alert().lifetime_ms(),
                        .directory_index = alert.directory_index(),
                        .said = said};
    return keep_alert(origin, content->alert());
}

Result<void> Projection::given(const ChannelId& channel, const DeviceId& from,
                               const content::v1::GivenAlert& alert) {
    return impl_->given(channel, from, alert);
}

std::vector<Projection::Gift> Projection::to_give(
    const ChannelId& channel, bool own,
    const std::function<bool(std::uint64_t directory_index)>& may_have) {
    std::vector<Gift> out;
    if (impl_->around.clock.hidden()) return out;
    for (const auto& said : impl_->alerts.said_in(channel)) {
        if ((own && said.key.device != impl_->around.self) || !may_have(said.directory_index))
            continue;
        auto& [alert, expiry_ms] = out.emplace_back();
        expiry_ms = said.expiry_ms;
        alert.set_id(to_string(said.key.id.view()));
        alert.set_author(to_string(said.key.device.view()));
        alert.set_accepted_ms(said.sent_ms);
        alert.set_directory_index(said.directory_index);
        alert.set_said(to_string(said.content.view()));
    }
    return out;
}

Result<void> Projection::received(const ChannelId& channel, const DeviceId& from,
                                  const content::v1::SnapshotPart& part) {
    for (const auto& alert : part.alerts()) HUECRY_TRY(impl_->given(channel, from, alert));
    if (!part.has_snapshot()) return {};
    return impl_->received(Origin{.channel = channel, .device = from, .id = {}}, part.snapshot());
}

}  // namespace huecry::domain
