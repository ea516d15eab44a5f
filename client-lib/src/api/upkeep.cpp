#include "api/impl.hpp"

// The client's own examination.
namespace huecry {
namespace {

void add(std::vector<Finding>& out, bool ok, std::string what, std::string detail) {
    out.push_back({ok, std::move(what), std::move(detail)});
}

void examine_clock(Client::Impl& me, std::vector<Finding>& out) {
    if (me.clock().hidden())
        add(out, false, "clock", std::string(sentence(Errc::clock_wrong)));
    else
        add(out, true, "clock", "The clock agrees with what this device has seen.");
}

void examine_relay(Client::Impl& me, std::vector<Finding>& out) {
    auto& engine = me.engine();
    if (engine.online())
        add(out, true, "relay", "Connected; the relay has proved its key.");
    else
        add(out, false, "relay",
            engine.trouble() ? engine.trouble()->text() : "Not connected yet.");
}

void examine_channels(Client::Impl& me, std::vector<Finding>& out) {
    auto& engine = me.engine();
    if (!engine.directory().known()) return;
    const auto& state = engine.directory().state();
    std::size_t readable = 0, joined = 0;
    for (const auto& id : state.channels_of(me.self().device)) {
        ++readable;
        if (const auto* channel = engine.channel(id); channel && channel->joined()) ++joined;
    }
    add(out, readable == joined, "channels",
        std::to_string(joined) + " of " + std::to_string(readable) + " readable channels joined" +
            (readable == joined ? "."
                                : "; the others follow when one of their members is online."));
    const auto* member = state.member_of(me.self().device);
    if (state.agreement() && member != nullptr)
        add(out, member->accepted_version == state.agreement()->version, "agreement",
            member->accepted_version == state.agreement()->version
                ? "The current agreement is accepted."
                : std::string(sentence(Errc::agreement_missing)));
}

}  // namespace

Result<std::vector<Finding>> Client::doctor() {
    return impl_->call([](Impl& me) -> Result<std::vector<Finding>> {
        std::vector<Finding> out;
        const auto intact = me.db().check_integrity();
        add(out, intact.ok(), "store",
            intact ? "The store is whole and encrypted." : intact.error().text());
        if (me.engine().erasure_overdue())
            add(out, false, "erasure",
                "Something expired is not yet wiped from the store's log; it is tried again.");
        examine_clock(me, out);
        examine_relay(me, out);
        examine_channels(me, out);
        HUECRY_TRY_ASSIGN(const auto evidence, me.engine().store().evidence());
        const auto proven = std::ranges::any_of(evidence, [](const auto& e) { return e.proven; });
        add(out, evidence.empty(), "honesty",
            proven             ? "The relay has contradicted itself: huecry evidence list."
            : evidence.empty() ? "All that the relay signed fits together."
                               : "A member and the relay disagree: huecry evidence list.");
        HUECRY_TRY_ASSIGN(const auto root, me.engine().store().setting("root_seed"));
        HUECRY_TRY_ASSIGN(const auto saved, me.engine().store().setting("root_backed_up"));
        if (root)
            add(out, saved.has_value(), "root key",
                saved ? "The root key has been backed up."
                      : "The root key has not been backed up: huecry authority backup FILE.");
        return out;
    });
}

}  // namespace huecry
