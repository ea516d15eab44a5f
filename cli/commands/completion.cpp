#include "commands/commands.hpp"
#include "output/papers.hpp"
#include "table.hpp"

namespace huecry::cli {
namespace {

void show(Context& context, std::string_view key, const std::string& text) {
    if (!context.json()) context.console().out(text);
    context.emit(Object().set(key, text));
}

Result<void> bash(Context& context) {
    show(context, "script", bash_completion(table()));
    return {};
}

Result<void> manual(Context& context) {
    show(context, "page", manual_page(table()));
    return {};
}

}  // namespace

Commands completion_commands() {
    return {
        {.name = "completion bash",
         .summary = "Print the script that completes commands in bash",
         .example = "source <(huecry completion bash)",
         .options = {},
         .run = bash,
         .needs = Command::Needs::nothing},
        {.name = "manual",
         .summary = "Print the manual page",
         .example = "huecry manual | man -l -",
         .options = {},
         .run = manual,
         .needs = Command::Needs::nothing},
    };
}

}  // namespace huecry::cli
