#include <algorithm>
#include <cstdlib>
#include <memory>

#include "unit/mls_support.hpp"

// A group's session drawn from the input: operations among several members, with hostile bytes put
// between the honest messages. What is not authentic never changes a member; honest members always
// agree.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

void require(bool good) {
    if (!good) std::abort();
}
template <class T>
T must(Result<T> r) {
    require(r.ok());
    return std::move(r).value();
}

class Input {
public:
    explicit Input(BytesView bytes) : rest_(bytes) {}
    std::uint8_t next() {
        if (rest_.empty()) return 0;
        const auto b = rest_[0];
        rest_ = rest_.subspan(1);
        return b;
    }
    BytesView take(std::size_t n) {
        const auto out = rest_.first(std::min(n, rest_.size()));
        rest_ = rest_.subspan(out.size());
        return out;
    }
    [[nodiscard]] bool empty() const { return rest_.empty(); }

private:
    BytesView rest_;
};

struct Somebody {
    std::unique_ptr<Device> device;
    Group group;
    MemoryStore store;
};

class Session {
public:
    explicit Session(Input& input) : input_(input), random_(1) {
        auto device = std::make_unique<Device>(chacha20_suite(), random_, "m0");
        auto group = device->create("fuzz");
        members_.push_back({std::move(device), std::move(group), {}});
        add();
    }

    void step() {
        switch (input_.next() % 8) {
            case 0:
                return add();
            case 1:
                return remove();
            case 2:
                commit({});
                return;
            case 3:
                return talk();
            case 4:
                return reload();
            case 5:
                return hostile_change();
            case 6:
                return hostile_bytes();
            default:
                return judged_void();
        }
    }

private:
    std::size_t pick() { return input_.next() % members_.size(); }

    void spread(std::size_t from, BytesView message, std::optional<LeafIndex> removed) {
        last_ = to_bytes(message);
        for (std::size_t i = 0; i < members_.size(); ++i) {
            if (i == from) continue;
            auto& group = members_[i].group;
            const bool leaves = removed && group.own_leaf() == *removed;
            const auto got = must(group.process(message, {}));
            require(got.verdict == Verdict::applied && got.removed_me == leaves);
        }
        std::erase_if(members_, [](const Somebody& m) { return !m.group.active(); });
        for (const auto& m : members_)
            require(m.group.epoch_authenticator() == members_[0].group.epoch_authenticator());
    }

    NewCommit commit(CommitOptions options, std::optional<LeafIndex> removed = {},
                     std::size_t from = ~std::size_t{0}) {
        if (from == ~std::size_t{0}) from = pick();
        if (input_.next() % 2 == 0) options.framing.wire_format = WireFormat::public_message;
        options.framing.padding = input_.next();
        auto made = must(members_[from].group.commit(options));
        require(members_[from].group.merge_pending().ok());
        spread(from, made.message, removed);
        return made;
    }

    void add() {
        if (members_.size() >= 5) return;
        auto device =
            std::make_unique<Device>(chacha20_suite(), random_, "m" + std::to_string(++counter_));
        const auto package = device->key_package();
        const auto made = commit({.proposals = {AddMember{package.message}}});
        auto group = must(
            must(OpenedWelcome::open(device->env, *made.welcome, package.message, package.secrets))
                .join());
        members_.push_back({std::move(device), std::move(group), {}});
    }
    void remove() {
        if (members_.size() < 3) return;
        const auto from = pick();
        const auto leaf = members_[(from + 1) % members_.size()].group.own_leaf();
        commit({.proposals = {RemoveMember{leaf}}}, leaf, from);
    }
    void talk() {
        const auto from = pick();
        const auto text = input_.take(input_.next());
        const auto message = must(members_[from].group.protect(text, {})).message;
        spread(from, message, std::nullopt);
    }
    void reload() {
        auto& m = members_[pick()];
        m.group.flush(m.store);
        m.group = must(Group::load(m.device->env, m.store));
    }
    // Another member's honest message with some bytes changed: refused, or void, never applied, and
    // without a trace unless it was authentic.
    void hostile_change() {
        const auto from = pick();
        auto message = must(members_[from].group.commit({})).message;
        const auto honest = message;
        members_[from].group.clear_pending();
        for (auto n = 1 + input_.next() % 4; n > 0; --n)
            message[(input_.next() * 256U + input_.next()) % message.size()] ^=
                static_cast<std::uint8_t>(input_.next() | 1);
        if (message != honest) refused((from + 1) % members_.size(), message);
    }
    void hostile_bytes() {
        auto message = last_;
        const auto at =
            message.empty() ? 0 : (input_.next() * 256U + input_.next()) % message.size();
        message.resize(at);
        const auto tail = input_.take(input_.next());
        message.insert(message.end(), tail.begin(), tail.end());
        refused(pick(), message);
    }
    void refused(std::size_t to, BytesView message) {
        auto& m = members_[to];
        m.group.flush(m.store);
        const auto before = m.store.rows;
        const auto got = m.group.process(message, {});
        if (got)
            require(got->content_type == ContentType::application ||
                    got->verdict != Verdict::applied);
        m.group.flush(m.store);
        if (!got) require(m.store.rows == before);
    }
    void judged_void() {
        const auto from = pick();
        const auto message = must(members_[from].group.commit({})).message;
        members_[from].group.clear_pending();
        for (std::size_t i = 0; i < members_.size(); ++i) {
            if (i == from) continue;
            const auto got = must(members_[i].group.process(
                message, [](const IncomingCommit&) { return Judgement::make_void; }));
            require(got.verdict == Verdict::void_commit);
        }
    }

    Input& input_;
    SeededRandom random_;
    std::vector<Somebody> members_;
    std::size_t counter_ = 0;
    Bytes last_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input input(BytesView(data, std::min<std::size_t>(size, 400)));
    Session session(input);
    for (int n = 0; n < 30 && !input.empty(); ++n) session.step();
    return 0;
}
