#include "domain/engine.hpp"
#include "huecry/directory/document_key.hpp"
#include "huecry/limits.hpp"

// The agreement's text: fetched from the relay, and handed in again to a relay that has lost it.
namespace huecry::domain {
namespace {

using namespace std::chrono_literals;

constexpr auto retry = 2s;  // a relay that was replaced may be given the text at any moment
constexpr auto retry_longest = 5min;
constexpr std::uint64_t day_ms = 86'400'000;

}  // namespace

void Engine::fetch_agreement() {
    if (agreement_fetch_ || agreement_timer_ || !directory_.known()) return;
    auto wanted = context_.projection.agreement_to_fetch();
    const auto& agreement = directory_.state().agreement();
    if (!wanted || !agreement || agreement->version != wanted->version ||
        agreement->blob != wanted->blob)
        return;
    auto key = std::make_shared<SecretBytes>(std::move(wanted->key));
    net::BlobDownload download{wanted->blob, {}, limits::max_agreement + 1024, 0};
    const auto version = wanted->version;
    agreement_fetch_ =
        blobs_->get(download, [this, alive = alive_, key, version](Result<Bytes> blob) {
            context_.scheduler.post([this, alive] {
                if (!*alive) return;
                agreement_fetch_.reset();
                changed();  // whoever waits for what is on its way
            });
            if (!blob) {
                context_.trace(1, "the agreement: " + blob.error().text());
                return fetch_agreement_later();
            }
            agreement_delay_ = 0ms;
            const auto text = directory::open_document(*key, *blob);
            const auto& current = directory_.state().agreement();
            if (!text || !current || current->version != version ||
                directory::document_digest(*key, *text) != current->text_digest) {
                fetch_agreement_later();
                return warn("the agreement's text is not the one that was published");
            }
            auto transaction = context_.db.begin();
            if (!transaction) return report(transaction.error());
            auto kept = context_.projection.keep_agreement_text(version, *text);
            if (kept) kept = transaction->commit();
            if (!kept) return report(kept.error());
            context_.projection.committed();
            changed();
        });
}

void Engine::fetch_agreement_later() {
    agreement_delay_ =
        std::clamp<std::chrono::milliseconds>(2 * agreement_delay_, retry, retry_longest);
    agreement_timer_ = context_.scheduler.after(agreement_delay_, [this] {
        agreement_timer_.reset();
        pump_soon();
    });
}

void Engine::put_document(const BlobId& id, Bytes bytes, std::function<void(Result<void>)> done) {
    document_ = upload_document(id, std::move(bytes), std::move(done));
}

std::unique_ptr<net::Transfer> Engine::upload_document(const BlobId& id, Bytes bytes,
                                                       std::function<void(Result<void>)> done) {
    const auto digest = sha256(bytes);
    net::BlobUpload upload{id, StreamRef::directory(), std::chrono::seconds(limits::max_life_s),
                           digest, std::make_shared<const Bytes>(std::move(bytes))};
    return blobs_->put(std::move(upload), std::move(done));
}

/// A relay that was replaced, or put back to a backup, has no blobs, and nobody's blob lives longer
/// than a year. Coordinators' devices hand the agreement's text in again, at once where it was lost
/// and else every day: newcomers have to read it. Where it is there, nothing changes.
void Engine::offer_agreement() {
    if (offer_ || offered_ || !directory_caught_up_ || !directory_.known()) return;
    const auto& state = directory_.state();
    const auto& agreement = state.agreement();
    const auto* member = state.member_of(context_.self.device);
    if (!agreement || member == nullptr || member->role != directory::Role::coordinator) return;
    const auto moved = state.relays().size() > 1 ? state.relays().back().index : 0;
    const auto lost = std::max(moved, state.restored_index());
    const auto now = context_.clock.now_ms();
    const auto age = now - std::min(agreement->published_ms, now);
    if (lost <= agreement->published_index && age < day_ms) return;
    const auto place = Writer().u64(lost).u64(age / day_ms).take();
    const auto kept = store_.setting("document handed in");
    if (!kept || *kept == place) return;
    // Read only when it is wanted: this is asked with every alert.
    const auto key = context_.projection.agreement_key(agreement->version);
    const auto known = context_.projection.agreement();
    if (!key || known.version != agreement->version || known.text.empty()) return;
    auto sealed = directory::seal_document(*key, context_.random.bytes(24), known.text);
    if (!sealed) return report(sealed.error());
    auto done = [this, alive = alive_, place](const Result<void>& put) {
        context_.scheduler.post([this, alive] {
            if (*alive) offer_.reset();
        });
        offered_ = !put && retryable(put.error().code);  // then in the next connection
        if (offered_) return;
        // Else it is there, or another coordinator's device was first.
        if (auto noted = store_.set_setting("document handed in", place); !noted)
            report(noted.error());
    };
    offer_ = upload_document(agreement->blob, std::move(*sealed), std::move(done));
}

}  // namespace huecry::domain
