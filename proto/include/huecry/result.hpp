#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

// Errors are values from one closed list (errors.def). Exceptions are for bugs and lack of memory.
namespace huecry {

enum class Errc : std::uint16_t {
#define HUECRY_ERROR(name, number, retryable, exit_code, sentence) name = number,
#include "huecry/errors.def"
#undef HUECRY_ERROR
};

/// The name as in errors.def, e.g. "stale".
std::string_view name(Errc code);
/// One sentence for a person: what is wrong and what to do.
std::string_view sentence(Errc code);
/// True when the same call may succeed later without anything being changed.
bool retryable(Errc code);
/// The process exit code that the command line uses for it.
int exit_code(Errc code);
/// The code with this number, if the list has it (a peer may be newer).
std::optional<Errc> error_from_number(std::uint32_t number);

struct Error {
    Errc code;
    /// What exactly: never a secret, never text from others.
    std::string detail{};
    /// Sentence and detail in one line.
    [[nodiscard]] std::string text() const;
};

/// A value or an error. Reading the wrong one is a bug and throws std::bad_variant_access.
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}
    Result(Errc code) : Result(Error{code}) {}

    [[nodiscard]] bool ok() const { return content_.index() == 0; }
    explicit operator bool() const { return ok(); }
    [[nodiscard]] T& value() & { return std::get<0>(content_); }
    [[nodiscard]] const T& value() const& { return std::get<0>(content_); }
    [[nodiscard]] T&& value() && { return std::get<0>(std::move(content_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    [[nodiscard]] const Error& error() const { return std::get<1>(content_); }

private:
    std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}
    Result(Errc code) : error_(Error{code}) {}

    [[nodiscard]] bool ok() const { return !error_; }
    explicit operator bool() const { return ok(); }
    [[nodiscard]] const Error& error() const { return error_.value(); }

private:
    std::optional<Error> error_;
};

}  // namespace huecry

// Passes an error on. HUECRY_TRY(call()); HUECRY_TRY_ASSIGN(auto value, call());
#define HUECRY_CONCAT_(a, b) a##b
#define HUECRY_CONCAT(a, b) HUECRY_CONCAT_(a, b)
#define HUECRY_TRY(expression)                                                                  \
    do {                                                                                        \
        if (auto huecry_result_ = (expression); !huecry_result_) return huecry_result_.error(); \
    } while (false)
#define HUECRY_TRY_ASSIGN(target, expression) \
    HUECRY_TRY_ASSIGN_(target, HUECRY_CONCAT(huecry_result_, __LINE__), expression)
#define HUECRY_TRY_ASSIGN_(target, result, expression) \
    auto result = (expression);                        \
    if (!result) return result.error();                \
    target = std::move(result).value()
