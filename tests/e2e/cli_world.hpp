#pragma once

#include <boost/json/value.hpp>
#include <filesystem>

#include "e2e/relay_process.hpp"
#include "support/process.hpp"
#include "support/temporary_directory.hpp"

// The real command line against the real relay: members, each with a profile of their own.
namespace huecry::test {

/// Standard output as JSON; fails the test when it is none.
boost::json::value json_of(const std::string& text);
/// A member of a JSON object, as text; empty when it is absent.
std::string text_at(const boost::json::value& object, std::string_view key);

/// One device: its profile and how it is called.
class Member {
public:
    /// What opens its profile: a key costs nothing, a passphrase half a second each time.
    enum class Opens { by_key, by_passphrase };
    Member(const std::filesystem::path& folder, const std::string& name,
           Opens opens = Opens::by_key);

    [[nodiscard]] Process::Options call(std::vector<std::string> arguments) const;
    [[nodiscard]] Finished run(std::vector<std::string> arguments,
                               const std::string& input = {}) const;
    /// With --json added; fails the test unless it exits with `code`.
    [[nodiscard]] boost::json::value ask(std::vector<std::string> arguments, int code = 0) const;
    [[nodiscard]] Process start(std::vector<std::string> arguments) const {
        return Process(call(std::move(arguments)));
    }
    /// The texts of all alerts that it has, after fetching.
    [[nodiscard]] std::vector<std::string> inbox() const;

    std::filesystem::path profile;
    std::filesystem::path secret_file;
    std::string secret_variable;  // of the environment, names the file
};

/// A relay, and a partnership with a coordinator and one channel, "town", that asks for no
/// agreement.
class CliWorld {
public:
    explicit CliWorld(Member::Opens opens = Member::Opens::by_key);
    /// Somebody who has joined in person.
    Member join(const std::string& name, const std::string& role = "retailer");

    TemporaryDirectory folder;
    std::unique_ptr<RelayProcess> relay;
    Member anna;
};

std::filesystem::path huecry_program();

}  // namespace huecry::test
