#include "commands/allow.hpp"

#include <fmt/format.h>

#include "commands/installation.hpp"
#include "net/control_socket.hpp"

namespace huecry::relay {
namespace {

/// On disk, or not done.
Result<void> write_down(Core& core) {
    core.flush();
    if (core.broken()) return *core.broken();
    if (core.counters().batches_failed != 0)
        return Error{Errc::store_failed, "nothing could be written: is its disk full?"};
    return {};
}

Result<std::string> code_from_store(const Settings& settings, std::uint64_t hours) {
    HUECRY_TRY_ASSIGN(auto folder, DataFolder::open(settings.data));
    HUECRY_TRY_ASSIGN(const auto log, Logger::open(LogLevel::error, {}));
    HUECRY_TRY_ASSIGN(const auto installation,
                      Installation::open(settings, std::move(folder), log));
    auto code = installation->core().allow_partnership(hours * 3'600'000);
    HUECRY_TRY(write_down(installation->core()));
    return code;
}

Result<std::string> confirm_in_store(const Settings& settings) {
    HUECRY_TRY_ASSIGN(auto folder, DataFolder::open(settings.data));
    HUECRY_TRY_ASSIGN(const auto log, Logger::open(LogLevel::error, {}));
    HUECRY_TRY_ASSIGN(const auto installation,
                      Installation::open(settings, std::move(folder), log));
    installation->core().confirm_clock();
    HUECRY_TRY(write_down(installation->core()));
    return std::string("ok");
}

}  // namespace

Result<void> allow(const Settings& settings, std::uint64_t hours) {
    auto code = ask_running_relay(settings.data, "allow " + std::to_string(hours));
    if (!code && code.error().code == Errc::unreachable) code = code_from_store(settings, hours);
    if (!code) return code.error();
    if (code->empty()) return Error{Errc::store_failed, "the relay gave no code"};
    if (settings.json) {
        fmt::print("{{\"code\":\"{}\",\"valid_hours\":{}}}\n", *code, hours);
        return {};
    }
    fmt::print(
        "{}\n\nGood once, for {} hours: huecry partnership create --relay ADDRESS --code {} …\n",
        *code, hours, *code);
    return {};
}

Result<void> confirm_clock(const Settings& settings) {
    auto reply = ask_running_relay(settings.data, "confirm-clock");
    if (!reply && reply.error().code == Errc::unreachable) reply = confirm_in_store(settings);
    if (!reply) return reply.error();
    if (*reply != "ok") return Error{Errc::timed_out};
    fmt::print("{}\n", settings.json ? "{\"confirmed\":true}" : "The relay expires again.");
    return {};
}

}  // namespace huecry::relay
