#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "huecry/wire/ids.hpp"

// What happened to one stream, as its senders and readers saw it, and whether that may be. Knows
// nothing of relays: it is given facts and looks for what contradicts them.
namespace huecry::fault {

struct History {
    /// A sender has decided to say something, its `number`-th (from 1), in this order.
    struct Said {
        DeviceId sender;
        std::uint64_t number = 0;
        MessageId id;
        Digest body;
    };
    /// The relay has acknowledged it, perhaps not for the first time.
    struct Answered {
        DeviceId sender;
        MessageId id;
        std::uint64_t seq = 0;
        std::uint64_t accepted_ms = 0;
        std::uint64_t expiry_ms = 0;
        bool repeat = false;  // the relay says that it is the first answer again
    };
    /// A reader was given an entry, in the order of this list.
    struct Given {
        DeviceId reader;
        std::uint64_t seq = 0;
        Digest header;
        DeviceId sender;
        MessageId id;
        std::uint64_t accepted_ms = 0;
        std::optional<Digest> body{};  // empty: the relay says that it is gone
    };
    struct Reader {
        std::uint64_t from = 0;   // it was to be given everything after this
        std::uint64_t until = 0;  // and has waited for everything up to this
    };
    std::vector<Said> said;
    std::vector<Answered> answered;
    std::vector<Given> given;
    std::map<DeviceId, Reader> readers;
};

/// Everything that must not be, as sentences; empty when all is well:
///   acknowledged and not given to a reader, or with another body, or elsewhere in the stream;
///   given twice to one reader; numbers that go back or leave a hole;
///   one sender's messages in another order than it said them;
///   two readers that were given different things at one number;
///   one message at two numbers, or given though nobody said it;
///   answers to the same message that differ; a second first answer; accepted times that go back.
[[nodiscard]] std::vector<std::string> violations(const History& history);

}  // namespace huecry::fault
