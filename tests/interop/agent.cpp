#include <functional>
#include <iostream>
#include <sstream>

#include "unit/mls_support.hpp"

// huecry's side of the interoperability tests: members by name, driven by lines on standard input.
// A request is "<verb> <name> key=value…", values in hexadecimal or numbers; the answer is one
// line, "ok key=value…" or "error <text>".
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

using Fields = std::map<std::string, std::string>;

class BadRequest : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <class T>
T must(Result<T> r) {
    if (!r) throw BadRequest(r.error().text());
    return std::move(r).value();
}

Bytes bytes_of(const Fields& f, const char* name) {
    Bytes out;
    const auto it = f.find(name);
    if (it != f.end() && !from_hex(it->second, out)) throw BadRequest("not hexadecimal");
    return out;
}
std::uint32_t number_of(const Fields& f, const char* name) {
    const auto it = f.find(name);
    return it == f.end() ? 0 : static_cast<std::uint32_t>(std::stoul(it->second));
}
std::vector<std::string> list_of(const Fields& f, const char* name) {
    std::vector<std::string> out;
    const auto it = f.find(name);
    if (it == f.end()) return out;
    std::istringstream in(it->second);
    for (std::string part; std::getline(in, part, ',');)
        if (!part.empty()) out.push_back(part);
    return out;
}

struct Somebody {
    std::unique_ptr<Device> device;
    std::vector<NewKeyPackage> packages;
    std::optional<Group> group;
    MemoryStore store;

    // Every change goes through the store, as it would in the product.
    void keep() {
        group->flush(store);
        group = must(Group::load(device->env, store));
    }
};

