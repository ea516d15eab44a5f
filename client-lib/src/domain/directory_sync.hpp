#pragma once

#include <optional>
#include <vector>

#include "domain/context.hpp"
#include "domain/sync_store.hpp"
#include "huecry/directory/evidence.hpp"
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
    /// The head that did not fit, as `heard_head` found it; once.
    std::optional<SignedHead> take_conflict() { return std::exchange(conflict_, std::nullopt); }
    /// Writes the state, so that the next start need not replay from far back.
    Result<void> save();

    [[nodiscard]] bool known() const { return state_.has_value(); }
    [[nodiscard]] const directory::State& state() const { return *state_; }
    [[nodiscard]] std::uint64_t index() const { return state_ ? state_->index() : 0; }
    /// The relay's signature on exactly our index; empty while catching up.
    [[nodiscard]] const std::optional<SignedHead>& head() const { return head_; }
    /// The relay has more than we have applied.
    [[nodiscard]] bool behind() const { return highest_ > index() || put_back(); }
    /// The relay's store was put back to a backup, and the entry that says so is not here yet.
    [[nodiscard]] bool put_back() const {
        return state_ && heard_generation_ > state_->generation();
    }
    /// From where the relay is to be asked: our index, or further back to find what is common.
    [[nodiscard]] std::uint64_t resume_from() const;
    /// Not far enough back: ask again.
    bool take_ask_again() { return std::exchange(ask_again_, false); }
    /// Entries after this index were lost at the relay, and are no longer of the directory here.
    std::optional<std::uint64_t> take_rolled_back() {
        return std::exchange(rolled_back_, std::nullopt);
    }
    /// The relay's time in its newest head of the directory; 0: none yet.
    [[nodiscard]] std::uint64_t heard_ms() const { return heard_ms_; }

    /// What a head that a member passes on says of this directory.
    struct Named {
        enum class Kind : std::uint8_t {
            invalid,   // not the relay's, or not of this directory
            known,     // an index of ours
            later,     // one that is still to come
            lost,      // one that the relay lost when its store was put back
            conflict,  // the relay signed another past than ours
        } kind = Kind::invalid;
        std::uint64_t index = 0;  // to judge by: ours
    };
    [[nodiscard]] Named named(const SignedHead& head) const;
    /// Headers after `after`, for evidence. Errors of the store.
    [[nodiscard]] Result<directory::Stretch> stretch(std::uint64_t after) const;

private:
    Result<directory::Applied> apply(BytesView header, BytesView body);
    Result<bool> find_common(const v1::Deliver& frame);
    Result<void> roll_back(std::uint64_t to);

    Context& context_;
    SyncStore& store_;
    std::optional<directory::State> state_;
    std::optional<SignedHead> head_, conflict_;
    std::uint64_t highest_ = 0, heard_ms_ = 0;
    std::uint64_t heard_generation_ = 0, back_ = 0;
    bool ask_again_ = false;
    std::optional<std::uint64_t> rolled_back_;
    /// Members pass on the same head again and again: its signature is verified once.
    mutable std::optional<std::pair<SignedHead, Named>> last_named_;
    mutable std::uint64_t last_named_at_ = 0;
    std::uint64_t saved_index_ = 0;
};

/// The head in a frame, if it is the relay's and of this partnership.
Result<Head> verified_head(const v1::SignedHead& frame, const PublicKey& relay,
                           const PartnershipId& partnership, SignedHead& kept);

}  // namespace huecry::domain
