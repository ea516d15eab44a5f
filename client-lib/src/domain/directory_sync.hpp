#pragma once

#include <optional>
#include <vector>

#include "domain/context.hpp"
#include "domain/sync_store.hpp"
#include "huecry/directory/state.hpp"
#include "huecry/v1/streams.pb.h"

// The replica of the directory: every entry verified with the same code as the relay's, kept with
// its bytes, and the relay's signed head for the index that we stand at.
namespace huecry::domain {

class DirectorySync {
public:
    DirectorySync(Context& context, SyncStore& store) : context_(context), store_(store) {}

    /// Reads what is kept: the last saved state and the entries after it.
    Result<void> load();

    /// Entries from the relay, each in order. Applies them in one transaction and returns what each
    /// did; on an error nothing of this frame has been taken. Errors: relay_rejected_chain,
    /// update_needed, relay_inconsistent and those of the store.
    Result<std::vector<directory::Applied>> deliver(const v1::Deliver& frame);
    /// A head of the directory stream from the relay. Kept if it is for our index. The relay's time
    /// comes out. Errors: wrong_relay; relay_inconsistent when it names another past than ours.
    Result<std::uint64_t> heard_head(const v1::SignedHead& head);
    /// Writes the state, so that the next start need not replay from far back.
    Result<void> save();

    [[nodiscard]] bool known() const { return state_.has_value(); }
    [[nodiscard]] const directory::State& state() const { return *state_; }
    [[nodiscard]] std::uint64_t index() const { return state_ ? state_->index() : 0; }
    /// The relay's signature on exactly our index; empty while catching up.
    [[nodiscard]] const std::optional<SignedHead>& head() const { return head_; }
    /// The relay has more than we have applied.
    [[nodiscard]] bool behind() const { return highest_ > index(); }

private:
    Result<directory::Applied> apply(BytesView header, BytesView body);

    Context& context_;
    SyncStore& store_;
    std::optional<directory::State> state_;
    std::optional<SignedHead> head_;
    std::uint64_t highest_ = 0;
    std::uint64_t saved_index_ = 0;
};

/// The head in a frame, if it is the relay's and of this partnership.
Result<Head> verified_head(const v1::SignedHead& frame, const PublicKey& relay,
                           const PartnershipId& partnership, SignedHead& kept);

}  // namespace huecry::domain
