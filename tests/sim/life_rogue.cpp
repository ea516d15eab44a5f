#include "sim/life.hpp"

// A member's device that makes commits as no honest one does: authentic, and void for everybody.
namespace huecry::sim {

/// Fills in what is wrong with it.
bool Life::add_wrong(mls::Group& group, Node& node, mls::CommitOptions& options) {
    switch (chance_.below(2)) {
        case 0: {  // removes somebody who may read
            std::vector<mls::LeafIndex> others;
            for (const auto& member : group.members())
                if (member.leaf != group.own_leaf()) others.push_back(member.leaf);
            if (others.empty()) return false;
            const auto whom = others[chance_.below(others.size())];
            options.proposals.push_back(mls::RemoveMember{whom});
            note("n" + std::to_string(node.number()) + " removes a member wrongly");
            return true;
        }
        default:  // a proposal that is not allowed
            options.proposals.push_back(mls::SetExtensions{{}});
            note("n" + std::to_string(node.number()) + " changes a group's extensions");
            return true;
    }
}

void Life::commit_wrongly() {
    auto* node = anyone_running();
    // The founder stays honest: somebody must let the others in.
    if (node == nullptr || node == &world_.founder() || !node->engine().online()) return;
    const auto& id = world_.all_members();
    const auto* channel = node->engine().channel(id);
    if (channel == nullptr || !channel->joined() || !channel->ready_to_submit()) return;
    auto group = node->group(id);
    const auto message = chance_.id<MessageId>();
    const auto data = node->authenticated_data(id, message);
    if (!group || !data || group->has_pending()) return;
    mls::CommitOptions options;
    options.by_reference = false;
    options.force_path = true;
    options.framing.authenticated_data = data->encode();
    if (!add_wrong(*group, *node, options)) return;
    const auto commit = group->commit(options);
    if (!commit) return;
    // Its own engine will find a commit that it does not know: from now on it is nobody's witness.
    world_.witness().distrust(*node);
    v1::Frame frame;
    auto& submit = *frame.mutable_submit();
    submit.mutable_stream()->set_kind(static_cast<std::uint32_t>(StreamKind::channel));
    submit.mutable_stream()->set_id(to_string(id.view()));
    submit.mutable_stream()->set_incarnation(channel->row().incarnation);
    submit.set_handshake_seq(channel->row().handshake_seq);
    submit.set_directory_index(node->engine().directory().index());
    auto& item = *submit.add_items();
    item.set_message_id(to_string(message.view()));
    item.set_kind(static_cast<std::uint32_t>(EntryKind::handshake));
    item.set_body(to_string(commit->message));
    node->send_raw(std::move(frame));
}

}  // namespace huecry::sim
