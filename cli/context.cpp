#include "context.hpp"

#include <fmt/format.h>

#include "output/describe.hpp"
#include "owner/request.hpp"

namespace huecry::cli {
namespace {

using namespace std::chrono_literals;
constexpr auto fetch_limit = 8s;

void remind_of_root_key(Context& context) {
    if (context.json() || !context.command().administers || !context.client_or_null()) return;
    const auto info = context.client().info();
    if (!info || !info->root_key_not_backed_up) return;
    context.note(
        "Reminder: the partnership's root key is in this profile only. Back it up: huecry "
        "authority "
        "backup FILE");
}

}  // namespace

void Context::line(std::string_view text) {
    if (!json()) console_.out(std::string(text) + "\n");
}
void Context::emit(const Object& object) {
    if (json()) console_.out(object.text() + "\n");
}
void Context::note(std::string_view text) {
    if (!json()) console_.err(std::string(text) + "\n");
}
void Context::progress(std::string_view text) {
    if (console_.err_is_terminal()) note(text);
}
std::string Context::when(std::uint64_t ms) const {
    return settings_.zone.short_time(ms, now_ms());
}

Result<void> Context::fetch() {
    tried_to_fetch_ = true;
    const auto synced = client().sync(fetch_limit);
    if (synced) return {};
    if (!retryable(synced.error().code)) return synced.error();
    fetch_error_ = synced.error();
    return {};
}

Result<void> Context::connect() {
    HUECRY_TRY(fetch());
    // Timed out means connected, and not yet done with all of it.
    if (fetch_error_ && fetch_error_->code != Errc::timed_out) return *fetch_error_;
    return {};
}

Result<void> Context::fetched() const {
    if (!fetch_error_) return {};
    auto error = *fetch_error_;
    if (error.detail.empty()) error.detail = "shown is what this device knows";
    return error;
}

template <class T>
Result<T> Context::find(Result<T> (Client::*search)(std::string_view), std::string_view text) {
    auto found = (client().*search)(text);
    if (found || tried_to_fetch_) return found;
    const auto code = found.error().code;
    if (code != Errc::not_found && code != Errc::channel_unknown) return found;
    HUECRY_TRY(fetch());
    return (client().*search)(text);
}

Result<ChannelId> Context::channel(std::string_view text) {
    auto found = find(&Client::find_channel, text);
    if (found || found.error().code != Errc::channel_unknown) return found;
    HUECRY_TRY_ASSIGN(const auto channels, client().channels());
    for (const auto& channel : channels)
        if (channel.name.empty())
            return Error{Errc::channel_unknown,
                         "names come with the first contact; until then give an id from 'huecry "
                         "channel list'"};
    return found;
}
Result<MessageId> Context::alert(std::string_view text) { return find(&Client::find_alert, text); }
Result<DeviceId> Context::device(std::string_view text) { return find(&Client::find_device, text); }

void report(Console& console, bool json, const Error& error) {
    if (json) {
        console.err(encode_error(error) + "\n");
        return;
    }
    std::string text = "huecry: " + std::string(sentence(error.code));
    if (!error.detail.empty()) text += " (" + one_line(error.detail) + ")";
    console.err(text + "\n");
}

int execute(Context& context) {
    const auto result = context.command().run(context);
    if (result) {
        remind_of_root_key(context);
        return 0;
    }
    // Whoever was to read the output is gone, as with `huecry inbox | head -1`.
    if (result.error().code == Errc::cancelled && context.console().gone()) return 0;
    report(context.console(), context.json(), result.error());
    remind_of_root_key(context);
    return exit_code(result.error().code);
}

}  // namespace huecry::cli
