#include "delivery/core_impl.hpp"
#include "huecry/limits.hpp"

// Frame in, handler called; answers and refusals out.
namespace huecry::relay {
namespace {

constexpr std::uint32_t come_back_ms = 10'000;

/// What is answered without a place in a batch: counted, whoever asks.
bool is_query(v1::Frame::BodyCase kind) {
    using Body = v1::Frame::BodyCase;
    return kind == Body::kPing || kind == Body::kPong || kind == Body::kSubscribe ||
           kind == Body::kHeadQuery || kind == Body::kDeliveryQuery || kind == Body::kDropBlob;
}

}  // namespace

void CoreImpl::received(ConnectionId id, BytesView bytes) {
    auto* c = connection(id);
    if (c == nullptr) return;
    ++counters_.frames_in;
    v1::Frame frame;
    if (bytes.size() > frame_limit(id)) {
        ++counters_.frames_bad;
        return close(*c, Errc::too_large, 0);
    }
    if (!frame.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        ++counters_.frames_bad;
        return close(*c, Errc::bad_frame, 0);
    }
    const auto refused = counters_.refusals;
    dispatch(*c, frame);
    if (counters_.refusals != refused) charge_refusal(id);
}

/// Who is refused again and again goes, and begins anew with a handshake.
void CoreImpl::charge_refusal(ConnectionId id) {
    auto* c = connection(id);
    if (c == nullptr) return;
    const auto now = parts_.clock.steady_ms();
    if (!c->refusals.take(now, limits::refusals_per_minute))
        close(*c, Errc::rate_limited, come_back_ms);
}

/// True when the connection was closed: a Failure to a request without a number would not be heard.
bool CoreImpl::too_many_queries(Connection& c) {
    auto* p = partnership(c.who->partnership);
    const auto known = c.who->kind == ClientKind::device && p != nullptr;
    auto& tokens = known ? p->limits[c.who->device].queries : c.queries;
    if (tokens.take(parts_.clock.steady_ms(), limits::queries_per_minute)) return false;
    ++counters_.rate_limited;
    close(c, Errc::rate_limited, come_back_ms);
    return true;
}

void CoreImpl::dispatch(Connection& c, v1::Frame& frame) {
    using Body = v1::Frame::BodyCase;
    if (!c.who) {
        if (frame.body_case() == Body::kHello) return handle_hello(c, frame.hello());
        if (frame.body_case() == Body::kProve) return handle_prove(c, frame.prove());
        ++counters_.frames_bad;
        return close(c, Errc::not_authenticated, 0);
    }
    // Revoked a moment ago: the entry is on its way to the disk, the Goodbye follows.
    if (c.who->kind == ClientKind::device && c.who->standing == Standing::none) return;
    if (is_query(frame.body_case()) && too_many_queries(c)) return;
    switch (frame.body_case()) {
        case Body::kPing: {
            v1::Frame pong;
            pong.mutable_pong()->set_number(frame.ping().number());
            pong.mutable_pong()->set_time_ms(now_ms());
            return answer(c, frame.request(), std::move(pong));
        }
        case Body::kPong:
            return;
        case Body::kCreatePartnership:
            return handle_create(c, frame.request(), frame.create_partnership());
        case Body::kHandOver:
            return handle_hand_over(c, frame.request(), frame.hand_over());
        case Body::kSubmit:
            return handle_submit(c, frame.request(), *frame.mutable_submit());
        case Body::kSubscribe:
            return handle_subscribe(c, frame.request(), frame.subscribe());
        case Body::kAck:
            return handle_ack(c, frame.ack());
        case Body::kHeadQuery:
            return handle_head_query(c, frame.request(), frame.head_query());
        default:
            return dispatch_device(c, frame);
    }
}

void CoreImpl::dispatch_device(Connection& c, v1::Frame& frame) {
    using Body = v1::Frame::BodyCase;
    const auto request = frame.request();
    if (c.who->kind != ClientKind::device) return refuse(c, request, {Errc::not_permitted});
    switch (frame.body_case()) {
        case Body::kDeliveryQuery:
            return handle_delivery_query(c, request, frame.delivery_query());
        case Body::kPutKeyPackages:
            return handle_put_key_packages(c, request, frame.put_key_packages());
        case Body::kTakeKeyPackages:
            return handle_take_key_packages(c, request, frame.take_key_packages());
        case Body::kPutLease:
            return handle_put_lease(c, request, frame.put_lease());
        case Body::kTakeLeases:
            return handle_take_leases(c, request, frame.take_leases());
        case Body::kDropBlob:
            return handle_drop_blob(c, request, frame.drop_blob());
        default:
            ++counters_.frames_bad;
            return refuse(c, request, {Errc::bad_frame});
    }
}

void CoreImpl::send(Connection& c, const v1::Frame& frame) {
    c.outlet->send(std::make_shared<const std::string>(frame.SerializeAsString()));
}

void CoreImpl::answer(Connection& c, std::uint64_t request, v1::Frame frame) {
    frame.set_request(request);
    send(c, frame);
}

void CoreImpl::refuse(Connection& c, std::uint64_t request, const Refusal& refusal) {
    ++counters_.refusals;
    ++counters_.refused[refusal.code];
    if (refusal.code == Errc::stale) ++counters_.stale;
    if (refusal.code == Errc::rate_limited) ++counters_.rate_limited;
    if (refusal.code == Errc::quota_exceeded) ++counters_.quota_refused;
    v1::Frame frame;
    auto& failure = *frame.mutable_failure();
    failure.set_code(static_cast<std::uint32_t>(refusal.code));
    failure.set_detail(std::string(name(refusal.code)));
    failure.set_handshake_seq(refusal.handshake_seq);
    failure.set_directory_index(refusal.directory_index);
    failure.set_retry_after_ms(refusal.retry_after_ms);
    answer(c, request, std::move(frame));
}

Batch::Answer& CoreImpl::answer_later(Connection& c, std::uint64_t request) {
    auto& out = current_->answers.emplace_back();
    out.connection = c.id;
    out.frame.set_request(request);
    out.arrived_us = parts_.clock.steady_us();
    return out;
}

Verdict CoreImpl::rate(PartnershipState& p, const DeviceId& device,
                       TokenBucket DeviceLimits::* bucket, std::uint64_t per_minute) {
    auto& tokens = p.limits[device].*bucket;
    if (tokens.take(parts_.clock.steady_ms(), per_minute)) return std::nullopt;
    return Refusal{Errc::rate_limited, 0, 0, tokens.wait_ms(per_minute)};
}

}  // namespace huecry::relay
