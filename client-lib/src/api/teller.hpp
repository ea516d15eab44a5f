#pragma once

#include <functional>

#include "huecry/affairs.hpp"
#include "huecry/directory/state.hpp"

// Statements of the directory as sentences.
namespace huecry::api {

/// Where names come from; empty for one that is not known.
struct NameBook {
    std::function<std::string(const MemberId&)> member;
    std::function<std::string(const OrganisationId&)> organisation;
    std::function<std::string(const ChannelId&)> channel;
};

class Teller {
public:
    /// `before`: the state that the statement met. Both live as long as this.
    Teller(const directory::State& before, const NameBook& names) : state_(before), names_(names) {}

    /// What it says, e.g. "Ben is suspended".
    [[nodiscard]] std::string sentence(const directory::Statement& statement) const;
    /// Who signed it, and what gave them the right; for a first statement `state` is its own.
    void signers(const directory::SignedStatement& outer, const directory::Statement& statement,
                 HistoryEntry& out) const;

    [[nodiscard]] std::string member(const MemberId& id) const;
    [[nodiscard]] std::string device(const DeviceId& id) const;
    [[nodiscard]] std::string organisation(const OrganisationId& id) const;
    [[nodiscard]] std::string channel(const ChannelId& id) const;

private:
    struct Sentence;
    const directory::State& state_;
    const NameBook& names_;
};

}  // namespace huecry::api
