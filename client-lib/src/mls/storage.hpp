#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "huecry/wire/bytes.hpp"
#include "huecry/wire/secret.hpp"

// Where one group's state lies. Keys are short ASCII words, values opaque bytes below 64 KiB.
// The domain implements both over its database and runs them inside its own transaction.
//
//   g                what belongs to the group: slots, proposals by reference   each commit,
//   proposal e/<slot>         one epoch: GroupContext, secrets, own keys, block versions  each new
//   epoch t/<block>/<v>    32 nodes of the ratchet tree with their hashes              only changed
//   ones s/<slot>/n/<x>   secret tree: the secret of node x                           a sender's
//   first message s/<slot>/r/<l>/<t>  ratchet t of leaf l                                      each
//   message s/<slot>/w/<l>/<t>  its skipped keys                                         out of
//   order only
//
// A slot is an epoch of this group that is kept: the current one, and the pending one.
namespace huecry::mls {

class StateSink {
public:
    virtual ~StateSink() = default;
    virtual void put(std::string_view key, BytesView value) = 0;
    virtual void erase(std::string_view key) = 0;
    /// Erases every key that begins with `prefix`.
    virtual void erase_prefix(std::string_view prefix) = 0;
};

class StateSource {
public:
    virtual ~StateSource() = default;
    /// Empty when there is no such key.
    [[nodiscard]] virtual std::optional<Bytes> get(std::string_view key) = 0;
    /// Every key that begins with `prefix`, in any order.
    virtual void each(std::string_view prefix,
                      const std::function<void(std::string_view key, BytesView value)>& visit) = 0;
};

}  // namespace huecry::mls
