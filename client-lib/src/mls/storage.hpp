#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "huecry/wire/bytes.hpp"
#include "huecry/wire/secret.hpp"

// Where one group's state lies. Keys are short ASCII words, values opaque bytes below 64 KiB.
// The domain implements both over its database and runs them inside its own transaction.
//
//   g               version, epoch, GroupContext, epoch secrets, chunk versions   each new epoch
//   t/<chunk>/<v>   32 nodes of the ratchet tree with their hashes                only changed ones
//   k/<slot>/…      own private keys of the tree                                  each new epoch
//   s/<slot>/…      secret tree: node secrets, one record per sender's ratchet    each message
//   p/…             proposals received by reference                               each proposal
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
