#include "domain/names.hpp"

// Looking names up.
namespace huecry::domain {

std::string Names::read(NameKind kind, BytesView id) {
    auto row = around_.db.prepare("SELECT name FROM name WHERE kind = ? AND id = ?");
    const auto found = row.bind(static_cast<int>(kind)).bind(id).step();
    return found && *found ? row.text(0) : std::string{};
}

std::string Names::of(const MemberId& id) { return read(NameKind::member, id.view()); }
std::string Names::of(const OrganisationId& id) { return read(NameKind::organisation, id.view()); }
std::string Names::of(const ChannelId& id) { return read(NameKind::channel, id.view()); }

std::string Names::of_partnership() {
    if (!around_.directory) return {};
    return read(NameKind::partnership, around_.directory->partnership().view());
}

std::vector<Bytes> Names::ids_by_name(NameKind kind, std::string_view name) {
    std::vector<Bytes> out;
    auto rows = around_.db.prepare("SELECT id FROM name WHERE kind = ? AND name = ? ORDER BY id");
    rows.bind(static_cast<int>(kind)).bind(name);
    for (auto row = rows.step(); row && *row; row = rows.step()) out.push_back(rows.blob(0));
    return out;
}

Person Names::person(const DeviceId& device) {
    Person out;
    out.device = device;
    out.self = device == around_.self;
    if (!around_.directory) return out;
    const auto* member = around_.directory->member_of(device);
    if (!member) return out;
    out.member = member->id;
    out.role = member->role;
    out.member_name = of(member->id);
    out.organisation = of(member->organisation);
    return out;
}

}  // namespace huecry::domain
