#pragma once

#include "huecry/directory/statement.hpp"
#include "huecry/wire/codec.hpp"

// The bodies of the actions in their one form. Private to the library; the state's codec uses it.
namespace huecry::directory {

/// What reading found beside the reader's own failure.
struct BodyReading {
    Body body;
    bool unknown = false;     // a role or flag of a later version
    bool ill_formed = false;  // readable, but not in the one allowed form
};

void write_body(Writer& w, const Body& body);
/// Empty for actions that have no body in this version.
std::optional<BodyReading> read_body(Action action, Reader& r);

inline constexpr std::size_t anchor_size = 16 + 4 + 8 + 32 + 8 + 32;
void write_anchor(Writer& w, const Anchor& a);
Anchor read_anchor(Reader& r);

template <class T>
T read_id(Reader& r) {
    return T(r.array<T::size>());
}

}  // namespace huecry::directory
