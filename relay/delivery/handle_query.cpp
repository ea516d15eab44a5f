#include "delivery/core_impl.hpp"
#include "huecry/limits.hpp"

// HeadQuery and DeliveryQuery.
namespace huecry::relay {

void CoreImpl::handle_head_query(Connection& c, std::uint64_t request, const v1::HeadQuery& query) {
    const auto ref = stream_from(query.stream());
    if (!ref) return refuse(c, request, {Errc::bad_frame});
    if (!subscribes(*c.who, *ref)) return refuse(c, request, {Errc::channel_unknown});
    auto& p = *partnership(c.who->partnership);
    tell_empty(c, p, p.stream(*ref), request);
}

void CoreImpl::handle_delivery_query(Connection& c, std::uint64_t request,
                                     const v1::DeliveryQuery& query) {
    const auto ref = stream_from(query.stream());
    if (!ref || ref->kind != StreamKind::channel ||
        static_cast<std::uint64_t>(query.seqs_size()) > limits::max_query)
        return refuse(c, request, {Errc::invalid_argument});
    auto* p = partnership(c.who->partnership);
    const auto* s = p->find(*ref);
    if (s == nullptr) return refuse(c, request, {Errc::channel_unknown});
    v1::Frame frame;
    auto& counts = *frame.mutable_delivery_counts();
    for (const auto seq : query.seqs()) {
        if (seq == 0 || seq > s->durable_seq) continue;
        const auto stored = parts_.store.entries(p->id, *ref, seq - 1, 1, 1);
        if (!stored) return refuse(c, request, {stored.error().code});
        if (stored->empty() || stored->front().seq != seq) continue;
        const auto header = Header::decode(stored->front().header);
        if (!header || header->submitter != c.who->device) continue;
        const auto row = parts_.store.acceptance(p->id, *ref, c.who->device, header->message_id);
        if (!row) return refuse(c, request, {row.error().code});
        v1::SubmitResult result;
        if (!*row ||
            !result.ParseFromArray((*row)->answer.data(), static_cast<int>((*row)->answer.size())))
            continue;
        std::uint32_t readers = 0;
        for (const auto& accepted : result.accepted())
            if (accepted.seq() == seq) readers = accepted.readers();
        std::uint32_t delivered = 0;
        for (const auto& [device, reader] : s->readers)
            if (reader.member && device != c.who->device && reader.joined < seq &&
                reader.cursor >= seq)
                ++delivered;
        auto& out = *counts.add_counts();
        out.set_seq(seq);
        out.set_readers(readers);
        out.set_delivered(std::min(readers, delivered));
    }
    answer(c, request, std::move(frame));
}

}  // namespace huecry::relay
