#include "output/json.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "output/utf8.hpp"
#include "output/zone.hpp"

namespace huecry::cli {
namespace json = boost::json;

Object::Object() : object_(std::make_unique<json::object>()) {}
Object::Object(const Object& other) : object_(std::make_unique<json::object>(*other.object_)) {}
Object::Object(Object&&) noexcept = default;
Object& Object::operator=(Object other) noexcept {
    object_.swap(other.object_);
    return *this;
}
Object::~Object() = default;

Object& Object::set(std::string_view key, std::string_view value) {
    (*object_)[json::string_view(key.data(), key.size())] =
        json::string(value.data(), value.size());
    return *this;
}
Object& Object::set(std::string_view key, const Object& value) {
    (*object_)[json::string_view(key.data(), key.size())] = *value.object_;
    return *this;
}
Object& Object::set(std::string_view key, const std::vector<Object>& values) {
    json::array array;
    for (const auto& value : values) array.emplace_back(*value.object_);
    (*object_)[json::string_view(key.data(), key.size())] = std::move(array);
    return *this;
}
Object& Object::set(std::string_view key, const std::vector<std::string>& values) {
    json::array array;
    for (const auto& value : values) array.emplace_back(json::string(value.data(), value.size()));
    (*object_)[json::string_view(key.data(), key.size())] = std::move(array);
    return *this;
}
Object& Object::set(std::string_view key, std::nullptr_t) {
    (*object_)[json::string_view(key.data(), key.size())] = nullptr;
    return *this;
}
Object& Object::set_bool(std::string_view key, bool value) {
    (*object_)[json::string_view(key.data(), key.size())] = value;
    return *this;
}
Object& Object::set_number(std::string_view key, std::int64_t value) {
    (*object_)[json::string_view(key.data(), key.size())] = value;
    return *this;
}
Object& Object::set_time(std::string_view key, std::uint64_t ms) {
    return ms == 0 ? set(key, nullptr) : set(key, iso_utc(ms));
}

std::string Object::text() const { return escape_for_terminal(json::serialize(*object_)); }

std::optional<Object> Object::parse(std::string_view text) {
    json::error_code error;
    auto value = json::parse(json::string_view(text.data(), text.size()), error);
    if (error || !value.is_object()) return std::nullopt;
    Object out;
    *out.object_ = std::move(value.get_object());
    return out;
}

const json::value* Object::find(std::string_view key) const {
    return object_->if_contains(json::string_view(key.data(), key.size()));
}

std::optional<std::string> Object::string(std::string_view key) const {
    const auto* value = find(key);
    if (!value || !value->is_string()) return std::nullopt;
    return std::string(value->get_string().data(), value->get_string().size());
}
std::optional<std::int64_t> Object::number(std::string_view key) const {
    const auto* value = find(key);
    if (!value || !value->is_int64()) return std::nullopt;
    return value->get_int64();
}
std::optional<bool> Object::boolean(std::string_view key) const {
    const auto* value = find(key);
    if (!value || !value->is_bool()) return std::nullopt;
    return value->get_bool();
}
std::optional<std::vector<std::string>> Object::strings(std::string_view key) const {
    const auto* value = find(key);
    if (!value || !value->is_array()) return std::nullopt;
    std::vector<std::string> out;
    for (const auto& item : value->get_array()) {
        if (!item.is_string()) return std::nullopt;
        out.emplace_back(item.get_string().data(), item.get_string().size());
    }
    return out;
}
std::optional<Object> Object::object(std::string_view key) const {
    const auto* value = find(key);
    if (!value || !value->is_object()) return std::nullopt;
    Object out;
    *out.object_ = value->get_object();
    return out;
}

std::string escape_for_terminal(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto [character, size] = decode_utf8(text);
        if (steers_terminal(character)) {
            if (character >= 0x10000) {
                const auto rest = character - 0x10000;
                out += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (rest >> 10),
                                   0xdc00 + (rest & 0x3ff));
            } else {
                out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(character));
            }
        } else {
            out += text.substr(0, size);
        }
        text.remove_prefix(size);
    }
    return out;
}

}  // namespace huecry::cli
