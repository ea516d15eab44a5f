#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>

#include "unit/mls_support.hpp"

// Random operations among many members, against a model that is nothing but a list of names and a
// counter of epochs. After every one, all members agree on everything that can be compared. A run
// is repeated by HUECRY_MLS_SEED, lengthened by HUECRY_MLS_OPERATIONS.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

template <class T>
T must(Result<T> r, const char* what) {
    REQUIRE_MESSAGE(r.ok(), (std::string(what) + (r.ok() ? "" : ": " + r.error().text())));
    return std::move(r).value();
}

class World {
public:
    World(std::uint64_t seed, std::size_t capacity) : random_(seed), capacity_(capacity) {
        auto device = new_device();
        const auto id = device->name;
        auto group = device->create("random");
        members_.push_back({std::move(device), std::move(group), {}});
        model_.insert(id);
    }

    void step() {
        switch (random_.below(12)) {
            case 0:
            case 1:
            case 2:
                add();
                break;
            case 3:
                remove();
                break;
            case 4:
                commit({});
                break;
            case 5:
                update_by_reference();
                break;
            case 6:
                join_externally(false);
                break;
            case 7:
                join_externally(true);
                break;
            case 8:
                change_extensions();
                break;
            case 9:
                with_psk();
                break;
            case 10:
                void_commit();
                break;
            default:
                break;
        }
        talk();
        agree();
        if (random_.below(4) == 0) reload(random_.below(size()));
    }
    void fill() {
        while (size() < capacity_) add();
        agree();
    }
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(members_.size()); }

