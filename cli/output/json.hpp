#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace boost::json {
class object;
class value;
}  // namespace boost::json

// A JSON object in the order it was filled; knows nothing of what it holds. What comes out is safe
// on a terminal: control and format characters are escaped, also those that JSON would let pass.
namespace huecry::cli {

class Object {
public:
    Object();
    Object(const Object& other);
    Object(Object&&) noexcept;
    Object& operator=(Object other) noexcept;
    ~Object();

    Object& set(std::string_view key, std::string_view value);
    Object& set(std::string_view key, const char* value) {
        return set(key, std::string_view(value));
    }
    Object& set(std::string_view key, const std::string& value) {
        return set(key, std::string_view(value));
    }
    Object& set(std::string_view key, const Object& value);
    Object& set(std::string_view key, const std::vector<Object>& values);
    Object& set(std::string_view key, const std::vector<std::string>& values);
    Object& set(std::string_view key, std::nullptr_t);
    template <class T>
        requires std::is_arithmetic_v<T>
    Object& set(std::string_view key, T value) {
        if constexpr (std::is_same_v<T, bool>)
            return set_bool(key, value);
        else
            return set_number(key, static_cast<std::int64_t>(value));
    }
    /// ISO 8601 in UTC; null for 0.
    Object& set_time(std::string_view key, std::uint64_t ms);

    /// One line, without its end.
    [[nodiscard]] std::string text() const;

    // Reading, for the requests between two processes. Nothing when absent or of another type.
    static std::optional<Object> parse(std::string_view text);
    [[nodiscard]] std::optional<std::string> string(std::string_view key) const;
    [[nodiscard]] std::optional<std::int64_t> number(std::string_view key) const;
    [[nodiscard]] std::optional<bool> boolean(std::string_view key) const;
    [[nodiscard]] std::optional<std::vector<std::string>> strings(std::string_view key) const;
    [[nodiscard]] std::optional<Object> object(std::string_view key) const;

private:
    Object& set_bool(std::string_view key, bool value);
    Object& set_number(std::string_view key, std::int64_t value);
    const boost::json::value* find(std::string_view key) const;
    std::unique_ptr<boost::json::object> object_;
};

/// JSON text in which every character that could steer a terminal is written as \uXXXX.
std::string escape_for_terminal(std::string_view json);

}  // namespace huecry::cli
