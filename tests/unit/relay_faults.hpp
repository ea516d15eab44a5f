#pragma once

#include "relay_town.hpp"

// Each check of a frame alone: the frame is good but for one thing, and that one has its number.
namespace huecry::relay::test {

struct Fault {
    const char* what;
    Errc code;
    std::function<void(v1::Frame&)> make;
};

/// Every fault is refused by its number; afterwards the frame itself is taken.
inline v1::Frame each_alone(Client& by, const v1::Frame& good, const std::vector<Fault>& faults) {
    for (const auto& fault : faults) {
        CAPTURE(fault.what);
        by.world.clock.pass(1000);  // no rate is met
        auto frame = good;
        fault.make(frame);
        CHECK(code_of(by.ask(frame)) == number(fault.code));
    }
    const auto answer = by.ask(good);
    CHECK(code_of(answer) == 0);
    return answer;
}

inline v1::Submit& submit(v1::Frame& frame) { return *frame.mutable_submit(); }
inline v1::Item& item(v1::Frame& frame, int i = 0) { return *submit(frame).mutable_items(i); }
inline v1::Welcome& welcome(v1::Frame& frame) { return *submit(frame).mutable_welcome(); }

inline void name(v1::Stream& out, const StreamRef& stream) {
    out.set_kind(static_cast<std::uint32_t>(stream.kind));
    out.set_id(to_string(stream.id));
    out.set_incarnation(stream.incarnation);
}

/// What no stream is called.
inline std::vector<Fault> bad_streams(std::function<v1::Stream&(v1::Frame&)> of, Errc code) {
    return {
        {"no kind", code, [of](auto& f) { of(f).set_kind(0); }},
        {"an unknown kind", code, [of](auto& f) { of(f).set_kind(4); }},
        {"a short id", code, [of](auto& f) { of(f).mutable_id()->pop_back(); }},
        {"a long id", code, [of](auto& f) { of(f).mutable_id()->push_back('x'); }},
        {"no id", code, [of](auto& f) { of(f).clear_id(); }},
        {"an id of zeros", code, [of](auto& f) { of(f).set_id(std::string(16, '\0')); }},
        {"a directory with an id", code, [of](auto& f) { of(f).set_kind(1); }},
        {"a mailbox with an incarnation", code, [of](auto& f) { of(f).set_kind(3); }},
    };
}

inline std::vector<Fault> operator+(std::vector<Fault> a, const std::vector<Fault>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

}  // namespace huecry::relay::test
