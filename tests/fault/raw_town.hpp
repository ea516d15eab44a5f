#pragma once

#include "e2e/relay_process.hpp"
#include "huecry/directory/state.hpp"

// A partnership of raw devices on a real relay: they speak the protocol with packets of their own
// and are members of its one channel. What they send has the form of MLS, and is noise.
namespace huecry::fault {

class RawTown {
public:
    /// Founds, and lets `devices` more join. Throws std::runtime_error when the relay will not.
    RawTown(const test::RelayProcess& relay, std::size_t devices);

    [[nodiscard]] const std::vector<test::Caller>& devices() const { return devices_; }
    [[nodiscard]] const test::Caller& founder() const { return founder_; }
    [[nodiscard]] const PartnershipId& partnership() const { return founder_.partnership; }
    [[nodiscard]] StreamRef channel() const { return StreamRef::channel(channel_, 1); }
    /// The last commit: what messages stand upon. The channel's entries for all begin after it.
    [[nodiscard]] std::uint64_t handshake_seq() const { return handshake_; }

    /// A submission of one application message of about `size` bytes.
    [[nodiscard]] v1::Frame message(const MessageId& id, std::uint64_t lifetime_ms,
                                    BytesView content) const;
    [[nodiscard]] v1::Frame subscribe(const StreamRef& stream, std::uint64_t from) const;
    [[nodiscard]] v1::Frame acknowledge(const StreamRef& stream, std::uint64_t seq) const;

private:
    class Founding;
    [[nodiscard]] Bytes mls(std::uint8_t content_type, std::uint64_t epoch,
                            BytesView content) const;

    test::Caller founder_;
    std::vector<test::Caller> devices_;
    ChannelId channel_;
    std::uint64_t handshake_ = 0, epoch_ = 0, directory_index_ = 0;
};

/// From the system's generator.
template <class IdType>
[[nodiscard]] IdType fresh_id();
[[nodiscard]] Bytes fresh_bytes(std::size_t n);

template <class IdType>
IdType fresh_id() {
    return IdType::from(fresh_bytes(IdType::size)).value();
}

}  // namespace huecry::fault
