#include "parser.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "values.hpp"

namespace huecry::cli {
namespace {

struct Row {
    const Command* command;
    CLI::App* app;
    std::vector<std::pair<CLI::Option*, const Option*>> options;
};

class Formatter : public CLI::Formatter {
public:
    Formatter() {
        column_width(28);
        label("REQUIRED", "");
    }
    std::string make_option_opts(const CLI::Option* option) const override {
        const auto type = option->get_type_name();
        return type.empty() ? "" : " " + type;
    }
};

CLI::Option* add(CLI::App& app, const Option& option) {
    const std::string name(option.name);
    const std::string help(option.help);
    CLI::Option* made = nullptr;
    if (option.kind == Option::Kind::flag) {
        made = app.add_flag(name, help);
        made->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
        return made;
    }
    const auto take_string = [](const CLI::results_t&) { return true; };
    made = app.add_option(name, take_string, help);
    made->type_name(option.name.starts_with("--") ? std::string(option.value) : std::string())
        ->type_size(1);
    using Kind = Option::Kind;
    if (option.kind == Kind::list || option.kind == Kind::rest) {
        made->expected(option.kind == Kind::rest ? 0 : 1, CLI::detail::expected_max_vector_size);
        made->allow_extra_args();
    } else {
        made->expected(1);
        made->allow_extra_args(false);
    }
    made->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    return made;
}

struct TypedGlobals {
    std::string profile;
    std::string passphrase_fd;
    std::string log;
    bool json = false;
};

const std::map<std::string, int> log_levels{
    {"error", 0}, {"warning", 1}, {"info", 2}, {"debug", 3}, {"trace", 4}};

void add_globals(CLI::App& app, TypedGlobals& into) {
    app.add_option("--profile", into.profile,
                   "Folder of this device's profile (default: $HUECRY_PROFILE, else the user's "
                   "data folder)")
        ->type_name("DIR");
    app.add_flag("--json", into.json, "Print JSON: one object, for listen one a line");
    app.add_option("--passphrase-fd", into.passphrase_fd,
                   "Read the passphrase from this open file (else $HUECRY_KEY_FILE or "
                   "$HUECRY_PASSPHRASE_FILE, else ask)")
        ->type_name("N");
    app.add_option("--log", into.log,
                   "Log to the standard error: error, warning, info, debug, trace (else "
                   "$HUECRY_LOG)")
        ->type_name("LEVEL");
}

Result<Globals> read_globals(const CLI::App& app, const TypedGlobals& typed) {
    Globals out;
    out.json = typed.json;
    if (app.count("--profile") > 0) out.profile = typed.profile;
    if (app.count("--passphrase-fd") > 0) {
        HUECRY_TRY_ASSIGN(const auto fd, parse_number(typed.passphrase_fd, 0, 1U << 20U));
        out.passphrase_fd = static_cast<int>(fd);
    }
    if (app.count("--log") > 0) {
        const auto level = log_levels.find(typed.log);
        if (level == log_levels.end())
            return wrong_word("log level", typed.log, "error, warning, info, debug or trace");
        out.log_level = level->second;
    }
    return out;
}

class Parser {
public:
    explicit Parser(std::span<const Command> table)
        : app_("End-to-end encrypted alerts.", "huecry") {
        app_.formatter(std::make_shared<Formatter>());
        app_.set_help_flag("-h,--help", "Show this help");
        app_.require_subcommand(0, 1);
        app_.failure_message(CLI::FailureMessage::simple);
        app_.footer(
            "Example: huecry send town-centre \"red jacket, two bags\" --category "
            "theft-in-progress\nEvery command explains itself: huecry COMMAND --help");
        add_globals(app_, globals_);
        for (const auto& command : table) add_command(command);
        // A word that is no command of its own tells what may follow it.
        for (auto* group : app_.get_subcommands(nullptr)) {
            if (!group->get_description().empty()) continue;
            std::string words;
            for (auto* sub : group->get_subcommands(nullptr))
                words += (words.empty() ? "" : ", ") + sub->get_name();
            group->description(words);
        }
    }

