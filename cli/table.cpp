#include "table.hpp"

#include "commands/commands.hpp"

namespace huecry::cli {

std::span<const Command> table() {
    static const std::vector<Command> all = [] {
        std::vector<Command> out;
        for (const auto& family :
             {partnership_commands, invite_commands,     join_commands,      approve_commands,
              agreement_commands,   channel_commands,    send_commands,      listen_commands,
              inbox_commands,       photo_commands,      respond_commands,   status_commands,
              nickname_commands,    members_commands,    devices_commands,   revoke_commands,
              doctor_commands,      passphrase_commands, authority_commands, version_commands,
              completion_commands,  member_commands,     policy_commands,    endorse_commands,
              delegate_commands,    device_commands,     directory_commands, relay_commands,
              evidence_commands})
            for (auto& command : family()) out.push_back(std::move(command));
        return out;
    }();
    return all;
}

}  // namespace huecry::cli
