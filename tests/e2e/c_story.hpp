#pragma once

#include <doctest/doctest.h>
#include <huecry/huecry.h>

#include <memory>
#include <string>

#include "e2e/relay_process.hpp"
#include "support/temporary_directory.hpp"

// What the tests of the C interface share: handles that free themselves, a shop and a guard.
namespace huecry::test {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* handle) const {
        Free(handle);
    }
};
template <class T, auto Free>
using Handle = std::unique_ptr<T, Freed<Free>>;
using Client = Handle<huecry_client, huecry_client_free>;
using Options = Handle<huecry_options, huecry_options_free>;

inline Options options(const std::filesystem::path& folder, const std::string& passphrase = {}) {
    Options out(huecry_options_new(folder.string().c_str()));
    REQUIRE(out);
    static const std::string key = "0123456789abcdef0123456789abcdef";  // costs no stretching
    const auto* bytes = reinterpret_cast<const uint8_t*>(key.data());
    if (passphrase.empty())
        REQUIRE(huecry_options_set_key(out.get(), bytes) == 0);
    else
        REQUIRE(huecry_options_set_passphrase(out.get(), passphrase.data(), passphrase.size()) ==
                0);
    return out;
}

inline std::string taken(char* text) {
    const std::string out = text ? text : "";
    huecry_free(text);
    return out;
}

/// Waits for an event of this kind.
inline Handle<huecry_event, huecry_event_free> wait_for(const Client& client,
                                                        const std::string& kind) {
    uint64_t after = 0;
    for (;;) {
        huecry_event* event = nullptr;
        const int error = huecry_next_event(client.get(), after, 20'000, &event);
        INFO(huecry_error_sentence(error), huecry_error_detail());
        REQUIRE(error == 0);
        INFO("waiting for " << kind);
        REQUIRE(event != nullptr);
        if (huecry_event_kind(event) == kind) return Handle<huecry_event, huecry_event_free>(event);
        after = huecry_event_number(event);
        huecry_event_free(event);
    }
}

/// Until it is so; looked at again after every event, or after a moment without one.
template <class Predicate>
bool until(const Client& client, Predicate so) {
    uint64_t after = 0;
    for (int quiet = 0; quiet < 200;) {
        if (so()) return true;
        huecry_event* event = nullptr;
        if (huecry_next_event(client.get(), after, 100, &event) != 0) return false;
        if (event == nullptr) {
            ++quiet;
            continue;
        }
        after = huecry_event_number(event);
        huecry_event_free(event);
    }
    return so();
}

inline int accept_all(void*, const char*, const char*, uint32_t) { return 1; }

struct Story {
    TemporaryDirectory folder;
    RelayProcess relay{folder.path() / "relay"};
    Client shop, guard;

    Story() {
        huecry_client* client = nullptr;
        const int made = huecry_create_partnership(options(folder.path() / "shop").get(),
                                                   relay.address().c_str(), "Old Town",
                                                   "Corner Shop", nullptr, nullptr, &client);
        INFO(huecry_error_sentence(made), huecry_error_detail());
        REQUIRE(made == 0);
        shop.reset(client);
        Handle<huecry_invite_request, huecry_invite_request_free> request(
            huecry_invite_request_new("security", "Night Guard"));
        REQUIRE(huecry_invite_request_set_in_person(request.get(), 1) == 0);
        huecry_invite* invite = nullptr;
        REQUIRE(huecry_invite_member(shop.get(), request.get(), &invite) == 0);
        client = nullptr;
        const int joined = huecry_join(options(folder.path() / "guard").get(),
                                       huecry_invite_link(invite), accept_all, nullptr, &client);
        huecry_invite_free(invite);
        INFO(huecry_error_sentence(joined), huecry_error_detail());
        REQUIRE(joined == 0);
        guard.reset(client);
        const auto event = wait_for(guard, "channel-joined");
        channel = huecry_event_channel(event.get());
    }
    std::string channel;
};

}  // namespace huecry::test
