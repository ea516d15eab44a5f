#include <ctime>

#include "api/impl.hpp"
#include "photos/intake.hpp"
#include "photos/seal.hpp"
#include "photos/watermark.hpp"

// Alerts, answers, photos.
namespace huecry {
namespace {

constexpr auto count_limit = std::chrono::seconds(5);

/// "2026-03-01 14:05 UTC": the same for every viewer, whatever their time zone.
std::string utc_minute(std::uint64_t ms) {
    const auto seconds = static_cast<std::time_t>(ms / 1000);
    const auto days = static_cast<std::int64_t>(ms / 86'400'000);
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
    char out[40];
    (void)std::snprintf(out, sizeof out, "%04d-%02u-%02u %02d:%02d UTC", int(date.year()),
                        unsigned(date.month()), unsigned(date.day()),
                        static_cast<int>(seconds % 86400 / 3600),
                        static_cast<int>(seconds % 3600 / 60));
    return out;
}

using SealedPhoto = domain::Projection::Sealed;

/// A photo as it will lie at the relay. Pure work, done on the caller's thread.
Result<SealedPhoto> seal_photo(const PhotoInput& input, crypto::Random& random) {
    std::vector<photos::Rectangle> hide;
    for (const auto& r : input.hide) hide.push_back({r.x, r.y, r.width, r.height});
    HUECRY_TRY_ASSIGN(const auto taken,
                      photos::intake(input.file, hide,
                                     input.solid ? photos::RectangleFill::solid
                                                 : photos::RectangleFill::pixelate));
    SealedPhoto out;
    std::array<std::uint8_t, BlobId::size> id{};
    random.fill(id);
    out.blob = BlobId(id);
    out.share = random.secret(photos::share_size);
    const auto secret = random.secret(photos::secret_size);
    HUECRY_TRY_ASSIGN(auto sealed, photos::seal(taken.jpeg, out.share, secret));
    out.photo.set_blob(to_string(out.blob.view()));
    out.photo.set_secret(to_string(secret.view()));
    out.photo.set_share_hash(to_string(photos::share_hash(out.share).view()));
    out.photo.set_digest(to_string(sealed.digest.view()));
    out.photo.set_size(sealed.ciphertext.size());
    out.photo.set_width(taken.width);
    out.photo.set_height(taken.height);
    out.ciphertext = std::move(sealed.ciphertext);
    return out;
}

}  // namespace

Result<Receipt> Client::send(Draft draft) {
    if (draft.photos.size() > limits::max_photos) return Error{Errc::too_large, "too many photos"};
    auto sealed = std::make_shared<std::vector<SealedPhoto>>();
    for (const auto& input : draft.photos) {
        crypto::SystemRandom random;
        HUECRY_TRY_ASSIGN(auto photo, seal_photo(input, random));
        sealed->push_back(std::move(photo));
    }
    draft.photos.clear();
    return impl_->call([draft = std::move(draft), sealed](Impl& me) -> Result<Receipt> {
        if (draft.id) {
            HUECRY_TRY_ASSIGN(const bool waiting, me.engine().store().in_outbox(*draft.id));
            if (waiting || me.projection().alert(*draft.id)) return me.receipt(*draft.id);
        }
        if (me.clock().hidden()) return Errc::clock_wrong;
        HUECRY_TRY(me.directory());
        HUECRY_TRY_ASSIGN(const auto message, me.projection().compose(draft, *sealed));
        HUECRY_TRY(me.engine().enqueue(message, std::move(*sealed)));
        return me.receipt(message.id);
    });
}

Result<Receipt> Client::Impl::receipt(const MessageId& id) {
    const auto alert = projection_.alert(id);
    if (!alert) return Errc::alert_gone;
    Receipt out;
    out.alert = id;
    out.state = alert->state;
    out.nickname = alert->offender;
    HUECRY_TRY_ASSIGN(const auto* state, directory());
    for (const auto& reader : state->readers(alert->channel))
        if (reader != self().device) ++out.readers;
    return out;
}

Result<Receipt> Client::wait_accepted(const MessageId& alert, std::chrono::milliseconds limit) {
    HUECRY_TRY_ASSIGN(const auto done,
                      impl_->wait_for<Receipt>(
                          [alert](Impl& me) -> Result<std::optional<Receipt>> {
                              HUECRY_TRY_ASSIGN(const auto now, me.receipt(alert));
                              if (now.state != SendState::queued)
                                  return std::optional<Receipt>(now);
                              // Still queued, and not going out by itself: say why.
                              const auto& trouble = me.engine().trouble();
                              if (trouble && !me.engine().online() && !me.engine().will_retry())
                                  return *trouble;
                              return std::optional<Receipt>{};
                          },
                          limit));
    if (done) return *done;
    return impl_->call([alert](Impl& me) { return me.receipt(alert); });
}

Result<std::vector<AlertInfo>> Client::inbox() {
    return impl_->call([](Impl& me) -> Result<std::vector<AlertInfo>> {
        if (me.clock().hidden()) return Errc::clock_wrong;
        return me.projection().alerts();
    });
}

Result<AlertInfo> Client::alert(const MessageId& id) {
    return impl_->call([id](Impl& me) -> Result<AlertInfo> {
        if (me.clock().hidden()) return Errc::clock_wrong;
        auto found = me.projection().alert(id);
        if (!found) return Errc::alert_gone;
        return std::move(*found);
    });
}

Result<void> Client::respond(const MessageId& alert, Answer answer) {
    return impl_->call([alert, answer](Impl& me) -> Result<void> {
        HUECRY_TRY_ASSIGN(const auto message, me.projection().compose_response(alert, answer));
        return me.engine().enqueue(message, {});
    });
}

Result<Bytes> Client::photo(const MessageId& alert, std::size_t number,
                            std::chrono::milliseconds limit) {
    HUECRY_TRY_ASSIGN(
        const auto opened,
        impl_->call_async<SecretBytes>(
            [alert, number](Impl& me, const std::function<void(Result<SecretBytes>)>& done) {
                auto key = me.projection().photo_key(alert, number);
                if (!key) return done(key.error());
                me.engine().fetch_photo(std::move(*key), done);
            },
            limit));
    HUECRY_TRY_ASSIGN(const auto line, impl_->call([](Impl& me) -> Result<std::string> {
        const auto viewer = me.projection().person(me.self().device);
        const auto name =
            viewer.member_name.empty() ? viewer.device.short_hex() : viewer.member_name;
        return name + "  " + utc_minute(me.clock().now_ms());
    }));
    HUECRY_TRY_ASSIGN(const auto marked, photos::watermark(opened.view(), line));
    return to_bytes(marked.view());
}

Result<AlertStatus> Client::status(const MessageId& alert) {
    HUECRY_TRY_ASSIGN(auto out, impl_->call([alert](Impl& me) -> Result<AlertStatus> {
        auto found = me.projection().alert(alert);
        if (!found) return Errc::alert_gone;
        AlertStatus status;
        status.alert = std::move(*found);
        status.failure = me.projection().failure(alert);
        HUECRY_TRY_ASSIGN(const auto receipt, me.receipt(alert));
        status.readers = receipt.readers;
        return status;
    }));
    if (!out.alert.from.self || out.alert.state != SendState::accepted) return out;
    const auto counts = impl_->call_async<domain::Engine::Counts>(
        [alert](Impl& me, const std::function<void(Result<domain::Engine::Counts>)>& done) {
            me.engine().delivery(alert, done);
        },
        count_limit);
    if (!counts) return out;  // offline: the rest is still true
    out.readers = counts->readers;
    out.delivered = counts->delivered;
    out.counts_known = true;
    return out;
}

Result<std::string> Client::suggest_nickname() {
    return impl_->call(
        [](Impl& me) -> Result<std::string> { return me.projection().suggest_nickname(); });
}

}  // namespace huecry
