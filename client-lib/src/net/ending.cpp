#include "net/ending.hpp"

#include <string>

namespace huecry::net {

Ending ending_of(const v1::Goodbye& goodbye) {
    const auto code = error_from_number(goodbye.code());
    Error why{code.value_or(Errc::update_needed), "by the relay"};
    if (!code) why.detail = "relay code " + std::to_string(goodbye.code());
    return {std::move(why), goodbye.reconnect_after_ms()};
}

bool tries_again(const Ending& ending) {
    const auto code = ending.why.code;
    if (ending.reconnect_after_ms.value_or(0) > 0 || retryable(code)) return true;
    // A fault, not a verdict; but where the relay has said that we misbehave, it decides.
    if (code == Errc::bad_frame) return !ending.reconnect_after_ms;
    return code == Errc::internal;
}

}  // namespace huecry::net
