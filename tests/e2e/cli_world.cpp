#include "e2e/cli_world.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <fstream>

namespace huecry::test {
namespace json = boost::json;

std::filesystem::path huecry_program() { return HUECRY_PROGRAM; }

json::value json_of(const std::string& text) {
    json::error_code error;
    auto value = json::parse(text, error);
    INFO(text);
    REQUIRE_FALSE(error);
    return value;
}

std::string text_at(const json::value& object, std::string_view key) {
    const auto* found = object.as_object().if_contains(json::string_view(key.data(), key.size()));
    if (!found || !found->is_string()) return {};
    return {found->get_string().data(), found->get_string().size()};
}

Member::Member(const std::filesystem::path& folder, const std::string& name, Opens opens)
    : profile(folder / name), secret_file(folder / (name + ".secret")) {
    if (opens == Opens::by_passphrase) {
        secret_variable = "HUECRY_PASSPHRASE_FILE";
        std::ofstream(secret_file) << "passphrase of " << name << "\n";
        return;
    }
    secret_variable = "HUECRY_KEY_FILE";
    auto key = "the key of " + name;
    key.resize(32, '.');
    std::ofstream(secret_file) << key;
}

Process::Options Member::call(std::vector<std::string> arguments) const {
    return {.program = huecry_program(),
            .arguments = std::move(arguments),
            .environment = {{"HUECRY_PROFILE", profile.string()},
                            {secret_variable, secret_file.string()},
                            {"TZ", "Europe/London"}},
            .folder = profile.parent_path()};
}

Finished Member::run(std::vector<std::string> arguments, const std::string& input) const {
    return test::run(call(std::move(arguments)), input, std::chrono::seconds(60));
}

json::value Member::ask(std::vector<std::string> arguments, int code) const {
    arguments.insert(arguments.begin(), "--json");
    const auto finished = run(arguments);
    INFO(finished.errors);
    INFO(arguments.at(1));
    REQUIRE(finished.exit.code == code);
    return json_of(finished.output);
}

std::vector<std::string> Member::inbox() const {
    std::vector<std::string> out;
    const auto answer = ask({"inbox"});
    for (const auto& alert : answer.at("alerts").as_array()) out.push_back(text_at(alert, "text"));
    return out;
}

CliWorld::CliWorld(Member::Opens opens) : anna(folder.path(), "anna", opens) {
    relay = std::make_unique<RelayProcess>(folder.path() / "relay");
    (void)anna.ask({"partnership", "create", "--relay", relay->address(), "--name", "Oldtown",
                    "--member", "Anna", "--organisation", "BID"});
    (void)anna.ask({"channel", "create", "town", "--no-agreement"});
}

Member CliWorld::join(const std::string& name, const std::string& role) {
    Member member(folder.path(), name);
    const auto invite = anna.ask({"invite", "--role", role, "--member", name, "--in-person"});
    (void)member.ask({"join", text_at(invite, "link")});
    return member;
}

}  // namespace huecry::test
