#include "commands/commands.hpp"

namespace huecry::cli {
namespace {

Result<void> nickname(Context& context) {
    HUECRY_TRY(context.fetch());
    HUECRY_TRY_ASSIGN(const auto nickname, context.client().suggest_nickname());
    context.line(one_line(nickname));
    context.emit(Object().set("nickname", nickname).set("fetched", context.is_fetched()));
    return {};
}

}  // namespace

Commands nickname_commands() {
    return {{
        .name = "nickname",
        .summary = "Suggest a neutral nickname for an offender that is not in use",
        .example = "huecry nickname",
        .options = {},
        .run = nickname,
    }};
}

}  // namespace huecry::cli
