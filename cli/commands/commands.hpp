#pragma once

#include "context.hpp"
#include "output/describe.hpp"
#include "values.hpp"

// One file a command (or a family of them); each gives its rows of the table.
namespace huecry::cli {

using Commands = std::vector<Command>;
Commands partnership_commands();
Commands invite_commands();
Commands join_commands();
Commands approve_commands();
Commands agreement_commands();
Commands channel_commands();
Commands send_commands();
Commands listen_commands();
Commands inbox_commands();
Commands photo_commands();
Commands respond_commands();
Commands status_commands();
Commands nickname_commands();
Commands members_commands();
Commands devices_commands();
Commands revoke_commands();
Commands doctor_commands();
Commands passphrase_commands();
Commands authority_commands();
Commands member_commands();
Commands policy_commands();
Commands endorse_commands();
Commands delegate_commands();
Commands device_commands();
Commands directory_commands();
Commands relay_commands();
Commands evidence_commands();
Commands version_commands();
Commands completion_commands();

}  // namespace huecry::cli