    Result<Parsed> parse(const std::vector<std::string>& arguments) {
        std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
        try {
            app_.parse(reversed);
        } catch (const CLI::CallForHelp&) {
            return Parsed{.invocation = {}, .help = help_of_deepest()};
        } catch (const CLI::ParseError& error) {
            return Error{Errc::invalid_argument, std::string(error.what()) + hint()};
        }
        return chosen();
    }

private:
    void add_command(const Command& command) {
        const std::string name(command.name);
        const auto space = name.find(' ');
        CLI::App* parent = &app_;
        if (space != std::string::npos) {
            parent = existing(name.substr(0, space));
            if (!parent) {
                parent = app_.add_subcommand(name.substr(0, space), "");
                parent->require_subcommand(0, 1);
                parent->fallthrough();
                parent->set_help_flag("-h,--help", "Show this help");
            }
        }
        auto* sub =
            parent->add_subcommand(space == std::string::npos ? name : name.substr(space + 1),
                                   std::string(command.summary));
        sub->fallthrough();
        sub->require_subcommand(0, 1);
        sub->set_help_flag("-h,--help", "Show this help");
        sub->footer(
            "Every command takes --profile DIR, --json, --passphrase-fd N, --log LEVEL: huecry "
            "--help\nExample: " +
            std::string(command.example));
        Row row{&command, sub, {}};
        for (const auto& option : command.options)
            row.options.emplace_back(add(*sub, option), &option);
        rows_.push_back(std::move(row));
    }

    CLI::App* existing(const std::string& name) {
        const auto all =
            app_.get_subcommands([&](CLI::App* sub) { return sub->get_name() == name; });
        return all.empty() ? nullptr : all.front();
    }
    /// The innermost command that was named before the parser stopped.
    CLI::App* deepest() {
        CLI::App* at = &app_;
        while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
        return at;
    }
    std::string help_of_deepest() {
        auto* at = deepest();
        std::string name = "huecry";
        if (at != &app_ && at->get_parent() != &app_) name += " " + at->get_parent()->get_name();
        return at == &app_ ? app_.help() : at->help(name);
    }
    std::string hint() {
        auto* at = deepest();
        if (at == &app_) return "; see huecry --help";
        const auto parent = at->get_parent() == &app_ ? "" : at->get_parent()->get_name() + " ";
        return "; see huecry " + parent + at->get_name() + " --help";
    }

    Result<Parsed> chosen() {
        auto* at = deepest();
        for (auto& row : rows_)
            if (row.app == at) return collect(row);
        const auto what = at == &app_ ? std::string("a command is missing")
                                      : "what to do with '" + at->get_name() + "' is missing";
        return Error{Errc::invalid_argument, what + hint()};
    }

    Result<Parsed> collect(Row& row) {
        std::vector<Arguments::Given> given;
        std::map<CLI::Option*, std::size_t> used;
        for (auto* parsed : row.app->parse_order()) {
            const auto found = std::find_if(row.options.begin(), row.options.end(),
                                            [&](const auto& pair) { return pair.first == parsed; });
            if (found == row.options.end()) continue;
            const auto& values = parsed->results();
            const auto index = used[parsed]++;
            if (found->second->kind == Option::Kind::flag) {
                if (index == 0) given.push_back({std::string(found->second->name), "true"});
            } else if (index < values.size()) {
                given.push_back({std::string(found->second->name), values[index]});
            }
        }
        Arguments arguments(std::move(given));
        for (const auto& [made, option] : row.options)
            if (option->required && !arguments.has(option->name))
                return Error{Errc::invalid_argument,
                             std::string(option->name) + " is missing" + hint()};

        HUECRY_TRY_ASSIGN(auto globals, read_globals(app_, globals_));
        Invocation invocation{row.command, std::move(arguments), std::move(globals)};
        return Parsed{.invocation = std::move(invocation), .help = {}};
    }

    CLI::App app_;
    TypedGlobals globals_;
    std::vector<Row> rows_;
};

}  // namespace

Result<Parsed> parse(std::span<const Command> table, const std::vector<std::string>& arguments) {
    for (const auto& argument : arguments)
        if (argument.size() > 65536) return Error{Errc::too_large, "an argument is too long"};
    return Parser(table).parse(arguments);
}

bool wants_json(const std::vector<std::string>& arguments) {
    for (const auto& argument : arguments) {
        if (argument == "--") return false;
        if (argument == "--json") return true;
    }
    return false;
}

}  // namespace huecry::cli
