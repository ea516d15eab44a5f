#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>

#include <cstdio>
#include <exception>

#include "command_line.hpp"
#include "commands/allow.hpp"
#include "commands/backup.hpp"
#include "commands/check.hpp"
#include "commands/restore.hpp"
#include "commands/restored.hpp"
#include "commands/serve.hpp"
#include "huecry/wire/signing.hpp"
#include "huecry/wire/transcript.hpp"
#include "ops/openssl_hash.hpp"
#include "ops/process_limits.hpp"

namespace huecry::relay {
namespace {

int report(const Error& error) {
    fmt::print(stderr, "huecry-relay: {}\n", error.text());
    return exit_code(error.code);
}

void print_version(bool json) {
    if (json) {
        fmt::print("{{\"version\":\"{}\",\"protocol\":{}}}\n", HUECRY_VERSION, protocol_version);
    } else {
        fmt::print("huecry-relay {} (protocol version {})\n", HUECRY_VERSION, protocol_version);
    }
}

Result<void> run(const CommandLine& line) {
    switch (line.command) {
        case Command::serve:
            return serve(line.settings);
        case Command::allow:
            return allow(line.settings, line.hours);
        case Command::confirm_clock:
            return confirm_clock(line.settings);
        case Command::check:
            return check(line.settings);
        case Command::backup:
            return backup(line.settings, line.file, line.config);
        case Command::restore:
            return restore(line.settings, line.file, line.identity);
        case Command::restored:
            return restored(line.settings);
        case Command::version:
            print_version(line.settings.json);
            return {};
        case Command::none:
            break;
    }
    return {};
}

int main_of(int argc, const char* const* argv) {
    const auto line = parse_command_line(argc, argv);
    if (!line) return report(line.error());
    if (line->text) {
        fmt::print("{}", *line->text);
        return 0;
    }
    if (line->command == Command::serve) heap_in_huge_pages(argv);
    apply_process_limits(line->settings.allow_core);
    // libprotobuf would print a line for each malformed text that anybody sends.
    google::protobuf::SetLogHandler(nullptr);
    if (!initialise_crypto()) return report({Errc::internal, "libsodium does not start"});
    hash_with_openssl();
    const auto done = run(*line);
    return done ? 0 : report(done.error());
}

}  // namespace
}  // namespace huecry::relay

int main(int argc, char** argv) {
    try {
        return huecry::relay::main_of(argc, argv);
    } catch (const std::exception& error) {
        (void)std::fprintf(stderr, "huecry-relay: %s\n", error.what());
        return 1;
    }
}
