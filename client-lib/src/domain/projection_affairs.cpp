#include "domain/projection_impl.hpp"

// Notices of what the directory says about members, devices and the partnership itself.
namespace huecry::domain {
namespace {

using directory::EventKind;

/// A notice about a member is shown with one of its devices: any will do, for the name.
DeviceId any_device(const directory::State& state, const MemberId& member) {
    const auto devices = state.devices_of(member);
    return devices.empty() ? DeviceId{} : devices.front();
}

std::string named(const std::string& name, const std::string& id) {
    return name.empty() ? id : name;
}

}  // namespace

// Everybody is told what changes who reads; what only coordinators can do something about, only
// they are told. Own doing is no news, except where it was long ago: a proposal's completion.
Result<void> Projection::Impl::tell_affairs(const directory::Applied& applied,
                                            const directory::Event& event) {
    const auto& state = *around.directory;
    const bool others =
        applied.author != around.self || applied.outcome == directory::Outcome::completed;
    const auto organisation = [&](const OrganisationId& id) {
        return named(names.of(id), id.short_hex());
    };
    Events::Row row;
    switch (event.kind) {
        case EventKind::member_suspended:
            row.kind = Event::Kind::member_suspended;
            row.device = any_device(state, event.member);
            row.note = "reads and posts nothing until reinstated";
            break;
        case EventKind::member_reinstated:
            row.kind = Event::Kind::member_reinstated;
            row.device = any_device(state, event.member);
            break;
        case EventKind::member_role_changed: {
            const auto* member = state.member(event.member);
            if (member == nullptr) return {};
            row.kind = Event::Kind::role_changed;
            row.device = any_device(state, event.member);
            row.note = "is now " + std::string(directory::name(member->role)) +
                       (member->channels.empty() ? "" : ", in chosen channels only");
            break;
        }
        case EventKind::device_rotated:
            row.kind = Event::Kind::device_changed;
            row.device = event.device;
            row.note = "another key, in the place of device " + event.other.short_hex();
            break;
        case EventKind::device_dormant:
            row.kind = Event::Kind::device_dormant;
            row.device = event.device;
            row.note = "not seen for long; it is let in again when it is back";
            break;
        case EventKind::device_returned:
            row.kind = Event::Kind::device_returned;
            row.device = event.device;
            break;
        case EventKind::rejoin_requested:
            row.kind = Event::Kind::device_rejoined;
            row.device = event.device;
            row.channel = event.channel;
            row.note = event.version == 1 ? "rejoins with a new state"
                                          : "asks to rejoin, and waits for a coordinator";
            break;
        case EventKind::rejoin_approved:
            row.kind = Event::Kind::device_rejoined;
            row.device = event.device;
            row.channel = event.channel;
            row.note = "may rejoin";
            break;
        case EventKind::channel_closed:
            row.kind = Event::Kind::channel_closed;
            row.channel = event.channel;
            break;
        case EventKind::channel_restarted:
            row.kind = Event::Kind::channel_restarted;
            row.channel = event.channel;
            row.device = event.device;
            break;
        case EventKind::delegation_granted:
        case EventKind::delegation_ended: {
            const bool granted = event.kind == EventKind::delegation_granted;
            row.kind = granted ? Event::Kind::delegation_granted : Event::Kind::delegation_ended;
            row.note = "guards of " + organisation(event.other_organisation) +
                       (granted ? " may post for " : " no longer post for ") +
                       organisation(event.organisation);
            break;
        }
        case EventKind::policy_set:
            row.kind = Event::Kind::policy_changed;
            row.note = "the policy is now version " + std::to_string(event.version);
            break;
        case EventKind::quorum_set:
            row.kind = Event::Kind::policy_changed;
            row.note = "grave acts now need " + std::to_string(event.version) +
                       (event.version == 1 ? " coordinator" : " coordinators");
            break;
        case EventKind::proposed:
            if (!coordinator()) return {};
            row.kind = Event::Kind::proposal;
            row.device = event.device;
            row.note = std::string(directory::name(static_cast<directory::Action>(event.version))) +
                       " waits for endorsement: " + event.statement.short_hex();
            break;
        case EventKind::invite_alarm:
            if (!coordinator()) return {};
            row.kind = Event::Kind::invite_alarm;
            row.device = event.device;
            row.note = "joined by invite " + event.invite.short_hex() +
                       "; somebody else has tried the same link since. Find out by telephone which "
                       "of the two is the right one";
            break;
        case EventKind::relay_moved:
            row.kind = Event::Kind::authority_changed;
            row.note = "the relay is now at " + state.relay().host;
            break;
        case EventKind::store_restored:
            row.kind = Event::Kind::authority_changed;
            row.note = "the relay was put back to a backup; all channels begin anew";
            break;
        case EventKind::root_rotated:
            row.kind = Event::Kind::authority_changed;
            row.note = "the root key has been replaced by the next one";
            break;
        default:
            return {};
    }
    if (!others) return {};
    return events.add(row);
}

}  // namespace huecry::domain