class Agent {
public:
    std::string answer(const std::string& verb, const std::string& name, const Fields& f) {
        if (verb == "new") return make(name, f);
        const auto it = members_.find(name);
        if (it == members_.end()) throw BadRequest("no such member");
        auto& m = it->second;
        if (verb == "kp") return key_package(m);
        if (verb == "join") return join(m, f);
        if (verb == "create") return create(m, f);
        if (verb == "external") return external(m, f);
        if (!m.group) throw BadRequest("not in a group");
        if (verb == "commit") return commit(m, f);
        if (verb == "propose") return propose(m, f);
        if (verb == "protect") return protect(m, f);
        if (verb == "process") return process(m, f);
        if (verb == "info") return "group_info=" + to_hex(must(m.group->group_info(true, true)));
        if (verb == "state") return state(m);
        throw BadRequest("no such verb");
    }

private:
    std::string make(const std::string& name, const Fields& f) {
        auto identity = to_string(bytes_of(f, "identity"));
        Limits limits;
        limits.resumption_epochs = 2;
        members_[name].device = std::make_unique<Device>(
            chacha20_suite(), random_, identity.empty() ? name : identity, limits);
        return {};
    }
    // The peers' groups want clients that know both kinds of credential.
    static LeafOptions leaf(const Somebody& m) {
        return {.identity = to_bytes(view(m.device->name)),
                .extra_credentials = {credential_type::x509}};
    }
    std::string key_package(Somebody& m) {
        auto made = make_key_package(
            m.device->env, {.leaf = leaf(m), .lifetime = {now_ - 3600, now_ + 2'000'000}});
        m.packages.push_back(must(std::move(made)));
        return "key_package=" + to_hex(m.packages.back().message);
    }
    std::string create(Somebody& m, const Fields& f) {
        m.store = {};
        m.group = must(Group::create(m.device->env, {.group_id = bytes_of(f, "group"),
                                                     .leaf = leaf(m),
                                                     .lifetime = {now_ - 3600, now_ + 2'000'000}}));
        m.keep();
        return {};
    }
    std::string join(Somebody& m, const Fields& f) {
        const auto welcome = bytes_of(f, "welcome");
        const auto tree = bytes_of(f, "tree");
        for (const auto& package : m.packages) {
            auto opened = OpenedWelcome::open(m.device->env, welcome, package.message,
                                              package.secrets, psks());
            if (!opened && opened.error().code == Errc::not_found) continue;
            m.store = {};
            m.group = must(must(std::move(opened))
                               .join(tree.empty() ? std::nullopt : std::optional<BytesView>(tree)));
            m.keep();
            return {};
        }
        throw BadRequest("the Welcome is for another key package");
    }
    std::string external(Somebody& m, const Fields& f) {
        auto joined = must(Group::join_externally(
            m.device->env, {.group_info = bytes_of(f, "group_info"),
                            .leaf = leaf(m),
                            .framing = framing(f),
                            .replace_own_leaf = number_of(f, "resync") == 1}));
        m.store = {};
        m.group = std::move(joined.group);
        m.keep();
        return "commit=" + to_hex(joined.message);
    }
    static FramingOptions framing(const Fields& f) {
        FramingOptions out;
        if (number_of(f, "public") == 1) out.wire_format = WireFormat::public_message;
        out.authenticated_data = bytes_of(f, "aad");
        out.padding = number_of(f, "padding");
        return out;
    }
    std::string commit(Somebody& m, const Fields& f) {
        CommitOptions options;
        options.framing = framing(f);
        options.force_path = number_of(f, "path") == 1;
        options.psks = psks();
        for (const auto& hex : list_of(f, "add")) {
            AddMember add;
            if (!from_hex(hex, add.key_package)) throw BadRequest("not hexadecimal");
            options.proposals.push_back(std::move(add));
        }
        for (const auto& leaf : list_of(f, "remove"))
            options.proposals.push_back(
                RemoveMember{{static_cast<std::uint32_t>(std::stoul(leaf))}});
        for (const auto& hex : list_of(f, "psk")) {
            AddPsk psk;
            if (!from_hex(hex, psk.psk.id)) throw BadRequest("not hexadecimal");
            options.proposals.push_back(std::move(psk));
        }
        const auto made = must(m.group->commit(options));
        m.keep();
        (void)must_void(m.group->merge_pending());
        m.keep();
        auto out = "commit=" + to_hex(made.message);
        if (made.welcome) out += " welcome=" + to_hex(*made.welcome);
        return out + " tree=" + to_hex(m.group->ratchet_tree());
    }
    std::string propose(Somebody& m, const Fields& f) {
        ProposalRequest request = UpdateSelf{};
        const auto add = bytes_of(f, "add");
        if (!add.empty()) request = AddMember{add};
        if (f.contains("remove")) request = RemoveMember{{number_of(f, "remove")}};
        const auto message = must(m.group->propose(request, framing(f)));
        m.keep();
        return "proposal=" + to_hex(message);
    }
    std::string protect(Somebody& m, const Fields& f) {
        const auto made = must(
            m.group->protect(bytes_of(f, "text"), bytes_of(f, "aad"), number_of(f, "padding")));
        m.keep();
        return "message=" + to_hex(made.message);
    }
    std::string process(Somebody& m, const Fields& f) {
        const auto got = must(m.group->process(bytes_of(f, "message"), {}, psks()));
        if (got.verdict != Verdict::applied) throw BadRequest("not applied: " + got.detail);
        m.keep();
        return "text=" + to_hex(got.plaintext.view()) + " aad=" + to_hex(got.authenticated_data) +
               " removed=" + (got.removed_me ? "1" : "0") +
               " sender=" + to_hex(got.sender_identity);
    }
    std::string state(Somebody& m) {
        std::string members;
        for (const auto& x : m.group->members())
            members += (members.empty() ? "" : ",") + to_hex(x.identity) + ":" +
                       std::to_string(x.leaf.value);
        return "epoch=" + std::to_string(m.group->epoch()) +
               " authenticator=" + to_hex(m.group->epoch_authenticator()) + " exported=" +
               to_hex(m.group->export_secret("interop", view("context"), 32).view()) +
               " leaf=" + std::to_string(m.group->own_leaf().value) + " members=" + members;
    }
    static Result<void> must_void(Result<void> r) {
        if (!r) throw BadRequest(r.error().text());
        return r;
    }
    static PskLookup psks() {
        return [](const PskReference& p) -> std::optional<SecretBytes> {
            if (!p.external) return std::nullopt;
            return SecretBytes(p.id);
        };
    }

    crypto::SystemRandom random_;
    std::map<std::string, Somebody> members_;

public:
    std::uint64_t now_ = test_now;
};

}  // namespace

int main(int argc, char** argv) {
    Agent agent;
    if (argc > 1) agent.now_ = std::stoull(argv[1]);
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream in(line);
        std::string verb, name;
        in >> verb >> name;
        Fields fields;
        for (std::string part; in >> part;) {
            const auto at = part.find('=');
            if (at != std::string::npos) fields[part.substr(0, at)] = part.substr(at + 1);
        }
        try {
            const auto answer = agent.answer(verb, name, fields);
            std::cout << "ok " << answer << std::endl;
        } catch (const std::exception& e) {
            std::cout << "error " << e.what() << std::endl;
        }
    }
}
