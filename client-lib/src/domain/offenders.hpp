#pragma once

#include "domain/items.hpp"
#include "domain/offender_record.hpp"

namespace huecry::domain {

/// Offenders known to this device: records signed by their authors, in the channels where they were
/// shared, until they expire.
class Offenders {
public:
    Offenders(Surroundings& around, Items& items) : around_(around), items_(items) {}

    enum class Kept : std::uint8_t { yes, expired, refused };
    /// A record that came in a channel. Refused: malformed, from the future, not signed by its
    /// author's device, or another nickname for an offender that has one.
    Result<Kept> keep(const content::v1::OffenderRecord& message, const ChannelId& channel);
    /// The record that an alert carries for this nickname: the one known, renewed by this device if
    /// it would not outlive the alert, or a new one.
    Result<OffenderRecord> for_alert(std::string_view nickname, const ChannelId& channel,
                                     std::uint64_t now_ms, std::uint64_t alert_expiry_ms);

    [[nodiscard]] std::string nickname(const OffenderId& id);
    [[nodiscard]] bool nickname_known(std::string_view nickname);
    [[nodiscard]] std::vector<OffenderRecord> in_channel(const ChannelId& channel);
    /// True when a record was due.
    Result<bool> expire(std::uint64_t now_ms);
    Result<void> erase_all();

private:
    [[nodiscard]] bool authentic(const OffenderRecord& record) const;
    Result<void> put(const OffenderRecord& record);
    Result<void> share(const OffenderId& id, const ChannelId& channel);
    Result<std::optional<OffenderRecord>> find(const OffenderId& id);
    /// Those with this nickname that are alive; first those of the channel, then the newest.
    Result<std::optional<OffenderRecord>> find(std::string_view nickname, const ChannelId& channel);
    Result<OffenderRecord> open(const store::Statement& row);

    Surroundings& around_;
    Items& items_;
};

}  // namespace huecry::domain
