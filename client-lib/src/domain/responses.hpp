#pragma once

#include "domain/names.hpp"

namespace huecry::domain {

/// The newest answer of each device to an alert.
class Responses {
public:
    Responses(Surroundings& around, Names& names) : around_(around), names_(names) {}

    /// True when it says something new. `time_ms` is 0 for an own one that waits.
    Result<bool> put(std::int64_t alert, const DeviceId& device, const MessageId& id, Answer answer,
                     std::uint64_t time_ms);
    /// An own one: the relay has it. False: no such answer.
    Result<bool> accepted(const MessageId& id, std::uint64_t time_ms);
    Result<bool> refused(const MessageId& id);
    [[nodiscard]] std::vector<ResponseInfo> of(std::int64_t alert);

private:
    Surroundings& around_;
    Names& names_;
};

}  // namespace huecry::domain
