#include "domain/behalf.hpp"

namespace huecry::domain {

Result<std::optional<OrganisationId>> behalf_of(const content::v1::Content& content) {
    if (content.has_again()) {  // judged as what it repeats
        content::v1::Content said;
        if (!said.ParseFromString(content.again().said()) || !said.has_alert())
            return Error{Errc::malformed, "an alert that was to be repeated"};
        return behalf_of(said);
    }
    const auto& bytes = content.has_alert()      ? content.alert().on_behalf_of()
                        : content.has_response() ? content.response().on_behalf_of()
                                                 : std::string();
    if (bytes.empty()) return std::optional<OrganisationId>{};
    const auto id = OrganisationId::from(view(bytes));
    if (!id) return Error{Errc::malformed, "organisation"};
    return id;
}

Result<void> check_posting(const directory::State& state, const DeviceId& device,
                           const ChannelId& channel, const content::v1::Content& content,
                           std::uint64_t index, std::uint64_t accepted_ms) {
    HUECRY_TRY_ASSIGN(const auto organisation, behalf_of(content));
    if (organisation) {
        if (state.posts_for_at(device, *organisation, channel, index, accepted_ms)) return {};
        return Error{Errc::post_not_permitted, "no delegation of that organisation runs"};
    }
    if (state.rights_at(device, channel, index).post) return {};
    return Errc::post_not_permitted;
}

std::optional<OrganisationId> any_behalf(const directory::State& state, const DeviceId& device,
                                         const ChannelId& channel, std::uint64_t now_ms) {
    for (const auto& delegation : state.delegations())
        if (state.posts_for_at(device, delegation.grantor, channel, state.index(), now_ms))
            return delegation.grantor;
    return std::nullopt;
}

}  // namespace huecry::domain
