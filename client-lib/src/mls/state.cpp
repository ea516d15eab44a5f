#include "mls/state.hpp"

namespace huecry::mls {

Member State::member(LeafIndex leaf) const {
    Reader r(tree.encoded(node_of(leaf)));
    Member out;
    out.leaf = leaf;
    out.encryption_key = to_bytes(r.opaque());
    out.signature_key = to_bytes(r.opaque());
    const auto credential = Credential::read(r);
    out.identity = credential.identity;
    out.credential = credential.type;
    return out;
}

Transition begin_transition(const State& from) {
    Transition out{from.tree, from.context, from.keys.clone(), from.own};
    ++out.context.epoch;
    return out;
}

void enter_epoch(const CipherSuite& suite, State& state, BytesView epoch_secret) {
    state.secrets = EpochSecrets::derive(suite, epoch_secret);
    state.secret_tree = SecretTree(suite, state.tree.width(), std::move(state.secrets.encryption));
    state.confirmation_tag =
        suite.mac(state.secrets.confirmation.view(), state.context.confirmed_transcript_hash);
    state.secrets.confirmation.clear();
    state.interim_transcript_hash = interim_transcript_hash(
        suite, state.context.confirmed_transcript_hash, state.confirmation_tag);
}

NextEpoch finish_transition(const CipherSuite& suite, Transition transition,
                            BytesView interim_before, BytesView confirmed_input,
                            BytesView init_secret, BytesView commit_secret, BytesView psk_secret) {
    auto state = std::make_unique<State>();
    state->context = std::move(transition.context);
    state->tree = std::move(transition.tree);
    state->keys = std::move(transition.keys);
    state->own = transition.own;
    state->context.confirmed_transcript_hash =
        confirmed_transcript_hash(suite, interim_before, confirmed_input);
    state->encoded_context = state->context.encode();
    auto joiner = joiner_secret(suite, init_secret, commit_secret, state->encoded_context);
    const auto epoch = epoch_secret(suite, joiner.view(), psk_secret, state->encoded_context);
    enter_epoch(suite, *state, epoch.view());
    return {std::move(state), std::move(joiner)};
}

std::optional<SecretBytes> ask(const PskLookup& lookup, const PreSharedKeyId& id) {
    if (!lookup) return std::nullopt;
    PskReference reference;
    reference.external = id.type == PskType::external;
    reference.id = id.id;
    reference.usage = static_cast<PskReference::Usage>(id.usage);
    reference.group_id = id.group_id;
    reference.epoch = id.epoch;
    return lookup(reference);
}

GroupInfo describe_epoch(const State& state) {
    GroupInfo out;
    out.context = state.context;
    out.confirmation_tag = state.confirmation_tag;
    out.signer = state.own;
    return out;
}

// ---- Group::Impl

Result<void> Group::Impl::may_send() const {
    if (!active) return Errc::mls_not_member;
    // Section 12.4.2: after a ReInit the group MUST NOT be used to send.
    if (current->reinit) return Error{Errc::mls_invalid, "the group has been reinitialised"};
    return {};
}

void Group::Impl::advance(std::unique_ptr<State> next) {
    resumption.emplace_back(current->context.epoch, std::move(current->secrets.resumption));
    while (resumption.size() > env.limits.resumption_epochs) resumption.pop_front();
    current = std::move(next);
    pending.reset();
    proposals.clear();
    update_keys.clear();
    dirty = true;
}

void Group::Impl::keep(std::unique_ptr<State> next) {
    next->slot = next_slot++;
    next->stored_blocks = current->stored_blocks;
    pending = std::move(next);
    dirty = true;
}

Result<AuthenticatedContent> Group::Impl::author(
    const State& state, std::variant<SecretBytes, Proposal, Commit> content,
    const FramingOptions& framing) const {
    AuthenticatedContent out;
    out.wire_format = framing.wire_format;
    if (out.wire_format != WireFormat::private_message &&
        (out.wire_format != WireFormat::public_message || content.index() == 0))
        return Error{Errc::invalid_argument, "wire format"};
    out.content.group_id = state.context.group_id;
    out.content.epoch = state.context.epoch;
    out.content.sender = {SenderType::member, state.own.value};
    out.content.authenticated_data = framing.authenticated_data;
    out.content.content = std::move(content);
    out.sign(suite(), *env.signer, state.encoded_context);
    return out;
}

Result<Group::Impl::Framed> Group::Impl::frame(State& state, const AuthenticatedContent& content,
                                               std::size_t padding) {
    if (content.wire_format == WireFormat::public_message)
        return Framed{PublicMessage::protect(suite(), content, state.secrets.membership.view(),
                                             state.encoded_context),
                      0};
    const auto type = content.content.type() == ContentType::application ? RatchetType::application
                                                                         : RatchetType::handshake;
    HUECRY_TRY_ASSIGN(const auto key, state.secret_tree.next(suite(), state.own, type));
    SenderData sender{state.own, key.generation, {}};
    env.random->fill(sender.reuse_guard);
    return Framed{seal_message(suite(), content, sender, key.key.key.view(), key.key.nonce.view(),
                               state.secrets.sender_data.view(), padding),
                  key.generation};
}

std::optional<SecretBytes> Group::Impl::find_psk(const PreSharedKeyId& id,
                                                 const PskLookup& lookup) const {
    if (id.type == PskType::resumption && id.group_id == current->context.group_id) {
        if (id.epoch == current->context.epoch) return current->secrets.resumption.clone();
        for (const auto& [epoch, secret] : resumption)
            if (epoch == id.epoch) return secret.clone();
    }
    return ask(lookup, id);
}

Result<SecretBytes> Group::Impl::combine_psks(const std::vector<PreSharedKeyId>& ids,
                                              const PskLookup& lookup) const {
    std::vector<PreSharedKey> psks;
    for (const auto& id : ids) {
        auto secret = find_psk(id, lookup);
        if (!secret) return Error{Errc::mls_path_failed, "a pre-shared key is missing"};
        psks.push_back({id, std::move(*secret)});
    }
    return psk_secret(suite(), psks);
}

}  // namespace huecry::mls
