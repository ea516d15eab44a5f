#include "domain/trouble.hpp"

#include "huecry/wire/codec.hpp"

namespace huecry::domain {
namespace {

std::string key_of(const ChannelId& channel) { return "trouble " + channel.hex(); }

}  // namespace

Result<std::optional<Trouble>> trouble_of(SyncStore& store, const ChannelId& channel) {
    HUECRY_TRY_ASSIGN(const auto kept, store.setting(key_of(channel)));
    if (!kept || kept->empty()) return std::optional<Trouble>{};
    Reader r(*kept);
    Trouble out;
    out.reason = static_cast<directory::RejoinReason>(r.u8());
    out.certain = r.u8() != 0;
    out.asked_index = r.u64();
    const auto commit = MessageId::from(r.raw(MessageId::size));
    const auto committer = DeviceId::from(r.raw(DeviceId::size));
    out.incarnation = r.u32();
    out.unheard = r.u8() != 0;
    if (!r.done() || !commit || !committer) return Error{Errc::store_damaged, "trouble"};
    out.commit = *commit;
    out.committer = *committer;
    return std::optional(out);
}

Result<void> keep_trouble(SyncStore& store, const ChannelId& channel, const Trouble& trouble) {
    Writer w;
    w.u8(static_cast<std::uint8_t>(trouble.reason)).u8(trouble.certain ? 1 : 0);
    w.u64(trouble.asked_index).raw(trouble.commit.view()).raw(trouble.committer.view());
    w.u32(trouble.incarnation).u8(trouble.unheard ? 1 : 0);
    return store.set_setting(key_of(channel), w.bytes());
}

Result<void> end_trouble(SyncStore& store, const ChannelId& channel) {
    return store.erase_setting(key_of(channel));
}

}  // namespace huecry::domain
