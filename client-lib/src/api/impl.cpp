#include "api/impl.hpp"

#include "huecry/directory/rules.hpp"

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

Result<void> Client::Impl::make_engine() {
    const net::Identity identity{profile_.relay, profile_.self.partnership, ClientKind::device,
                                 StreamRef::mailbox(profile_.self.device).id, profile_.self.key};
    engine_ = std::make_unique<domain::Engine>(
        context(),
        [&](net::LinkListener& listener) { return runtime_->make_link(identity, listener); },
        [&] { return runtime_->make_blobs(identity); });
    engine_->on_change([this] { wake(); });
    projection_.on_events([this] { wake(); });
    return engine_->load();
}

Result<void> Client::Impl::start(bool online) {
    return call([online](Impl& me) -> Result<void> {
        HUECRY_TRY(me.clock_.load());
        HUECRY_TRY(me.make_engine());
        if (online) me.engine_->start();
        return {};
    });
}

Result<void> Client::Impl::pause() {
    engine_->stop();
    paused_ = true;
    return {};
}

Result<void> Client::Impl::restart(bool online) {
    engine_->stop();
    HUECRY_TRY_ASSIGN(auto identified, api::read_self(profile_.db));
    engine_.reset();
    profile_.self = std::move(identified.self);
    profile_.relay = std::move(identified.relay);
    projection_ = domain::Projection(profile_.db, clock_, random_, *profile_.self.key);
    paused_ = false;
    HUECRY_TRY(make_engine());
    if (online) engine_->start();
    wake();
    return {};
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
    HUECRY_TRY(decide(std::move(make)));
    return {};
}

Result<Decision> Client::Impl::decide(std::function<Result<directory::Body>(Impl&)> make) {
    auto said = std::make_shared<std::optional<directory::Body>>();
    const auto index = call_async<std::uint64_t>(
        [make = std::move(make), said](Impl& me, const domain::Engine::StatementDone& done) {
            auto body = make(me);
            if (!body) return done(body.error());
            *said = *body;
            me.engine().submit_statement(std::move(*body), done);
        },
        std::chrono::seconds(limits::request_timeout_s));
    if (index) return decision(*index);
    if (!*said) return index.error();
    const auto refused = index.error();
    return call(
        [said, refused](Impl& me) -> Result<Decision> { return me.explain(**said, refused); });
}

Result<Decision> Client::Impl::decide_signed(
    std::function<Result<directory::SignedStatement>(Impl&)> make) {
    HUECRY_TRY_ASSIGN(
        const auto index,
        call_async<std::uint64_t>(
            [make = std::move(make)](Impl& me, const domain::Engine::StatementDone& done) {
                const auto statement = make(me);
                if (!statement) return done(statement.error());
                me.engine().submit_signed(*statement, done);
            },
            std::chrono::seconds(limits::request_timeout_s)));
    return decision(index);
}

/// The entry has been applied here: is it among what waits?
Result<Decision> Client::Impl::decision(std::uint64_t index) {
    return call([index](Impl& me) -> Result<Decision> {
        HUECRY_TRY_ASSIGN(const auto* state, me.directory());
        Decision out;
        out.index = index;
        for (const auto& [id, proposal] : state->proposals()) {
            if (proposal.index != index) continue;
            out.effective = false;
            out.proposal = id;
            out.support = static_cast<std::uint32_t>(proposal.support.size());
            out.needed = state->quorum();
            out.expires_ms = proposal.expires_ms;
        }
        return out;
    });
}

Error Client::Impl::explain(const directory::Body& body, const Error& refused) {
    if (!engine_->directory().known()) return refused;
    const auto& state = engine_->directory().state();
    if (refused.code == Errc::last_coordinator)
        return {refused.code,
                "invite another with 'huecry invite --role coordinator', or make a member one "
                "with 'huecry member role NAME coordinator'"};
    const auto statement = directory::make_statement(state, directory::Nonce(), body);
    const std::array signers{directory::Signer::device(self().device)};
    const auto verdict =
        directory::permitted(state, statement, signers, std::max(clock_.now_ms(), state.time_ms()));
    if (!verdict && verdict.error().code == refused.code && !verdict.error().detail.empty())
        return verdict.error();
    if (refused.code == Errc::statement_forbidden) {
        const auto as = directory::class_of(state, signers.front());
        return {refused.code, "'" + std::string(directory::name(statement.action())) +
                                  "' is not for " +
                                  (as ? "a device that is " + std::string(directory::name(*as))
                                      : std::string("this device"))};
    }
    return refused;
}

api::NameBook Client::Impl::names() {
    return {[this](const MemberId& id) { return projection_.member_name(id); },
            [this](const OrganisationId& id) { return projection_.organisation_name(id); },
            [this](const ChannelId& id) { return projection_.channel_name(id); }};
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
