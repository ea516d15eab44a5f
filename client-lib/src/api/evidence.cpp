#include "huecry/directory/evidence.hpp"
#include "api/impl.hpp"

namespace huecry {
namespace {

std::optional<ChannelId> channel_of(const StreamRef& stream) {
    if (stream.kind != StreamKind::channel) return std::nullopt;
    return ChannelId(stream.id);
}

EvidenceVerdict::Kind kind_of(directory::Finding::Kind kind) {
    switch (kind) {
        case directory::Finding::Kind::consistent:
            return EvidenceVerdict::Kind::consistent;
        case directory::Finding::Kind::disputed:
            return EvidenceVerdict::Kind::disputed;
        case directory::Finding::Kind::proven:
            return EvidenceVerdict::Kind::proven;
    }
    return EvidenceVerdict::Kind::consistent;
}

}  // namespace

Result<std::vector<EvidenceInfo>> Client::evidence() {
    return impl_->call([](Impl& me) -> Result<std::vector<EvidenceInfo>> {
        HUECRY_TRY_ASSIGN(const auto rows, me.engine().store().evidence());
        std::vector<EvidenceInfo> out;
        for (const auto& row : rows)
            out.push_back({row.number, row.time_ms, channel_of(row.stream), row.proven});
        return out;
    });
}

Result<Bytes> Client::evidence_file(std::uint64_t number) {
    return impl_->call([&](Impl& me) -> Result<Bytes> {
        HUECRY_TRY_ASSIGN(auto rows, me.engine().store().evidence());
        for (auto& row : rows)
            if (row.number == number) return std::move(row.file);
        return Error{Errc::not_found, "no such evidence"};
    });
}

Result<EvidenceVerdict> Client::verify_evidence(const std::vector<Bytes>& files) {
    if (!initialise_crypto()) return Errc::internal;
    std::vector<directory::Evidence> read;
    for (const auto& file : files) {
        HUECRY_TRY_ASSIGN(auto one, directory::Evidence::decode(file));
        read.push_back(std::move(one));
    }
    HUECRY_TRY_ASSIGN(const auto found, directory::examine(read));
    EvidenceVerdict out{.kind = kind_of(found.kind),
                        .partnership = found.partnership,
                        .relay = found.relay,
                        .bound = found.bound,
                        .heads = static_cast<std::uint32_t>(found.heads)};
    if (found.first && found.second) {
        out.channel = channel_of(found.first->stream);
        out.entry = found.seq;
        out.first = found.first_hash;
        out.second = found.second_hash;
        out.first_ms = found.first->time_ms;
        out.second_ms = found.second->time_ms;
    }
    if (found.claim) {
        out.channel = channel_of(found.claim->stream);
        out.entry = found.claim->seq;
        out.second = found.claim->hash;
        out.member = found.claim->device;
    }
    return out;
}

}  // namespace huecry
