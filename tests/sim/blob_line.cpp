#include "sim/blob_line.hpp"

#include "sim/relay_host.hpp"

namespace huecry::sim {
namespace {

class Going final : public net::Transfer {
public:
    ~Going() override { *wanted = false; }
    std::shared_ptr<bool> wanted = std::make_shared<bool>(true);
};

}  // namespace

Moment SimBlobs::latency() {
    return 2 * network_.between(line_.latency_min, line_.latency_max) + ms;
}

Result<relay::Principal> SimBlobs::principal() const {
    if (line_.cut || line_.stalled || !line_.relay->up()) return Errc::unreachable;
    HUECRY_TRY_ASSIGN(
        const auto known,
        line_.relay->core().look_up(identity_.partnership, identity_.kind, identity_.subject));
    relay::Principal out;
    out.partnership = identity_.partnership;
    out.kind = identity_.kind;
    out.device = DeviceId(identity_.subject);
    out.invite = InviteId(identity_.subject);
    out.key = known.key;
    out.standing = known.standing;
    return out;
}

std::unique_ptr<net::Transfer> SimBlobs::put(net::BlobUpload upload, Stored done) {
    auto going = std::make_unique<Going>();
    // The relay answers those who have died meanwhile, too.
    auto tell = [this, wanted = going->wanted, done = std::move(done)](Result<void> result) {
        if (!*wanted) return;
        scheduler_.later(latency(), [wanted, done, result = std::move(result)] {
            if (*wanted) done(result);
        });
    };
    scheduler_.later(latency(), [this, wanted = going->wanted, upload = std::move(upload),
                                 tell = std::move(tell)] {
        if (!*wanted) return;
        const auto who = principal();
        if (!who) return tell(who.error());
        auto& relay = *line_.relay;
        // As relay/net/blob_http.cpp: the lifetime counts from the first time.
        const auto known = relay.blobs().head(*who, upload.id);
        const auto expiry =
            known ? known->expiry_ms
                  : relay.clock.wall_ms() + static_cast<std::uint64_t>(upload.lifetime.count());
        const relay::BlobPart part{
            upload.id, upload.owner, upload.bytes->size(), upload.digest, expiry, 0, *upload.bytes};
        relay.blobs().put(*who, part, [tell](std::variant<relay::BlobInfo, relay::BlobError> r) {
            if (const auto* error = std::get_if<relay::BlobError>(&r)) return tell(error->code);
            tell({});
        });
        relay.kick();
    });
    return going;
}

std::unique_ptr<net::Transfer> SimBlobs::get(net::BlobDownload download, Fetched done) {
    auto going = std::make_unique<Going>();
    scheduler_.later(latency(), [this, wanted = going->wanted, download, done = std::move(done)] {
        if (!*wanted) return;
        const auto fetch = [&]() -> Result<Bytes> {
            HUECRY_TRY_ASSIGN(const auto who, principal());
            HUECRY_TRY_ASSIGN(auto bytes,
                              line_.relay->blobs().get(who, download.id, 0, download.max_size));
            if (download.digest && sha256(bytes) != *download.digest) return Errc::digest_mismatch;
            return bytes;
        };
        done(fetch());
    });
    return going;
}

}  // namespace huecry::sim
