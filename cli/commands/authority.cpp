#include <fmt/format.h>

#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

Result<void> backup(Context& context) {
    const auto& arguments = context.arguments();
    std::optional<int> fd;
    if (const auto typed = arguments.get("--backup-passphrase-fd")) {
        HUECRY_TRY_ASSIGN(const auto number, parse_number(*typed, 0, 1U << 20U));
        fd = static_cast<int>(number);
    }
    const auto path = arguments.text("FILE");
    const bool replace = arguments.has("--force");
    const auto before = context.console().read_file(path, 1);
    if (!replace && (before || before.error().code != Errc::not_found))
        return Error{Errc::invalid_argument, path + " exists already; --force replaces it"};
    HUECRY_TRY_ASSIGN(const auto passphrase,
                      context.console().new_passphrase("Passphrase for the backup", fd));
    HUECRY_TRY_ASSIGN(const auto bytes, context.client().backup_root(passphrase));
    HUECRY_TRY(context.console().write_file(path, bytes, replace));
    HUECRY_TRY(context.client().confirm_root_backup());
    context.line(
        fmt::format("The root key is in {}. Keep it and its passphrase apart, off this machine.",
                    one_line(path)));
    context.emit(Object().set("file", path).set("bytes", bytes.size()));
    return {};
}

}  // namespace

Commands authority_commands() {
    using Kind = Option::Kind;
    return {{
        .name = "authority backup",
        .summary = "Write the partnership's root key to a file, under a passphrase of its own",
        .example = "huecry authority backup /media/stick/oldtown.root",
        .options = {{Kind::positional, "FILE", "FILE", "Where to; an existing file is kept", true},
                    {Kind::value, "--backup-passphrase-fd", "N",
                     "Read the backup's passphrase from this open file (else ask twice)"},
                    {Kind::flag, "--force", "", "Replace an existing file"}},
        .run = backup,
    }};
}

}  // namespace huecry::cli
