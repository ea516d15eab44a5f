#include "huecry/directory/evidence.hpp"

#include <map>
#include <tuple>

#include "huecry/directory/state.hpp"
#include "huecry/limits.hpp"
#include "huecry/wire/codec.hpp"

namespace huecry::directory {
namespace {

constexpr std::string_view magic = "huecry evidence\n";
constexpr std::size_t max_parts = 16;  // stretches, claims

void write_stream(Writer& w, const StreamRef& stream) {
    w.u8(static_cast<std::uint8_t>(stream.kind)).raw(stream.id).u32(stream.incarnation);
}

StreamRef read_stream(Reader& r) {
    StreamRef out;
    const auto kind = r.u8();
    if (kind < 1 || kind > 3) r.fail();
    out.kind = static_cast<StreamKind>(kind);
    out.id = r.array<16>();
    out.incarnation = r.u32();
    return out;
}

template <class T>
T read_id(Reader& r) {
    return T(r.array<T::size>());
}

Stretch read_stretch(Reader& r) {
    Stretch stretch;
    stretch.stream = read_stream(r);
    stretch.after = r.u64();
    stretch.hash = read_id<Digest>(r);
    Reader headers = r.vector(limits::max_evidence_headers * Header::encoded_size);
    while (!headers.empty()) {
        stretch.headers.push_back(to_bytes(headers.raw(Header::encoded_size)));
        const auto header = Header::decode(stretch.headers.back());
        if (!header || header->stream != stretch.stream ||
            header->seq != stretch.after + stretch.headers.size())
            r.fail();
    }
    if (!headers.ok() || stretch.after > UINT64_MAX - stretch.headers.size()) r.fail();
    return stretch;
}

/// What the relay stands for at one place of a stream, and by which head.
struct Vouched {
    Digest hash;
    std::size_t head;
};
using Place = std::tuple<StreamRef, std::uint64_t, std::uint64_t>;  // stream, generation, seq

class Examination {
public:
    Result<Finding> run(std::span<const Evidence> files) {
        HUECRY_TRY(take_heads(files));
        for (std::size_t i = 0; i < heads_.size(); ++i)
            vouch(heads_[i].stream, heads_[i].seq, heads_[i].hash, i);
        for (const auto& file : files)
            for (const auto& stretch : file.stretches) take_stretch(stretch);
        for (const auto& file : files)
            for (const auto& claim : file.claims) take_claim(claim);
        return std::move(finding_);
    }

private:
    Result<void> take_heads(std::span<const Evidence> files) {
        for (const auto& file : files) {
            if (file.relay != files.front().relay)
                return Error{Errc::invalid_argument, "files about different relays"};
            for (const auto& signed_head : file.heads) {
                HUECRY_TRY_ASSIGN(const Head head, signed_head.verify(file.relay));
                if (!heads_.empty() && head.partnership != heads_.front().partnership)
                    return Error{Errc::invalid_argument, "heads of different partnerships"};
                heads_.push_back(head);
            }
        }
        if (heads_.empty()) return Error{Errc::invalid_argument, "no signed head in it"};
        finding_.heads = heads_.size();
        finding_.partnership = heads_.front().partnership;
        finding_.relay = files.front().relay;
        for (const auto& file : files) {
            if (file.genesis_body.empty()) continue;
            HUECRY_TRY_ASSIGN(const auto state,
                              State::from_genesis(file.genesis_header, file.genesis_body));
            if (state.partnership() != finding_.partnership)
                return Error{Errc::invalid_argument, "a first entry of another partnership"};
            finding_.bound = finding_.bound || state.relay_key() == finding_.relay;
        }
        return {};
    }

    void vouch(const StreamRef& stream, std::uint64_t seq, const Digest& hash, std::size_t by) {
        const auto& head = heads_[by];
        const auto [known, fresh] =
            vouched_.try_emplace(Place{stream, head.generation, seq}, Vouched{hash, by});
        if (fresh || known->second.hash == hash || finding_.kind == Finding::Kind::proven) return;
        finding_.kind = Finding::Kind::proven;
        finding_.first = heads_[known->second.head];
        finding_.second = head;
        finding_.seq = seq;
        finding_.first_hash = known->second.hash;
        finding_.second_hash = hash;
    }

