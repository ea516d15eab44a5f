#include "api/impl.hpp"

namespace huecry {

content::v1::NameRecord make_name(crypto::Random& random, std::uint32_t kind, BytesView id,
                                  std::string_view name) {
    content::v1::NameRecord out;
    out.set_kind(kind);
    out.set_id(to_string(id));
    out.set_salt(to_string(random.bytes(16)));
    out.set_name(std::string(name));
    return out;
}

Digest hash_of(const content::v1::NameRecord& record) {
    return directory::name_hash(view(record.salt()), record.name());
}

Client::Impl::Impl(api::OpenProfile profile, LogSink log)
    : log_(std::move(log)),
      runtime_(std::make_unique<net::Runtime>(random_)),
      profile_(std::move(profile)),
      clock_(
          profile_.db, [this] { return runtime_->wall_ms(); },
          [this] { return static_cast<std::uint64_t>(runtime_->monotonic().count()); }),
      projection_(profile_.db, clock_, random_, *profile_.self.key) {}

Client::Impl::~Impl() { close(); }

domain::Context Client::Impl::context() {
    return {profile_.db, *runtime_, random_, clock_, projection_, profile_.self, log_};
}

Result<void> Client::Impl::start(bool online) {
    return call([online](Impl& me) -> Result<void> {
        HUECRY_TRY(me.clock_.load());
        const net::Identity identity{
            me.profile_.relay, me.profile_.self.partnership, ClientKind::device,
            StreamRef::mailbox(me.profile_.self.device).id, me.profile_.self.key};
        me.engine_ = std::make_unique<domain::Engine>(
            me.context(),
            [&](net::LinkListener& listener) { return me.runtime_->make_link(identity, listener); },
            [&] { return me.runtime_->make_blobs(identity); });
        me.engine_->on_change([&me] { me.wake(); });
        me.projection_.on_events([&me] { me.wake(); });
        HUECRY_TRY(me.engine_->load());
        if (online) me.engine_->start();
        return {};
    });
}

void Client::Impl::close() {
    {
        const std::scoped_lock lock(mutex_);
        if (closed_) return;
    }
    (void)call([](Impl& me) -> Result<void> {
        if (me.engine_) me.engine_->stop();
        return {};
    });
    {
        const std::scoped_lock lock(mutex_);
        if (closed_) return;
        closed_ = true;
        ++version_;
    }
    changed_.notify_all();
    runtime_->stop();
    engine_.reset();
    // What was posted but never ran goes with the runtime: whoever waits for it is told.
    runtime_.reset();
    // The store is closed now, not with the last handle: the profile may be opened again.
    const auto gone = std::move(profile_.db);
}

bool Client::Impl::post(std::function<void()> f) {
    const std::scoped_lock lock(mutex_);
    if (closed_) return false;
    runtime_->post(std::move(f));
    return true;
}

std::uint64_t Client::Impl::version() {
    const std::scoped_lock lock(mutex_);
    return version_;
}

bool Client::Impl::wait_change(std::uint64_t seen, std::chrono::steady_clock::time_point end) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, end, [&] { return version_ != seen; });
}

void Client::Impl::wake() {
    {
        const std::scoped_lock lock(mutex_);
        ++version_;
    }
    changed_.notify_all();
}

Result<const directory::State*> Client::Impl::directory() {
    if (!engine_->directory().known())
        return engine_->trouble() ? *engine_->trouble() : Error{Errc::unreachable};
    return &engine_->directory().state();
}

Result<void> Client::Impl::expect_partnership_name(const std::string& name) {
    return call(
        [&](Impl& me) { return me.engine().store().set_setting("partnership_name", view(name)); });
}

Result<void> Client::Impl::state(std::function<Result<directory::Body>(Impl&)> make) {
    HUECRY_TRY_ASSIGN(
        const auto index,
        call_async<std::uint64_t>(
            [make = std::move(make)](Impl& me, const domain::Engine::StatementDone& done) {
                auto body = make(me);
                if (!body) return done(body.error());
                me.engine().submit_statement(std::move(*body), done);
            },
            std::chrono::seconds(limits::request_timeout_s)));
    (void)index;
    return {};
}

Result<void> Client::Impl::publish_names(const std::vector<content::v1::NameRecord>& names) {
    HUECRY_TRY_ASSIGN(auto transaction, db().begin());
    domain::Outgoing message;
    for (const auto& name : names) {
        HUECRY_TRY(projection_.keep_name(name));
        *message.content.mutable_names()->add_names() = name;
    }
    HUECRY_TRY(transaction.commit());
    projection_.committed();
    HUECRY_TRY_ASSIGN(const auto* state, directory());
    message.channel = state->all_members();
    message.id = new_id<MessageId>();
    message.lifetime = std::chrono::seconds(limits::record_expiry_s);
    return engine_->enqueue(message, {});
}

}  // namespace huecry
