#include <doctest/doctest.h>

#include <set>

#include "conformance/mls/vectors.hpp"
#include "unit/mls_support.hpp"

// A passive client: joins by Welcome, then follows proposals, commits and messages of others. The
// group is saved and loaded after every epoch, so that each also proves the storage.
using namespace huecry;
using namespace huecry::test;
using namespace huecry::mls;

namespace {

void require(bool good, const std::string& what) {
    if (!good) throw std::runtime_error(what);
}
template <class T>
T must(Result<T> result, const std::string& what) {
    if (!result) throw std::runtime_error(what + ": " + result.error().text());
    return std::move(result).value();
}

PskLookup external_psks(const json::value& v) {
    std::map<Bytes, Bytes> known;
    for (const auto& p : array(v, "external_psks")) known[hex(p, "psk_id")] = hex(p, "psk");
    return [known](const PskReference& wanted) -> std::optional<SecretBytes> {
        const auto it = known.find(wanted.id);
        if (!wanted.external || it == known.end()) return std::nullopt;
        return SecretBytes(it->second);
    };
}

class Passive {
public:
    Passive(const CipherSuite& suite, const json::value& v) : random_(42), psks_(external_psks(v)) {
        auto signer = crypto::SigningKey::from_seed(hex(v, "signature_priv"));
        require(signer.has_value(), "signature_priv");
        signer_ = std::move(*signer);
        env_ = {&suite, &random_, &signer_, {}};
        env_.limits.resumption_epochs = 1000;
        const auto package = hex(v, "key_package");
        const auto info = must(inspect_key_package(suite, package, std::nullopt), "key_package");
        require(info.signature_key == to_bytes(signer_.public_key()), "signature key");
        KeyPackageSecrets secrets{SecretBytes(hex(v, "init_priv")),
                                  SecretBytes(hex(v, "encryption_priv"))};
        secrets = must(KeyPackageSecrets::load(secrets.save().view()), "saved secrets");
        const auto opened =
            must(OpenedWelcome::open(env_, hex(v, "welcome"), package, secrets, psks_), "welcome");
        const auto tree = optional_hex(v, "ratchet_tree");
        group_ = std::make_unique<Group>(
            must(opened.join(tree ? std::optional<BytesView>(*tree) : std::nullopt), "join"));
        check(hex(v, "initial_epoch_authenticator"));
    }

    void follow(const json::value& epoch) {
        for (const auto& p : array(epoch, "proposals")) {
            const auto got = must(group_->process(hex(p), {}, psks_), "proposal");
            require(got.verdict == Verdict::applied, "proposal: " + got.detail);
        }
        const auto commit = hex(epoch, "commit");
        const auto got = must(group_->process(commit, {}, psks_), "commit");
        require(got.verdict == Verdict::applied, "commit: " + got.detail);
        check(hex(epoch, "epoch_authenticator"));
        const auto* messages = epoch.as_object().if_contains("application_messages");
        if (messages == nullptr || messages->is_null()) return;
        for (const auto& m : messages->as_array()) {
            auto read = must(group_->process(hex(m, "message"), {}), "application message");
            require(to_bytes(read.plaintext.view()) == hex(m, "plaintext"), "plaintext");
            require(read.authenticated_data == hex(m, "authenticated_data"), "authenticated data");
        }
        reload();
        for (const auto& m : messages->as_array())
            require(!group_->process(hex(m, "message"), {}), "a message is accepted twice");
    }

private:
    void check(const Bytes& authenticator) {
        require(group_->epoch_authenticator() == authenticator, "epoch_authenticator");
        reload();
        require(group_->epoch_authenticator() == authenticator, "authenticator after loading");
    }
    void reload() {
        group_->flush(store_);
        group_ = std::make_unique<Group>(must(Group::load(env_, store_), "load"));
    }

    SeededRandom random_;
    crypto::SigningKey signer_;
    Environment env_{};
    PskLookup psks_;
    MemoryStore store_;
    std::unique_ptr<Group> group_;
};

std::string passive_case(const json::value& v) {
    const auto* suite = suite_of(v);
    if (suite == nullptr) return "cipher suite is not 1 or 3";
    Passive client(*suite, v);
    std::size_t n = 0;
    for (const auto& epoch : array(v, "epochs")) {
        try {
            client.follow(epoch);
        } catch (const std::exception& e) {
            throw std::runtime_error("epoch " + std::to_string(n) + ": " + e.what());
        }
        ++n;
    }
    return {};
}

}  // namespace

TEST_CASE("passive-client") {
    run_files(
        [](const std::string& folder, const std::string& file) {
            return folder != "interop-passive" && file.starts_with("passive-client");
        },
        passive_case);
}

TEST_CASE("interop-passive") {
    run_files(
        [](const std::string& folder, const std::string&) { return folder == "interop-passive"; },
        passive_case);
}

TEST_CASE("every-file") {
    const std::set<std::string> kinds{"tree-math",       "deserialization",   "crypto-basics",
                                      "secret-tree",     "key-schedule",      "message-protection",
                                      "psk_secret",      "transcript-hashes", "welcome",
                                      "tree-operations", "tree-validation",   "treekem",
                                      "messages"};
    for (const auto& file : vector_files()) {
        const auto name = file.substr(file.find('/') + 1);
        const bool known = file.starts_with("interop-passive/") || kinds.contains(name) ||
                           name.starts_with("passive-client");
        CHECK_MESSAGE(known, "no test reads " << file);
    }
}
