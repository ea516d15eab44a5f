#include <fmt/format.h>

#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

/// The open file of a backup's passphrase, if one was named.
Result<std::optional<int>> passphrase_file(const Arguments& arguments) {
    const auto typed = arguments.get("--backup-passphrase-fd");
    if (!typed) return std::optional<int>();
    HUECRY_TRY_ASSIGN(const auto number, parse_number(*typed, 0, 1U << 20U));
    return std::optional<int>(static_cast<int>(number));
}

Result<void> backup_words(Context& context, Object& out) {
    HUECRY_TRY_ASSIGN(const auto words, context.client().root_words());
    const auto gap = words.find("\n\n");
    context.note(
        "The root key in words. Whoever has them has the partnership: paper, no screen "
        "shot. The first block is the present key, the second the one that follows.\n");
    if (!context.json()) context.console().out(words);
    out.set("root_words", words.substr(0, gap)).set("next_words", words.substr(gap + 2));
    return {};
}

Result<void> backup_file(Context& context, const std::string& path, Object& out) {
    const auto& arguments = context.arguments();
    const bool replace = arguments.has("--force");
    HUECRY_TRY_ASSIGN(const auto fd, passphrase_file(arguments));
    const auto before = context.console().read_file(path, 1);
    if (!replace && (before || before.error().code != Errc::not_found))
        return Error{Errc::invalid_argument, path + " exists already; --force replaces it"};
    HUECRY_TRY_ASSIGN(
        const auto passphrase,
        context.console().passphrase("Passphrase for the backup", fd, Passphrase::chosen));
    HUECRY_TRY_ASSIGN(const auto bytes, context.client().backup_root(passphrase));
    HUECRY_TRY(context.console().write_file(path, bytes, replace));
    context.line(
        fmt::format("The root key is in {}. Keep it and its passphrase apart, off this machine.",
                    one_line(path)));
    out.set("file", path).set("bytes", bytes.size());
    return {};
}

Result<void> backup(Context& context) {
    const auto path = context.arguments().get("FILE");
    const bool words = context.arguments().has("--words");
    if (!path && !words)
        return Error{Errc::invalid_argument, "where to? Give a file, or --words for paper"};
    Object out;
    if (path) HUECRY_TRY(backup_file(context, *path, out));
    if (words) HUECRY_TRY(backup_words(context, out));
    HUECRY_TRY(context.client().confirm_root_backup());
    if (context.arguments().has("--remove")) {
        HUECRY_TRY(context.client().forget_root());
        context.line("The root key is no longer in this profile; daily work needs none.");
    }
    context.emit(out.set("removed", context.arguments().has("--remove")));
    return {};
}

Result<void> restore(Context& context) {
    const auto& arguments = context.arguments();
    const auto path = arguments.get("FILE");
    const bool words = arguments.has("--words");
    if (path.has_value() == words)
        return Error{Errc::invalid_argument, "give either the backup's file, or --words"};
    HUECRY_TRY(context.connect());
    RestoredRoot found;
    if (words) {
        std::string typed;
        if (context.console().can_ask()) {
            context.note("Type the words, line by line; an empty line ends them.");
            for (auto line = context.console().ask("> "); line && !line->empty();
                 line = context.console().ask("> "))
                typed += *line + "\n";
        } else {
            HUECRY_TRY_ASSIGN(typed, context.console().input(8192));
        }
        HUECRY_TRY_ASSIGN(found, context.client().restore_root_words(typed));
    } else {
        HUECRY_TRY_ASSIGN(const auto bytes, context.console().read_file(*path, 4096));
        HUECRY_TRY_ASSIGN(const auto fd, passphrase_file(arguments));
        HUECRY_TRY_ASSIGN(
            const auto passphrase,
            context.console().passphrase("The backup's passphrase", fd, Passphrase::known));
        HUECRY_TRY_ASSIGN(found, context.client().restore_root(bytes, passphrase));
    }
    context.line(found.present && found.next ? "The root key and the next one are in this profile."
                 : found.present
                     ? "The root key is in this profile; the next one is not."
                     : "The next root key is in this profile. 'huecry authority rotate' puts it in "
                       "the place of the lost one.");
    Object out;
    context.emit(out.set("root", found.present).set("next", found.next));
    return {};
}

Result<void> rotate(Context& context) {
    HUECRY_TRY(context.connect());
    HUECRY_TRY(context.client().rotate_root());
    HUECRY_TRY_ASSIGN(const auto root, context.client().root());
    context.line(fmt::format("The root key is now {}; the one before is worth nothing any more.",
                             root.key.short_hex()));
    context.line("A new next key was made with it. Back both up now: huecry authority backup FILE");
    Object out;
    context.emit(out.set("root_key", root.key.hex()));
    return {};
}

Result<void> show(Context& context) {
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto root, context.client().root());
    context.line(fmt::format("Root key {}: {}; the next one: {}; {}", root.key.short_hex(),
                             root.held ? "in this profile" : "not in this profile",
                             root.next_held ? "in this profile" : "not in this profile",
                             root.backed_up ? "backed up" : "not backed up from here"));
    Object out;
    out.set("root_key", root.key.hex()).set("held", root.held).set("next_held", root.next_held);
    context.emit(out.set("backed_up", root.backed_up));
    return context.fetched();
}

}  // namespace

Commands authority_commands() {
    using Kind = Option::Kind;
    const Option file_fd{Kind::value, "--backup-passphrase-fd", "N",
                         "Read the backup's passphrase from this open file (else ask)"};
    return {
        {.name = "authority backup",
         .summary = "Write the partnership's root key to a file, under a passphrase of its own",
         .example = "huecry authority backup /media/stick/oldtown.root",
         .options = {{Kind::positional, "FILE", "FILE", "Where to; an existing file is kept"},
                     file_fd,
                     {Kind::flag, "--force", "", "Replace an existing file"},
                     {Kind::flag, "--words", "", "Print it as words, for paper"},
                     {Kind::flag, "--remove", "", "Then take it out of this profile"}},
         .run = backup},
        {.name = "authority restore",
         .summary = "Bring the root key back from its file or its words",
         .example = "huecry authority restore /media/stick/oldtown.root",
         .options = {{Kind::positional, "FILE", "FILE", "The backup"},
                     file_fd,
                     {Kind::flag, "--words", "", "Type the words, or give them on the input"}},
         .run = restore},
        {.name = "authority rotate",
         .summary = "Replace the root key by the next one: after its loss, or its theft",
         .example = "huecry authority rotate",
         .options = {},
         .run = rotate},
        {.name = "authority show",
         .summary = "Show whether this profile holds the root key",
         .example = "huecry authority show",
         .options = {},
         .run = show},
    };
}

}  // namespace huecry::cli
