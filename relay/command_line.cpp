// The only file that sees CLI11.
#include "command_line.hpp"

#include <CLI/CLI.hpp>

namespace huecry::relay {
namespace {

/// Options as given; applied over the configuration file.
struct Given {
    std::string data;
    std::string config;
    std::string listen;
    std::string name;
    std::string admin;
    std::string certificate;
    std::string key;
    std::string log_level;
    std::string log_file;
    std::string file;
    std::string identity;
    bool json = false;
    bool allow_core = false;
    std::uint64_t hours = 168;
};

void add_common(CLI::App* command, Given& given) {
    command->add_option("--data", given.data, "the relay's folder (made at the first start)");
    command->add_option("--config", given.config, "configuration file (TOML; see relay.toml)");
    command->add_flag("--json", given.json, "print JSON, one object a line");
}

void add_serve(CLI::App* serve, Given& given) {
    serve->add_option("--listen", given.listen,
                      "HOST:PORT of the public port; port 0 takes a free one (127.0.0.1:8443)");
    serve->add_option("--name", given.name, "the host name that clients connect to");
    serve->add_option("--admin", given.admin,
                      "HOST:PORT of health and metrics, or none (127.0.0.1:0)");
    serve->add_option("--certificate", given.certificate,
                      "PEM certificate chain, in place of the self-signed one");
    serve->add_option("--key", given.key, "PEM key of --certificate");
    serve->add_option("--log-level", given.log_level, "debug, info, warning or error (info)");
    serve->add_option("--log-file", given.log_file, "log to this file, not to standard error");
    serve->add_flag("--allow-core", given.allow_core,
                    "leave core dumps as the system has them: they hold keys");
}

void add_backup(CLI::App* backup, CLI::App* restore, Given& given) {
    backup->add_option("FILE", given.file, "the new file; an existing one is never replaced")
        ->required();
    restore->add_option("FILE", given.file, "what huecry-relay backup has written")->required();
    restore->add_option("--identity", given.identity,
                        "the relay's identity.key, kept apart from its backups (default: the one "
                        "in the folder)");
}

Result<Settings> merged(const Given& given) {
    Settings out;
    if (!given.config.empty()) {
        HUECRY_TRY(read_settings(given.config, out));
    }
    const auto take = [](const std::string& value, std::filesystem::path& target) {
        if (!value.empty()) target = std::filesystem::absolute(value);
    };
    take(given.data, out.data);
    take(given.certificate, out.certificate);
    take(given.key, out.key);
    take(given.log_file, out.log_file);
    if (!given.name.empty()) out.name = given.name;
    if (!given.listen.empty()) {
        HUECRY_TRY_ASSIGN(out.listen, Endpoint::parse(given.listen));
    }
    if (given.admin == "none") {
        out.admin.reset();
    } else if (!given.admin.empty()) {
        HUECRY_TRY_ASSIGN(out.admin, Endpoint::parse(given.admin));
    }
    if (!given.log_level.empty()) {
        HUECRY_TRY_ASSIGN(out.log_level, parse_log_level(given.log_level));
    }
    out.json = given.json;
    out.allow_core = given.allow_core;
    if (out.data.empty())
        return Error{Errc::invalid_argument, "--data DIR is wanted: the relay's folder"};
    return out;
}

}  // namespace

Result<CommandLine> parse_command_line(int argc, const char* const* argv) {
    CLI::App app("huecry-relay: stores and forwards what it cannot read", "huecry-relay");
    app.require_subcommand(1);
    Given given;
    auto* serve = app.add_subcommand("serve", "run the relay");
    auto* allow = app.add_subcommand("allow", "print a code that lets one partnership be created");
    auto* confirm = app.add_subcommand("confirm-clock", "expire again after a jump of the clock");
    auto* check = app.add_subcommand("check", "say what is wrong with an installation");
    auto* backup = app.add_subcommand(
        "backup", "write a backup (also while the relay runs): no messages, photos or keys");
    auto* restore =
        app.add_subcommand("restore", "make a relay's folder of a backup and its identity.key");
    auto* restored = app.add_subcommand(
        "restored", "say that the data was put back to a copy (relay stopped); restore says it");
    auto* version = app.add_subcommand("version", "print the version");
    for (auto* command : {serve, allow, confirm, check, backup, restore, restored})
        add_common(command, given);
    version->add_flag("--json", given.json, "print JSON");
    add_serve(serve, given);
    allow->add_option("--hours", given.hours, "how long the code is good (168)")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{8760}));
    check->add_option("--certificate", given.certificate, "the certificate that serve uses");
    add_backup(backup, restore, given);
    CommandLine out;
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& said) {
        std::ostringstream text;
        app.exit(said, text, text);
        out.text = text.str();
        return out;
    } catch (const CLI::Error& error) {
        return Error{Errc::invalid_argument, std::string(error.what()) + " (--help shows all)"};
    }
    out.hours = given.hours;
    if (version->parsed()) {
        out.command = Command::version;
        out.settings.json = given.json;
        return out;
    }
    out.command = serve->parsed()      ? Command::serve
                  : allow->parsed()    ? Command::allow
                  : confirm->parsed()  ? Command::confirm_clock
                  : backup->parsed()   ? Command::backup
                  : restore->parsed()  ? Command::restore
                  : restored->parsed() ? Command::restored
                                       : Command::check;
    HUECRY_TRY_ASSIGN(out.settings, merged(given));
    out.file = given.file;
    out.config = given.config;
    out.identity = given.identity;
    return out;
}

}  // namespace huecry::relay
