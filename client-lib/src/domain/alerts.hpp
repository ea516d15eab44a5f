#pragma once

#include "domain/items.hpp"
#include "domain/names.hpp"
#include "domain/offenders.hpp"
#include "domain/projection.hpp"
#include "domain/responses.hpp"

namespace huecry::domain {

/// Alerts that are alive: their content sealed, with what opens their photos.
class Alerts {
public:
    Alerts(Surroundings& around, Items& items, Names& names, Offenders& offenders,
           Responses& responses)
        : around_(around),
          items_(items),
          names_(names),
          offenders_(offenders),
          responses_(responses) {}

    struct Key {
        ChannelId channel;
        DeviceId device;
        MessageId id;
    };
    struct Life {
        std::uint64_t sent_ms = 0;
        std::uint64_t expiry_ms = 0;
        SendState state = SendState::accepted;
    };
    /// The number of the new row; nothing when it is there already.
    Result<std::optional<std::int64_t>> add(const Key& key, const Life& life,
                                            const content::v1::Alert& alert);
    /// An own one is durable at the relay. The number, if that is news.
    Result<std::optional<std::int64_t>> accepted(const MessageId& id, std::uint64_t accepted_ms,
                                                 std::uint64_t expiry_ms,
                                                 std::uint64_t directory_index);
    Result<std::optional<std::int64_t>> refused(const MessageId& id, const Error& why);
    /// Those whose time has come by `now_ms`, told to `gone` before they go. True when anything
    /// was erased.
    Result<bool> expire(std::uint64_t now_ms,
                        const std::function<Result<void>(const Key& key)>& gone);
    Result<void> erase_all();

    // alerts_said.cpp: as their authors signed them, until they or a photo of theirs expire
    Result<void> keep_said(std::int64_t number, BytesView said, std::uint64_t directory_index);
    struct Said {
        Key key;
        std::uint64_t sent_ms = 0;
        std::uint64_t expiry_ms = 0;  // of the alert
        std::uint64_t directory_index = 0;
        SecretBytes content;
    };
    [[nodiscard]] std::vector<Said> said_in(const ChannelId& channel);

    // reading: only what is alive by the clock's hide_time
    [[nodiscard]] std::vector<AlertInfo> alive();
    [[nodiscard]] std::optional<AlertInfo> get(std::int64_t number);
    /// Of two with one id (an id is chosen by its sender) the one that was here first.
    [[nodiscard]] std::optional<std::int64_t> find(const MessageId& id);
    [[nodiscard]] std::optional<std::int64_t> find(const ChannelId& channel, const MessageId& id);
    [[nodiscard]] std::optional<Key> key(std::int64_t number);
    [[nodiscard]] std::optional<Error> failure(const MessageId& id);
    [[nodiscard]] Result<MessageId> find(std::string_view text);
    Result<Projection::PhotoKey> photo_key(std::int64_t number, std::size_t photo);

private:
    [[nodiscard]] std::uint64_t photo_expiry(const Key& key, const Life& life) const;
    Result<void> add_photo(std::int64_t alert, int number, const content::v1::Photo& photo,
                           std::uint64_t expiry_ms);
    Result<void> erase_keys_of(std::int64_t alert);
    Result<bool> expire_photos(std::uint64_t now_ms);
    Result<bool> expire_said(std::uint64_t now_ms);
    Result<AlertInfo> read(const store::Statement& row);
    Result<std::vector<PhotoInfo>> photos_of(std::int64_t alert);

    Surroundings& around_;
    Items& items_;
    Names& names_;
    Offenders& offenders_;
    Responses& responses_;
};

}  // namespace huecry::domain
