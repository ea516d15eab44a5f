#include <algorithm>

#include "delivery/core_impl.hpp"
#include "huecry/limits.hpp"

// The relay's shares of photo keys: put by the uploader, released to readers, shredded.
namespace huecry::relay {

void CoreImpl::handle_put_lease(Connection& c, std::uint64_t request, const v1::PutLease& put) {
    if (draining_) return refuse(c, request, {Errc::draining});
    auto& p = *partnership(c.who->partnership);
    const auto ref = stream_from(put.channel());
    const auto blob = BlobId::from(view(put.blob()));
    if (!ref || !blob || put.share().size() != 32) return refuse(c, request, {Errc::bad_frame});
    if (ref->kind != StreamKind::channel) return refuse(c, request, {Errc::invalid_argument});
    if (!may_write(*c.who, *ref) || !p.directory.posts(c.who->device, ChannelId(ref->id)))
        return refuse(c, request, {Errc::post_not_permitted});
    if (put.expiry_ms() <= now_ms()) return refuse(c, request, {Errc::expired});
    if (put.expiry_ms() - now_ms() > limits::max_life_s * 1000)
        return refuse(c, request, {Errc::expiry_too_long});
    if (auto refused =
            rate(p, c.who->device, &DeviceLimits::requests, limits::submissions_per_minute))
        return refuse(c, request, *refused);
    auto have = parts_.leases.find(p.id, *blob);
    if (!have) return refuse(c, request, {have.error().code});
    SecretBytes share(view(put.share()));
    if (*have) {
        // Whoever has not heard the answer asks again, later: it counts from the first time.
        const auto& old = **have;
        if (old.uploader != c.who->device || !same_readers(old.audience, *ref) ||
            !(old.share == share))
            return refuse(c, request, {Errc::id_reused});
    } else {
        Lease lease{p.id, *blob, *ref, c.who->device, put.expiry_ms(), std::move(share)};
        current_->leases.emplace_back(std::move(lease));
    }
    answer_later(c, request).frame.mutable_lease_stored();
}

void CoreImpl::handle_take_leases(Connection& c, std::uint64_t request,
                                  const v1::TakeLeases& take) {
    auto& p = *partnership(c.who->partnership);
    if (static_cast<std::uint64_t>(take.blobs_size()) > limits::max_query)
        return refuse(c, request, {Errc::too_large});
    if (auto refused =
            rate(p, c.who->device, &DeviceLimits::requests, limits::submissions_per_minute))
        return refuse(c, request, *refused);
    v1::Frame frame;
    auto& out = *frame.mutable_leases();
    for (const auto& wanted : take.blobs()) {
        const auto blob = BlobId::from(view(wanted));
        if (!blob) return refuse(c, request, {Errc::bad_frame});
        const auto lease = parts_.leases.find(p.id, *blob);
        if (!lease) return refuse(c, request, {lease.error().code});
        if (!*lease || (*lease)->expiry_ms <= now_ms() || !may_read(*c.who, (*lease)->audience))
            continue;
        // On disk before the share leaves: the answer waits for this batch.
        current_->writes.emplace_back(write::LeaseAccess{p.id, c.who->device, *blob, now_ms()});
        auto& one = *out.add_leases();
        one.set_blob(wanted);
        one.set_share(to_string((*lease)->share.view()));
        one.set_expiry_ms((*lease)->expiry_ms);
        ++counters_.leases_taken;
    }
    auto& later = answer_later(c, request);
    *later.frame.mutable_leases() = std::move(out);
}

void CoreImpl::handle_drop_blob(Connection& c, std::uint64_t request, const v1::DropBlob& drop) {
    if (draining_) return refuse(c, request, {Errc::draining});
    auto& p = *partnership(c.who->partnership);
    const auto blob = BlobId::from(view(drop.blob()));
    if (!blob) return refuse(c, request, {Errc::bad_frame});
    const auto lease = parts_.leases.find(p.id, *blob);
    if (!lease) return refuse(c, request, {lease.error().code});
    const auto* row = parts_.blobs.find(p.id, *blob);
    const bool own_lease = *lease && (*lease)->uploader == c.who->device;
    const bool own_blob = row != nullptr && row->uploader == c.who->device;
    if ((*lease && !own_lease) || (row != nullptr && !own_blob))
        return refuse(c, request, {Errc::not_permitted});
    if (*lease) current_->leases.emplace_back(LeaseStore::Drop{p.id, *blob});
    if (own_blob) {
        counters_.blob_bytes -= std::min(counters_.blob_bytes, row->size);
        current_->dropped.push_back(parts_.blobs.hide(*row));
        current_->writes.emplace_back(write::DropBlob{p.id, *blob});
    }
    current_->truncate = true;
    answer_later(c, request).frame.mutable_blob_dropped();
}

}  // namespace huecry::relay
