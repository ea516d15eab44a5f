#include "delivery/core_impl.hpp"
#include "huecry/limits.hpp"
#include "huecry/wire/codec.hpp"

// Submit: form, repeats, and what all three kinds of stream have in common.
namespace huecry::relay {
namespace {

constexpr std::size_t submission_overhead = 16UL * 1024;  // welcome headers, field tags

constexpr std::uint64_t or_limit(std::uint64_t set, std::uint64_t limit) {
    return set != 0 ? set : limit;
}

std::optional<EntryKind> kind_of(std::uint32_t number) {
    if (number < 1 || number > 5) return std::nullopt;
    return static_cast<EntryKind>(number);
}

}  // namespace

Result<CoreImpl::Submission> CoreImpl::Submission::read(v1::Submit& submit) {
    Submission out;
    const auto stream = stream_from(submit.stream());
    if (!stream) return Errc::bad_frame;
    out.stream = *stream;
    out.handshake_seq = submit.handshake_seq();
    out.directory_index = submit.directory_index();
    if (submit.items().empty() ||
        static_cast<std::uint64_t>(submit.items_size()) > limits::max_items)
        return Errc::invalid_argument;
    for (const auto& item : submit.items()) {
        const auto id = MessageId::from(view(item.message_id()));
        const auto kind = kind_of(item.kind());
        if (!id || !kind || item.body().empty()) return Errc::bad_frame;
        for (const auto& other : out.items)
            if (other.id == *id) return Errc::invalid_argument;
        out.items.push_back({*id, *kind, item.lifetime_ms(), to_bytes(view(item.body())),
                             sha256(view(item.body()))});
    }
    if (!submit.has_welcome()) return out;
    const auto& from = submit.welcome();
    const auto id = MessageId::from(view(from.message_id()));
    if (!id || from.body().empty() || from.joiners().empty()) return Errc::bad_frame;
    if (static_cast<std::uint64_t>(from.joiners_size()) > limits::max_welcome_devices)
        return Errc::too_large;
    Welcome welcome{*id, {}, to_bytes(view(from.body())), from.chain_from()};
    for (const auto& joiner : from.joiners()) {
        const auto device = DeviceId::from(view(joiner.device()));
        const auto package = Digest::from(view(joiner.key_package()));
        if (!device || !package) return Errc::bad_frame;
        for (const auto& other : welcome.joiners)
            if (other.device == *device) return Errc::invalid_argument;
        welcome.joiners.push_back({*device, *package});
    }
    out.welcome = std::move(welcome);
    return out;
}

/// Over every field, so that "the identical bytes" does not depend on a protobuf encoder.
Digest CoreImpl::Submission::digest() const {
    Writer w;
    w.opaque(view("huecry/1 submission")).u8(static_cast<std::uint8_t>(stream.kind));
    w.raw(stream.id).u32(stream.incarnation).u64(handshake_seq).u64(directory_index);
    for (const auto& item : items) {
        w.raw(item.id.view()).u8(static_cast<std::uint8_t>(item.kind)).u64(item.lifetime_ms);
        w.raw(item.digest.view());
    }
    if (welcome) {
        w.raw(welcome->id.view()).u64(welcome->chain_from).raw(sha256(welcome->body).view());
        for (const auto& joiner : welcome->joiners)
            w.raw(joiner.device.view()).raw(joiner.key_package.view());
    }
    return sha256(w.bytes());
}

/// The directory is let through a full quota: a revocation must not wait for expiry.
Verdict CoreImpl::check_room(const PartnershipState& p, const Submission& s) const {
    std::size_t size = submission_overhead;
    for (const auto& item : s.items) size += item.body.size();
    if (s.welcome) size += s.welcome->body.size();
    if (size > room(p.id)) return Refusal{Errc::quota_exceeded};
    return std::nullopt;
}

bool CoreImpl::answer_repeat(Connection& c, std::uint64_t request, Submission& s) {
    const auto& p = c.who->partnership;
    for (const auto& item : s.items) {
        std::optional<AcceptanceRow> row;
        const auto flying = in_flight_.find({item.id, s.submitter, s.stream, p});
        if (flying != in_flight_.end()) {
            row = flying->second;
        } else {
            auto stored = parts_.store.acceptance(p, s.stream, s.submitter, item.id);
            if (!stored) {
                refuse(c, request, {stored.error().code});
                return true;
            }
            row = std::move(*stored);
        }
        if (!row) continue;
        v1::SubmitResult result;
        if (row->digest != s.fingerprint ||
            !result.ParseFromArray(row->answer.data(), static_cast<int>(row->answer.size()))) {
            refuse(c, request, {Errc::id_reused});
            return true;
        }
        ++counters_.repeats;
        // With the next batch: the first one may still be on its way to the disk.
        auto& later = answer_later(c, request);
        *later.frame.mutable_submit_result() = std::move(result);
        later.frame.mutable_submit_result()->set_repeat(true);
        later.head_of = StreamKey{p, s.stream};
        return true;
    }
    return false;
}

void CoreImpl::handle_submit(Connection& c, std::uint64_t request, v1::Submit& submit) {
    auto* p = partnership(c.who->partnership);
    if (p == nullptr) return refuse(c, request, {Errc::unknown_partnership});
    auto read = Submission::read(submit);
    if (!read) return refuse(c, request, {read.error().code});
    auto& s = *read;
    s.who = *c.who;
    s.submitter = s.who.kind == ClientKind::invite ? DeviceId::from(s.who.invite.view()).value()
                                                   : s.who.device;
    if (s.who.kind == ClientKind::founder ||
        (s.who.kind == ClientKind::invite && s.stream.kind != StreamKind::directory))
        return refuse(c, request, {Errc::not_permitted});
    s.fingerprint = s.digest();
    if (answer_repeat(c, request, s)) return;
    if (draining_) return refuse(c, request, {Errc::draining});
    if (low_room_) return refuse(c, request, {Errc::no_room});
    const bool statement = s.stream.kind == StreamKind::directory;
    const auto& options = parts_.options;
    if (const auto refused =
            statement
                ? rate(*p, s.submitter, &DeviceLimits::statements,
                       or_limit(options.statements_per_minute, limits::statements_per_minute))
                : rate(*p, s.submitter, &DeviceLimits::submissions,
                       or_limit(options.submissions_per_minute, limits::submissions_per_minute)))
        return refuse(c, request, *refused);
    if (current_->submissions >= limits::max_gathered)
        return refuse(c, request, {Errc::overloaded, 0, 0, 100});
    Verdict refused;
    if (statement) {
        refused = submit_statement(*p, s);
    } else if (s.stream.kind == StreamKind::channel) {
        refused = submit_channel(*p, s);
    } else {
        refused = submit_mailbox(*p, s);
    }
    if (refused) return refuse(c, request, *refused);
    accept(c, request, *p, s);
}

void CoreImpl::accept(Connection& c, std::uint64_t request, PartnershipState& p, Submission& s) {
    const auto text = s.result.SerializeAsString();
    auto& stream = p.stream(s.stream);
    for (int i = 0; i < s.result.accepted_size(); ++i) {
        const auto& item = s.items[static_cast<std::size_t>(i)];
        const auto& accepted = s.result.accepted(i);
        AcceptanceRow row{
            s.stream,       s.submitter,           item.id, s.fingerprint, to_bytes(view(text)),
            accepted.seq(), accepted.accepted_ms()};
        if (s.stream.kind == StreamKind::channel)
            stream.last_accepted[s.submitter] = {item.id, accepted.seq()};
        const Batch::AcceptanceKey key{item.id, s.submitter, s.stream, p.id};
        in_flight_[key] = row;
        current_->acceptances.push_back(key);
        current_->writes.emplace_back(write::Acceptance{p.id, std::move(row)});
    }
    ++current_->submissions;
    auto& later = answer_later(c, request);
    *later.frame.mutable_submit_result() = std::move(s.result);
    later.head_of = StreamKey{p.id, s.stream};
}

const Header& CoreImpl::append(PartnershipState& p, Header header, Bytes body,
                               std::optional<MessageId> shared) {
    auto bytes = header.encode();
    gather(p, header, std::move(bytes), std::move(body), shared);
    const auto& entry = std::get<write::Entry>(current_->writes.back());
    return entry.header;
}

void CoreImpl::gather(PartnershipState& p, const Header& header, Bytes header_bytes, Bytes body,
                      std::optional<MessageId> shared) {
    if (current_->fresh.empty()) drop_ahead();
    auto& s = p.stream(header.stream);
    const auto previous = s.chain;
    s.chain = chain_next(previous, header_bytes);
    s.seq = header.seq;
    if (header.kind == EntryKind::handshake) s.last_handshake = header.seq;
    p.message_bytes += header.length;
    s.note_length(header.seq, header.length);
    current_->touched.insert(p.id);
    current_->fresh.push_back(
        {{p.id, header.stream}, header.seq, s.chain, current_->writes.size()});
    current_->writes.emplace_back(
        write::Entry{p.id, header, std::move(header_bytes), previous, std::move(body), shared});
}

}  // namespace huecry::relay
