#pragma once

#include <doctest/doctest.h>

#include <memory>

#include "unit/mls_support.hpp"

// A few members of one group who all see everything that is said.
namespace huecry::test {

template <class T>
T must(Result<T> r) {
    REQUIRE_MESSAGE(r.ok(), (r.ok() ? std::string() : r.error().text()));
    return std::move(r).value();
}
inline void must(const Result<void>& r) {
    REQUIRE_MESSAGE(r.ok(), (r.ok() ? std::string() : r.error().text()));
}

struct Town {
    explicit Town(std::size_t n, mls::Limits limits = {},
                  std::vector<mls::Extension> extensions = {})
        : random(41) {
        for (std::size_t i = 0; i < n; ++i)
            devices.push_back(std::make_unique<Device>(mls::chacha20_suite(), random,
                                                       "member " + std::to_string(i), limits));
        groups.push_back(devices[0]->create("town", std::move(extensions)));
        mls::CommitOptions options;
        std::vector<mls::NewKeyPackage> packages;
        for (std::size_t i = 1; i < n; ++i) {
            packages.push_back(devices[i]->key_package());
            options.proposals.push_back(mls::AddMember{packages.back().message});
        }
        const auto made = must(groups[0].commit(options));
        must(groups[0].merge_pending());
        for (std::size_t i = 1; i < n; ++i)
            groups.push_back(must(
                must(mls::OpenedWelcome::open(devices[i]->env, *made.welcome,
                                              packages[i - 1].message, packages[i - 1].secrets))
                    .join()));
    }

    /// Member `i` commits; everyone else processes it with these keys.
    mls::NewCommit commit(std::size_t i, mls::CommitOptions options = {}) {
        auto made = must(groups[i].commit(options));
        must(groups[i].merge_pending());
        for (std::size_t k = 0; k < groups.size(); ++k) {
            if (k == i) continue;
            const auto seen = must(groups[k].process(made.message, {}, options.psks));
            REQUIRE_MESSAGE(seen.verdict == mls::Verdict::applied, seen.detail);
        }
        return made;
    }
    /// Member `i` proposes; everyone else keeps it.
    void propose(std::size_t i, const mls::ProposalRequest& request) {
        const auto message = must(groups[i].propose(request, {}));
        for (std::size_t k = 0; k < groups.size(); ++k)
            if (k != i)
                REQUIRE(must(groups[k].process(message, {})).verdict == mls::Verdict::applied);
    }
    /// All are in one epoch, and what one says the others read.
    void check_together() {
        for (auto& g : groups) {
            CHECK(g.epoch() == groups[0].epoch());
            CHECK(g.epoch_authenticator() == groups[0].epoch_authenticator());
            CHECK(g.tree_hash() == groups[0].tree_hash());
        }
        const auto said = must(groups.back().protect(view("all well"), {}));
        for (std::size_t k = 0; k + 1 < groups.size(); ++k)
            CHECK(to_bytes(must(groups[k].process(said.message, {})).plaintext.view()) ==
                  to_bytes(view("all well")));
    }

    SeededRandom random;
    std::vector<std::unique_ptr<Device>> devices;
    std::vector<mls::Group> groups;
};

}  // namespace huecry::test
