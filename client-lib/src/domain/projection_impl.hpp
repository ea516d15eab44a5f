#pragma once

#include "domain/agreements.hpp"
#include "domain/composer.hpp"
#include "domain/events.hpp"
#include "domain/projection.hpp"

namespace huecry::domain {

/// The nouns of the projection, and what one content does to several of them.
struct Projection::Impl {
    Impl(store::Database& db, Clock& clock, crypto::Random& random, const SigningKey& key)
        : around{db, clock, random, key, nullptr, {}} {}

    Surroundings around;
    Items items{around};
    Names names{around};
    Agreements agreements{around};
    Offenders offenders{around, items};
    Responses responses{around, names};
    Alerts alerts{around, items, names, offenders, responses};
    Events events{around};
    Composer composer{around, alerts, offenders};
    std::function<void()> wake;

    Result<void> received(const Origin& origin, const content::v1::Alert& alert);
    Result<void> keep_alert(const Origin& origin, const content::v1::Alert& alert);
    Result<void> given(const ChannelId& channel, const DeviceId& from,
                       const content::v1::GivenAlert& alert);
    Result<void> received(const Origin& origin, const content::v1::Response& response);
    Result<void> received(const Origin& origin, const content::v1::Snapshot& snapshot);
    Result<void> keep_offender(const content::v1::OffenderRecord& record, const ChannelId& channel,
                               const DeviceId& from);
    Result<void> keep_names(
        const google::protobuf::RepeatedPtrField<content::v1::NameRecord>& names,
        const DeviceId& from);
    Result<void> keep_agreement(const content::v1::AgreementText& agreement, const DeviceId& from);
    Result<void> misformed(const DeviceId& from);
    /// Names and texts that the directory's entry makes known, or no longer backs.
    Result<void> recheck(const directory::Event& event);
    Result<void> tell(const directory::Applied& applied, const directory::Event& event);
    /// Standing of members and devices, and what the partnership decides about itself.
    Result<void> tell_affairs(const directory::Applied& applied, const directory::Event& event);
    Result<void> erase_everything();
    [[nodiscard]] bool coordinator() const;
    [[nodiscard]] std::optional<Event> event(const Events::Row& row);
};

}  // namespace huecry::domain