    /// A head that the headers lead to stands for every place on the way there.
    void take_stretch(const Stretch& stretch) {
        std::vector<Digest> hashes{stretch.hash};
        for (const auto& header : stretch.headers)
            hashes.push_back(chain_next(hashes.back(), header));
        for (std::size_t by = 0; by < heads_.size(); ++by) {
            const auto& head = heads_[by];
            if (head.stream != stretch.stream || head.seq < stretch.after ||
                head.seq - stretch.after >= hashes.size() ||
                hashes[head.seq - stretch.after] != head.hash)
                continue;
            for (std::uint64_t i = 0; i <= head.seq - stretch.after; ++i)
                vouch(stretch.stream, stretch.after + i, hashes[i], by);
        }
    }

    void take_claim(const Claim& claim) {
        if (finding_.kind != Finding::Kind::consistent) return;
        for (const auto& [place, vouched] : vouched_) {
            if (std::get<0>(place) != claim.stream || std::get<2>(place) != claim.seq ||
                vouched.hash == claim.hash)
                continue;
            finding_.kind = Finding::Kind::disputed;
            finding_.claim = claim;
            return;
        }
    }

    Finding finding_;
    std::vector<Head> heads_;
    std::map<Place, Vouched> vouched_;
};

}  // namespace

Bytes Evidence::encode() const {
    Writer w;
    w.raw(view(magic)).u8(1).raw(relay.view()).opaque(genesis_header).opaque(genesis_body);
    w.vector([&](Writer& v) {
        for (const auto& head : heads) v.opaque(head.encode());
    });
    w.vector([&](Writer& v) {
        for (const auto& stretch : stretches) {
            write_stream(v, stretch.stream);
            v.u64(stretch.after).raw(stretch.hash.view());
            v.vector([&](Writer& h) {
                for (const auto& header : stretch.headers) h.raw(header);
            });
        }
    });
    w.vector([&](Writer& v) {
        for (const auto& claim : claims) {
            write_stream(v, claim.stream);
            v.u64(claim.seq).raw(claim.hash.view()).raw(claim.device.view());
            v.raw(claim.message.view());
        }
    });
    return w.take();
}

Result<Evidence> Evidence::decode(BytesView bytes) {
    if (bytes.size() > limits::max_evidence_file) return Error{Errc::too_large, "evidence"};
    Reader r(bytes);
    const auto start = r.raw(magic.size());
    if (!r.ok() || !std::equal(start.begin(), start.end(), view(magic).begin()))
        return Error{Errc::malformed, "this is not an evidence file of huecry"};
    if (r.u8() != 1) return Error{Errc::update_needed, "version of the evidence file"};
    Evidence out;
    out.relay = read_id<PublicKey>(r);
    out.genesis_header = to_bytes(r.opaque(Header::encoded_size));
    out.genesis_body = to_bytes(r.opaque(limits::max_statement));
    Reader heads = r.vector();
    while (!heads.empty() && out.heads.size() < limits::max_evidence_heads) {
        auto head = SignedHead::decode(heads.opaque(Head::encoded_size + 80));
        if (!head) return head.error();
        out.heads.push_back(std::move(*head));
    }
    Reader stretches = r.vector();
    while (!stretches.empty() && out.stretches.size() < max_parts)
        out.stretches.push_back(read_stretch(stretches));
    Reader claims = r.vector();
    while (!claims.empty() && out.claims.size() < max_parts) {
        Claim claim{.stream = read_stream(claims), .seq = claims.u64()};
        claim.hash = read_id<Digest>(claims);
        claim.device = read_id<DeviceId>(claims);
        claim.message = read_id<MessageId>(claims);
        out.claims.push_back(claim);
    }
    if (!r.done() || !heads.done() || !stretches.done() || !claims.done())
        return Error{Errc::malformed, "the evidence file is damaged"};
    return out;
}

Result<Finding> examine(std::span<const Evidence> files) {
    if (files.empty()) return Error{Errc::invalid_argument, "no evidence file"};
    return Examination().run(files);
}

}  // namespace huecry::directory
