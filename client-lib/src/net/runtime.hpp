#pragma once

#include <functional>
#include <memory>

#include "crypto/random.hpp"
#include "net/blob_transfer.hpp"
#include "net/link.hpp"
#include "net/scheduler.hpp"

namespace huecry::net {

/// The real scheduler: one background thread on which everything runs, and the maker of real links.
///
/// Threads: `post` and `stop` from any thread; all else on the runtime's thread, or from the owner
/// before it has posted anything and after `stop`. It outlives whatever it has made.
class Runtime final : public Scheduler {
public:
    /// Starts the thread. `random` outlives the runtime and may be used from its thread.
    explicit Runtime(crypto::Random& random);
    /// Stops. Never on the runtime's own thread.
    ~Runtime() override;
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;

    void post(std::function<void()> f) override;
    [[nodiscard]] std::unique_ptr<Timer> after(std::chrono::milliseconds delay,
                                               std::function<void()> f) override;
    [[nodiscard]] std::chrono::milliseconds monotonic() const override;
    [[nodiscard]] std::uint64_t wall_ms() const override;

    /// The listener outlives the link. The link is down until `start`.
    [[nodiscard]] std::unique_ptr<Link> make_link(Identity identity, LinkListener& listener);
    [[nodiscard]] std::unique_ptr<BlobTransfer> make_blobs(Identity identity);

    /// Asks the relay at an address for the key that it can prove: for an address without one,
    /// which a person then confirms. `done` comes once, on the runtime's thread. Errors:
    /// unreachable, wrong_relay (it proves nothing), version_refused, bad_frame. Any thread.
    void probe_relay_key(RelayAddress address, std::function<void(Result<PublicKey>)> done);

    /// Ends everything at once: the running function is waited for, no further one runs,
    /// connections are cut. Returns when the thread has ended. May be called twice and from several
    /// threads; on the runtime's own thread it only begins to end, and returns at once.
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace huecry::net
