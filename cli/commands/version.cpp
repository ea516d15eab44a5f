#include "cli_version.hpp"
#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

Result<void> show(Context& context) {
    context.line(std::string("huecry ") + version);
    context.emit(Object().set("version", version));
    return {};
}

}  // namespace

Commands version_commands() {
    return {{
        .name = "version",
        .summary = "Show the version",
        .example = "huecry version --json",
        .options = {},
        .run = show,
        .needs = Command::Needs::nothing,
    }};
}

}  // namespace huecry::cli
