#pragma once

#include "domain/surroundings.hpp"
#include "huecry/content/v1/content.pb.h"
#include "huecry/types.hpp"

namespace huecry::domain {

/// The numbers of NameRecord.kind.
enum class NameKind : std::uint8_t { member = 1, organisation = 2, channel = 3, partnership = 4 };

/// Names that match the directory's salted hashes, and those that wait for a hash.
class Names {
public:
    explicit Names(Surroundings& around) : around_(around) {}

    /// Believed if the directory has its hash; else kept aside, at most `max_aside` of them.
    /// False: it cannot be a name record at all.
    Result<bool> keep(const content::v1::NameRecord& record);
    /// The directory has changed for this thing: a name kept aside may be known now, another may
    /// have lost its hash.
    Result<void> recheck(NameKind kind, BytesView id);
    /// The directory has come: everything kept aside.
    Result<void> recheck_all();
    Result<void> erase_all();

    [[nodiscard]] std::string of(const MemberId& id);
    [[nodiscard]] std::string of(const OrganisationId& id);
    [[nodiscard]] std::string of(const ChannelId& id);
    [[nodiscard]] std::string of_partnership();
    [[nodiscard]] std::vector<Bytes> ids_by_name(NameKind kind, std::string_view name);
    /// All that are believed.
    [[nodiscard]] std::vector<content::v1::NameRecord> all();
    [[nodiscard]] Person person(const DeviceId& device);

    static constexpr std::int64_t max_aside = 2000;  // an invitation of a whole town

private:
    /// The directory has this name's hash.
    [[nodiscard]] bool believed(const content::v1::NameRecord& record) const;
    Result<void> believe(const content::v1::NameRecord& record);
    Result<void> put_aside(const content::v1::NameRecord& record);
    Result<void> believe_if_due(const content::v1::NameRecord& aside);
    [[nodiscard]] std::string read(NameKind kind, BytesView id);

    Surroundings& around_;
};

}  // namespace huecry::domain
