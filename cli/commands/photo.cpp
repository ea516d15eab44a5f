#include <fmt/format.h>

#include "commands/commands.hpp"
#include "huecry/limits.hpp"

namespace huecry::cli {
namespace {

using namespace std::chrono_literals;

Result<void> photo(Context& context) {
    const auto& arguments = context.arguments();
    std::uint64_t number = 1;
    if (const auto typed = arguments.get("N")) {
        HUECRY_TRY_ASSIGN(number, parse_number(*typed, 1, limits::max_photos));
    }
    HUECRY_TRY_ASSIGN(const auto alert, context.alert(arguments.text("ALERT")));
    context.progress("Fetching the photo …");
    HUECRY_TRY_ASSIGN(const auto bytes, context.client().photo(alert, number, 30s));
    const auto path = arguments.text("--out");
    HUECRY_TRY(context.console().write_file(path, bytes, arguments.has("--force")));
    context.line(fmt::format("Photo {} of {} is in {} ({} bytes); it carries your name.", number,
                             alert.short_hex(), one_line(path), bytes.size()));
    Object out;
    out.set("alert", alert.hex()).set("number", number).set("file", path);
    context.emit(out.set("bytes", bytes.size()));
    return {};
}

}  // namespace

Commands photo_commands() {
    using Kind = Option::Kind;
    return {{
        .name = "photo",
        .summary = "Save a photo of an alert, with your name and the time in it",
        .example = "huecry photo last --out door.jpg",
        .options = {{Kind::positional, "ALERT", "ALERT", "Its id, a prefix of it, or last", true},
                    {Kind::positional, "N", "N", "Which one (default: 1)"},
                    {Kind::value, "--out", "FILE", "Where to; an existing file is kept", true},
                    {Kind::flag, "--force", "", "Replace an existing file"}},
        .run = photo,
    }};
}

}  // namespace huecry::cli
