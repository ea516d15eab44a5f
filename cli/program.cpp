#include "program.hpp"

#include <sodium.h>

#include <cerrno>
#include <cstdlib>
#include <thread>

#include "cli_version.hpp"
#include "owner/asker.hpp"
#include "parser.hpp"
#include "profile.hpp"
#include "table.hpp"

namespace huecry::cli {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
constexpr auto give_up_after = 10s;  // neither opened nor handed over
constexpr auto settle_limit = 2s;

MessageId random_message() {
    std::array<std::uint8_t, MessageId::size> bytes{};
    randombytes_buf(bytes.data(), bytes.size());
    return MessageId(bytes);
}

/// 0: error to 4: trace; nothing is logged without --log or HUECRY_LOG.
std::optional<int> log_level(const Globals& globals) {
    if (globals.log_level) return globals.log_level;
    const char* wanted = std::getenv("HUECRY_LOG");
    constexpr std::array<std::string_view, 5> names{"error", "warning", "info", "debug", "trace"};
    for (std::size_t i = 0; wanted && i < names.size(); ++i)
        if (names.at(i) == wanted) return static_cast<int>(i);
    return std::nullopt;
}

LogSink make_log(const Globals& globals, Terminal& terminal) {
    const auto most = log_level(globals);
    if (!most) return {};
    return [&terminal, most = *most](int level, std::string_view line) {
        if (level <= most) terminal.err("log: " + std::string(line) + "\n");
    };
}

bool wants_connection(const Invocation& invocation) {
    return !invocation.arguments.has("--offline");
}

}  // namespace

PassphraseMark::PassphraseMark(const SecretBytes& passphrase) : key_(crypto_generichash_KEYBYTES) {
    randombytes_buf(key_.span().data(), key_.size());
    mark_ = mark(passphrase);
}

SecretBytes PassphraseMark::mark(const SecretBytes& passphrase) const {
    SecretBytes out(crypto_generichash_BYTES);
    if (crypto_generichash(out.span().data(), out.size(), passphrase.view().data(),
                           passphrase.size(), key_.view().data(), key_.size()) != 0)
        return {};
    return out;
}

bool PassphraseMark::matches(const SecretBytes& passphrase) const {
    return !mark_.empty() && mark(passphrase) == mark_;
}

Ownership::Ownership(Client client, const SecretBytes& passphrase,
                     const std::filesystem::path& profile, bool serve)
    : client_(std::move(client)), mark_(passphrase), profile_(profile) {
    if (!serve) return;
    auto server = OwnerServer::start(
        profile, version, [this](const SecretBytes& secret) { return mark_.matches(secret); },
        [this](const Request& request, RemoteConsole& console) {
            return run_for_another(request, console);
        });
    if (server) server_ = std::move(*server);
}

std::optional<int> Ownership::run_for_another(const Request& request, RemoteConsole& console) {
    auto parsed = parse(table(), request.arguments);
    if (parsed &&
        (!parsed->invocation || parsed->invocation->command->needs != Command::Needs::client))
        parsed = Error{Errc::invalid_argument, "this command cannot be handed over"};
    if (!parsed) {
        report(console, wants_json(request.arguments), parsed.error());
        return exit_code(parsed.error().code);
    }
    const auto& invocation = *parsed->invocation;
    console.set_streams(invocation.command->streams);
    Context context(invocation, console,
                    {.profile = profile_,
                     .zone = request.zone,
                     .width = request.width,
                     .message = request.message,
                     .resume = request.resume,
                     .again = request.again});
    context.use(client_);
    const int code = execute(context);
    // A client that was closed under it has done nothing for this command that counts.
    if (!client_.info()) return std::nullopt;
    return code;
}

void Ownership::end(bool settle) {
    if (ended_) return;
    ended_ = true;
    if (server_) server_->finish();
    if (settle) (void)client_.sync(settle_limit);
    client_.close();
}

int Program::fail(const Invocation& invocation, const Error& error) {
    report(terminal_, invocation.globals.json, error);
    return exit_code(error.code);
}

int Program::finish(int code) {
    const int error = terminal_.out_error();
    if (error == 0 || error == EPIPE) return code;
    const auto failure = file_error(error, "the standard output");
    report(terminal_, wants_json(arguments_), failure);
    return exit_code(failure.code);
}

