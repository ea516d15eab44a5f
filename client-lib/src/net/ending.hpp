#pragma once

#include <cstdint>
#include <optional>

#include "huecry/result.hpp"
#include "huecry/v1/session.pb.h"

namespace huecry::net {

/// Why a connection, or an attempt at one, is over.
struct Ending {
    Error why{Errc::unreachable, {}};
    std::optional<std::uint32_t> reconnect_after_ms{};  // as the relay's Goodbye says
};

/// A code that this version does not know becomes update_needed.
[[nodiscard]] Ending ending_of(const v1::Goodbye& goodbye);

/// Whether a link tries again by itself. The relay's Goodbye decides where there is one, except
/// that what passes by itself (retryable) is always tried again: an alert network that stays silent
/// is worse than one attempt too many. A refusal that another attempt cannot change ends it.
[[nodiscard]] bool tries_again(const Ending& ending);

}  // namespace huecry::net
