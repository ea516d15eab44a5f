#pragma once

#include "context.hpp"

// How things look, for people (one line) and for programs (an object). Everything that somebody
// else wrote passes through `one_line` or `paragraphs` before it is shown to people.
namespace huecry::cli {

/// Safe on a terminal, without line breaks.
std::string one_line(std::string_view text);
/// Safe on a terminal, line by line; ends with a line break when not empty.
std::string paragraphs(std::string_view text);
/// In quotation marks, safe, one line.
std::string in_quotes(std::string_view text);

std::string person_text(const Person& person);
Object person_json(const Person& person);
/// The name, or the short id while it is not known.
std::string channel_text(std::string_view name, const ChannelId& id);
std::string role_list(const std::vector<Role>& roles);
std::vector<std::string> role_names_of(const std::vector<Role>& roles);
std::string plural(std::uint64_t count, std::string_view one, std::string_view many = {});
std::string_view send_state_name(SendState state);
/// "8 h", "2 d", "90 min".
std::string duration_text(std::chrono::seconds duration);

/// All of an alert but its answers, in one line.
std::string alert_line(const Context& context, const AlertInfo& alert);
std::string response_line(const Context& context, const ResponseInfo& response);
Object alert_json(const AlertInfo& alert);
Object response_json(const ResponseInfo& response);
std::string event_line(const Context& context, const Event& event);
Object event_json(const Event& event);
Object agreement_json(const AgreementInfo& agreement);

}  // namespace huecry::cli
