#pragma once

#include "domain/channel.hpp"
#include "domain/letter.hpp"
#include "huecry/wire/join_info.hpp"

// This device's mailbox: Welcomes and letters. A Welcome is opened with the key package that it
// names, checked against the directory leaf by leaf, and only then becomes a channel.
namespace huecry::domain {

class Mailbox {
public:
    Mailbox(Context& context, SyncStore& store, const DirectorySync& directory);
    Result<void> load();

    [[nodiscard]] StreamRef stream() const { return StreamRef::mailbox(context_.self.device); }
    [[nodiscard]] std::uint64_t cursor() const { return cursor_.seq; }

    struct Welcomed {
        mls::Group group;
        ChannelRow row;
        Cursor from;
        Bytes key_package_ref;
    };
    /// `accept` takes each good Welcome inside the transaction that moves the cursor; an error from
    /// it (of the store) undoes both. A Welcome that is not in order is skipped with a warning. A
    /// Welcome that names a later directory than ours makes the rest of the frame wait.
    using Accept = std::function<Result<void>(Welcomed)>;
    Result<void> deliver(const v1::Deliver& frame, const Accept& accept,
                         std::vector<std::string>& warnings);
    Result<void> directory_advanced(const Accept& accept, std::vector<std::string>& warnings);
    /// Letters that have come since this was last asked. None of them is of a kind that must not be
    /// lost.
    std::vector<Letter> take_letters() { return std::exchange(letters_, {}); }
    /// Has a Welcome been skipped as unusable since this was last asked?
    bool had_unusable() { return std::exchange(unusable_, false); }
    /// The relay's store was put back: its mailbox is read from the beginning, and what was
    /// accepted before that is passed over, for it concerns groups that begin anew.
    Result<void> begin_anew(std::uint64_t restored_ms);
    /// What the relay can no longer deliver here is gone for good; a channel asks anew by itself.
    Result<void> missed(const v1::Missed& frame);

private:
    enum class Outcome { done, wait };
    Result<Outcome> take_welcome(const Header& header, BytesView body, const Accept& accept,
                                 std::vector<std::string>& warnings);
    Result<mls::OpenedWelcome> open(BytesView body, Bytes& ref);
    /// What the Welcome says of the channel and its place, and the group, all checked.
    Result<Welcomed> check(const Header& header, const mls::OpenedWelcome& opened,
                           const JoinInfo& info, const Head& head);

    Context& context_;
    SyncStore& store_;
    const DirectorySync& directory_;
    Cursor cursor_;
    std::optional<v1::Deliver> waiting_;
    std::vector<Letter> letters_;
    bool unusable_ = false;
    std::uint64_t skip_before_ms_ = 0;
};

}  // namespace huecry::domain