int Program::run() {
    const auto parsed = parse(table(), arguments_);
    if (!parsed) {
        report(terminal_, wants_json(arguments_), parsed.error());
        return exit_code(parsed.error().code);
    }
    if (!parsed->invocation) {
        terminal_.out(parsed->help);
        return finish(0);
    }
    const auto& invocation = *parsed->invocation;
    const auto profile = profile_path(invocation.globals);
    if (!profile) return fail(invocation, profile.error());
    settings_.profile = *profile;
    settings_.zone = Zone::of_process(static_cast<std::int64_t>(now_ms() / 1000));
    settings_.width = terminal_.width();
    settings_.message = random_message();
    log_ = make_log(invocation.globals, terminal_);
    switch (invocation.command->needs) {
        case Command::Needs::nothing:
            return finish(run_here(invocation));
        case Command::Needs::new_profile:
            return finish(run_new_profile(invocation));
        case Command::Needs::client:
            return finish(run_with_client(invocation));
    }
    return 1;
}

int Program::run_here(const Invocation& invocation) {
    Context context(invocation, terminal_, settings_);
    return execute(context);
}

int Program::run_new_profile(const Invocation& invocation) {
    Context context(invocation, terminal_, settings_);
    SecretBytes kept;  // shown by whoever asks this process later
    std::unique_ptr<Ownership> ownership;
    context.log = log_;
    context.new_secret = [&]() -> Result<ProfileSecret> {
        HUECRY_TRY_ASSIGN(auto secret, secret_for_new(invocation.globals, terminal_));
        kept = proof_of(secret).clone();
        return secret;
    };
    context.adopt = [&](Client client) -> Result<Client*> {
        ownership = std::make_unique<Ownership>(std::move(client), kept, settings_.profile, true);
        kept.clear();
        context.use(ownership->client());
        return &ownership->client();
    };
    const int code = execute(context);
    if (ownership) ownership->end(code == 0);
    return code;
}

int Program::run_as_owner(const Invocation& invocation, Client client,
                          const SecretBytes& passphrase) {
    const bool online = wants_connection(invocation);
    Ownership ownership(std::move(client), passphrase, settings_.profile, online);
    Context context(invocation, terminal_, settings_);
    context.use(ownership.client());
    const int code = execute(context);
    ownership.end(online && context.is_fetched() && !invocation.command->streams);
    return code;
}

int Program::run_with_client(const Invocation& invocation) {
    const auto& profile = settings_.profile;
    if (const auto there = profile_exists(profile); !there) return fail(invocation, there.error());
    auto secret = secret_of(invocation.globals, terminal_, "Passphrase");
    if (!secret) return fail(invocation, secret.error());
    const auto& proof = proof_of(*secret);

    Request request{.version = version,
                    .arguments = arguments_,
                    .in_terminal = terminal_.can_ask(),
                    .out_terminal = terminal_.out_is_terminal(),
                    .err_terminal = terminal_.err_is_terminal(),
                    .width = settings_.width,
                    .zone = settings_.zone,
                    .message = settings_.message,
                    .resume = 0,
                    .again = false};
    auto give_up = Clock::now() + give_up_after;
    auto pause = 20ms;
    while (true) {
        auto handed = forward(profile, request, proof, terminal_, give_up_after);
        using End = Forwarded::End;
        if (handed.end == End::finished) return handed.exit_code;
        if (handed.end == End::refused) return fail(invocation, handed.error);
        if (handed.end != End::no_owner) {
            // The work was begun elsewhere; it goes on here, or with whoever owns the profile next.
            settings_.again = request.again = handed.end == End::lost || request.again;
            settings_.resume = request.resume = std::max(request.resume, terminal_.position());
            give_up = Clock::now() + give_up_after;
            pause = 20ms;
        }
        auto opened = Client::open({.profile = profile,
                                    .secret = copy_of(*secret),
                                    .log = log_,
                                    .online = wants_connection(invocation)});
        if (opened) return run_as_owner(invocation, std::move(*opened), proof);
        if (opened.error().code != Errc::busy) return fail(invocation, opened.error());
        if (Clock::now() >= give_up) return fail(invocation, opened.error());
        std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, 500ms);
    }
}

}  // namespace huecry::cli