private:
    struct Somebody {
        std::unique_ptr<Device> device;
        Group group;
        MemoryStore store;
    };

    std::unique_ptr<Device> new_device() {
        Limits limits;
        limits.resumption_epochs = 3;
        return std::make_unique<Device>(chacha20_suite(), random_, "d" + std::to_string(counter_++),
                                        limits);
    }
    Somebody& anybody() { return members_[random_.below(size())]; }

    FramingOptions framing() {
        FramingOptions out;
        if (random_.below(3) == 0) out.wire_format = WireFormat::public_message;
        out.authenticated_data = random_.bytes(random_.below(40));
        out.padding = out.wire_format == WireFormat::private_message ? random_.below(300) : 0;
        return out;
    }

    // Everyone else takes what `from` has made; those who are removed go.
    void spread(const Group* from, BytesView message, std::set<std::string> leaving) {
        std::erase_if(members_, [&](Somebody& m) {
            if (&m.group == from) return false;
            const auto got = must(m.group.process(message, {}, psks()), "process");
            REQUIRE_MESSAGE(got.verdict == Verdict::applied, got.detail);
            REQUIRE(got.removed_me == leaving.contains(m.device->name));
            return got.removed_me;
        });
    }

    PskLookup psks() const {
        return [](const PskReference& p) -> std::optional<SecretBytes> {
            if (!p.external) return std::nullopt;
            return SecretBytes(p.id);
        };
    }

    NewCommit commit(CommitOptions options, std::set<std::string> leaving = {},
                     std::uint32_t by = ~0U) {
        const auto index = by == ~0U ? random_.below(size()) : by;
        auto& somebody = members_[index];
        options.framing = framing();
        options.psks = psks();
        options.force_path = options.force_path || random_.below(2) == 0;
        const auto made = must(somebody.group.commit(options), "commit");
        if (random_.below(3) == 0) reload(index);
        REQUIRE(somebody.group.merge_pending().ok());
        // The address changes when others leave: remembered by name.
        const auto name = somebody.device->name;
        std::vector<Somebody> rest;
        const Group* group = &somebody.group;
        spread(group, made.message, leaving);
        for (const auto& gone : leaving) model_.erase(gone);
        ++epoch_;
        return made;
    }

    void add() {
        if (size() >= capacity_) return;
        const auto count = 1 + random_.below(capacity_ > 20 ? 20 : 3);
        CommitOptions options;
        std::vector<std::unique_ptr<Device>> devices;
        std::vector<NewKeyPackage> packages;
        for (std::uint32_t i = 0; i < count && size() + i < capacity_; ++i) {
            devices.push_back(new_device());
            packages.push_back(devices.back()->key_package());
            options.proposals.push_back(AddMember{packages.back().message});
        }
        options.tree_in_welcome = random_.below(2) == 0;
        Bytes tree;
        options.welcome_extensions = [&](BytesView t) -> Result<std::vector<Extension>> {
            tree = to_bytes(t);
            return std::vector<Extension>{{extension_type::huecry_join, Bytes{1, 2, 3}}};
        };
        const auto made = commit(options);
        for (std::size_t i = 0; i < devices.size(); ++i) {
            const auto opened =
                must(OpenedWelcome::open(devices[i]->env, *made.welcome, packages[i].message,
                                         packages[i].secrets, psks()),
                     "welcome");
            REQUIRE(find(opened.group_info_extensions(), extension_type::huecry_join) != nullptr);
            REQUIRE(opened.has_tree() == options.tree_in_welcome);
            auto group = must(opened.has_tree() ? opened.join() : opened.join(tree), "join");
            model_.insert(devices[i]->name);
            members_.push_back({std::move(devices[i]), std::move(group), {}});
        }
    }

    void remove() {
        if (size() < 2) return;
        const auto by = random_.below(size());
        CommitOptions options;
        std::set<std::string> leaving;
        for (std::uint32_t n = 1 + random_.below(3); n > 0; --n) {
            const auto i = random_.below(size());
            if (i == by || !leaving.insert(members_[i].device->name).second) continue;
            options.proposals.push_back(RemoveMember{members_[i].group.own_leaf()});
        }
        commit(options, leaving, by);
    }

    void update_by_reference() {
        if (size() < 2) return;
        auto& from = anybody();
        const auto message = must(from.group.propose(UpdateSelf{}, framing()), "propose");
        spread(&from.group, message, {});
        auto by = random_.below(size());
        if (&members_[by] == &from) by = (by + 1) % size();
        commit({}, {}, by);
    }

    void join_externally(bool again) {
        if (!again && size() >= capacity_) return;
        auto& helper = anybody();
        const auto helper_name = helper.device->name;
        const auto info = must(helper.group.group_info(true, true), "group info");
        std::set<std::string> leaving;
        std::unique_ptr<Device> device;
        if (again) {
            if (size() < 2) return;
            auto& lost = members_[random_.below(size())];
            device = std::move(lost.device);
            std::erase_if(members_, [](const Somebody& m) { return !m.device; });
        } else {
            device = new_device();
        }
        auto joined =
            must(Group::join_externally(device->env, {.group_info = info,
                                                      .leaf = {to_bytes(view(device->name))},
                                                      .framing = framing(),
                                                      .replace_own_leaf = again}),
                 "external join");
        spread(nullptr, joined.message, {});
        model_.insert(device->name);
        members_.push_back({std::move(device), std::move(joined.group), {}});
        ++epoch_;
    }

    void change_extensions() {
        std::vector<Extension> extensions;
        if (random_.below(2) == 0) {
            RequiredCapabilities required;
            required.credentials = {credential_type::basic};
            required.extensions = {extension_type::huecry_join};
            extensions.push_back({extension_type::required_capabilities, required.encode()});
        }
        commit({.proposals = {SetExtensions{extensions}}});
    }

    void with_psk() {
        CommitOptions options;
        options.proposals.push_back(AddPsk{{.id = random_.bytes(8)}});
        const auto& any = members_.front().group;
        options.proposals.push_back(AddPsk{{.external = false,
                                            .id = {},
                                            .group_id = to_bytes(any.group_id()),
                                            .epoch = any.epoch()}});
        commit(options);
    }

    void void_commit() {
        auto& by = anybody();
        const auto made = must(by.group.commit({.framing = framing()}), "commit");
        for (auto& m : members_) {
            if (&m == &by) continue;
            const auto got =
                must(m.group.process(made.message,
                                     [](const IncomingCommit&) { return Judgement::make_void; }),
                     "void");
            REQUIRE(got.verdict == Verdict::void_commit);
        }
        by.group.clear_pending();
    }

    // A few messages, delivered in a random order to everyone.
    void talk() {
        std::vector<std::pair<std::string, Bytes>> sent;
        for (auto n = random_.below(4); n > 0; --n) {
            auto& from = anybody();
            const auto text = random_.bytes(random_.below(200));
            sent.emplace_back(
                from.device->name,
                must(from.group.protect(text, random_.bytes(5), random_.below(64)), "protect")
                    .message);
        }
        for (auto& m : members_) {
            for (std::size_t i = sent.size(); i > 1; --i)
                std::swap(sent[i - 1], sent[random_.below(static_cast<std::uint32_t>(i))]);
            for (const auto& [name, message] : sent) {
                if (name == m.device->name) continue;
                const auto got = must(m.group.process(message, {}), "message");
                REQUIRE(got.sender_identity == to_bytes(view(name)));
                REQUIRE_FALSE(m.group.process(message, {}).ok());
            }
        }
    }

    void reload(std::uint32_t i) {
        auto& m = members_[i];
        m.group.flush(m.store);
        m.group = must(Group::load(m.device->env, m.store), "load");
    }

    void agree() {
        const auto& first = members_.front().group;
        const auto authenticator = first.epoch_authenticator();
        const auto secret = first.export_secret("test", view("context"), 32);
        REQUIRE(first.epoch() == epoch_);
        std::set<std::string> names;
        for (const auto& m : first.members()) names.insert(to_string(m.identity));
        REQUIRE(names == model_);
        for (auto& m : members_) {
            REQUIRE(m.group.epoch_authenticator() == authenticator);
            REQUIRE(m.group.export_secret("test", view("context"), 32) == secret);
            REQUIRE(m.group.size() == model_.size());
            REQUIRE(m.group.member(m.group.own_leaf())->identity == to_bytes(view(m.device->name)));
        }
    }

    SeededRandom random_;
    std::size_t capacity_;
    std::size_t counter_ = 0;
    std::uint64_t epoch_ = 0;
    std::vector<Somebody> members_;
    std::set<std::string> model_;
};

std::uint64_t seed() {
    // The default run repeats one walk, so that a failure means a change.
    const auto out = setting("HUECRY_MLS_SEED", 1);
    std::cout << "HUECRY_MLS_SEED=" << out << "\n";
    return out;
}

}  // namespace

TEST_CASE("random operations with up to 20 members") {
    World world(seed(), 20);
    const auto count = setting("HUECRY_MLS_OPERATIONS", 2000);
    for (std::uint64_t i = 0; i < count; ++i) world.step();
}

TEST_CASE("random operations with 200 members") {
    World world(seed(), 200);
    world.fill();
    const auto count = setting("HUECRY_MLS_OPERATIONS", 2000) / 20;
    for (std::uint64_t i = 0; i < count; ++i) world.step();
}
