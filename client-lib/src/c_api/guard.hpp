#pragma once

#include <exception>
#include <new>
#include <utility>

#include "c_api/handles.hpp"

// Check, call, translate: what every C function is made of. Nothing is thrown past these.
namespace huecry::c_api {

/// Remembers the detail for huecry_error_detail and gives the number.
int fail(const Error& error) noexcept;

/// Runs `body`, which gives an int, and turns what it throws into an error.
template <class F>
int guarded(F&& body) noexcept {
    try {
        return std::forward<F>(body)();
    } catch (const std::bad_alloc&) {
        return fail(Error{Errc::no_room});
    } catch (...) {
        return fail(Error{Errc::internal});
    }
}

/// For constructors of handles: NULL instead of an exception.
template <class F>
auto made(F&& body) noexcept -> decltype(body()) {
    try {
        return std::forward<F>(body)();
    } catch (...) {
        return nullptr;
    }
}

inline int done(const Result<void>& result) noexcept { return result ? 0 : fail(result.error()); }

/// `waits` (may be null): 1 for a proposal that waits for other coordinators.
inline int decided(const Result<Decision>& result, int* waits) noexcept {
    if (waits) *waits = 0;
    if (!result) return fail(result.error());
    if (waits) *waits = result->effective ? 0 : 1;
    return 0;
}

/// All of them are there.
template <class... Pointers>
[[nodiscard]] bool given(const Pointers*... pointers) {
    return (... && (pointers != nullptr));
}
inline int missing() noexcept { return fail(Error{Errc::invalid_argument, "an argument is NULL"}); }

inline std::string text_or_empty(const char* text) { return text ? text : ""; }

/// Memory that huecry_free knows how to wipe.
std::uint8_t* give_bytes(BytesView bytes);
char* give_text(std::string_view text);

/// An accessor's text: empty when there is no handle.
template <class Handle, class F>
const char* text_of(const Handle* handle, F&& get) noexcept {
    return handle ? get(*handle).c_str() : "";
}
template <class Handle, class F>
auto value_of(const Handle* handle, F&& get) noexcept -> decltype(get(*handle)) {
    using Value = decltype(get(*handle));
    return handle ? get(*handle) : Value{};
}
/// An item of a list, or of a vector within a handle; NULL beyond its end.
template <class Item>
const Item* item_of(const std::vector<Item>& items, std::size_t index) noexcept {
    return index < items.size() ? &items[index] : nullptr;
}

/// Names of the library's own lists are string literals, so they end with a zero byte.
inline const char* literal(std::string_view name) { return name.data(); }

}  // namespace huecry::c_api
