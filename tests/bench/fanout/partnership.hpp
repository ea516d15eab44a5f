#pragma once

#include "e2e/relay_process.hpp"
#include "huecry/directory/state.hpp"
#include "huecry/wire/header.hpp"

namespace huecry::bench {

/// A partnership at a real relay, with as many devices and channels as a run wants. Statements are
/// built with the directory's own library; MLS is sent as far as a relay looks into it.
class Partnership {
public:
    Partnership(const test::RelayProcess& relay, std::size_t devices, std::size_t channels);

    /// Lets devices into a channel, 100 by each commit. They have left a key package before.
    void let_in(std::size_t channel, const std::vector<std::size_t>& devices);
    /// The founder's connection for the above; to be ended before it posts from another.
    void leave() { desk_.reset(); }

    [[nodiscard]] const test::Caller& founder() const { return founder_; }
    [[nodiscard]] test::Caller device(std::size_t i) const;
    [[nodiscard]] const StreamRef& channel(std::size_t i) const { return channels_[i].stream; }
    [[nodiscard]] std::uint64_t last_handshake(std::size_t channel) const {
        return channels_[channel].last_handshake;
    }
    [[nodiscard]] std::uint64_t directory_index() const { return directory_index_; }

private:
    struct Channel {
        StreamRef stream;
        std::uint64_t last_handshake = 0;
    };
    void found(const test::RelayProcess& relay);
    [[nodiscard]] directory::State first_entry();
    void define_channels(const directory::State& state, std::size_t count);
    void admit(const directory::State& state, std::size_t count);
    void submit_all(const std::vector<directory::SignedStatement>& statements);
    std::uint64_t submitted(const v1::Frame& frame);

    test::Caller founder_;
    std::vector<SigningKey> devices_;
    std::vector<Channel> channels_;
    std::unique_ptr<test::WireClient> desk_;
    std::uint64_t directory_index_ = 0;
    std::uint64_t request_ = 0;
};

}  // namespace huecry::bench
