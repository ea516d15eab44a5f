#include "owner/request.hpp"

#include "output/json.hpp"

namespace huecry::cli {
namespace {

std::optional<std::int64_t> whole(const std::string& text) {
    if (text.empty() || text.size() > 12) return std::nullopt;
    const bool negative = text.front() == '-';
    std::int64_t value = 0;
    for (std::size_t i = negative ? 1 : 0; i < text.size(); ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    return negative ? -value : value;
}

std::optional<Zone> zone_of(const Object& object) {
    const auto from = object.strings("zone_from");
    const auto offset = object.strings("zone_offset");
    if (!from || !offset || from->size() != offset->size() || from->size() > Zone::max_rules)
        return std::nullopt;
    std::vector<Zone::Rule> rules;
    for (std::size_t i = 0; i < from->size(); ++i) {
        const auto at = whole((*from)[i]);
        const auto by = whole((*offset)[i]);
        if (!at || !by || *by < -86400 || *by > 86400) return std::nullopt;
        rules.push_back({*at, static_cast<std::int32_t>(*by)});
    }
    return Zone(std::move(rules));
}

}  // namespace

std::string Request::encode() const {
    std::vector<std::string> from;
    std::vector<std::string> offset;
    for (const auto& rule : zone.rules()) {
        from.push_back(std::to_string(rule.from_s));
        offset.push_back(std::to_string(rule.offset_s));
    }
    // What was typed need not be UTF-8: file names are not.
    std::vector<std::string> typed;
    for (const auto& argument : arguments) typed.push_back(to_base64url(view(argument)));
    Object out;
    out.set("protocol", protocol).set("version", version).set("argv", typed);
    out.set("in_terminal", in_terminal).set("out_terminal", out_terminal);
    out.set("err_terminal", err_terminal).set("width", width);
    out.set("zone_from", from).set("zone_offset", offset);
    out.set("message", message.hex()).set("resume", std::to_string(resume)).set("again", again);
    return out.text();
}

Result<Request> Request::decode(std::string_view payload) {
    const Error wrong{Errc::malformed, "a request between two huecry processes"};
    const auto object = Object::parse(payload);
    if (!object) return wrong;
    const auto spoken = object->number("protocol");
    if (!spoken) return wrong;
    if (*spoken != protocol) return Error{Errc::update_needed, "another version owns the profile"};

    Request out;
    const auto version = object->string("version");
    const auto arguments = object->strings("argv");
    const auto in = object->boolean("in_terminal");
    const auto to = object->boolean("out_terminal");
    const auto err = object->boolean("err_terminal");
    const auto width = object->number("width");
    const auto zone = zone_of(*object);
    const auto message = object->string("message");
    const auto resume = object->string("resume");
    const auto again = object->boolean("again");
    if (!version || !arguments || !in || !to || !err || !width || !zone || !message || !resume ||
        !again)
        return wrong;
    if (version->size() > 64 || arguments->size() > max_arguments || *width < 0 || *width > 10000)
        return wrong;
    Bytes id;
    if (!from_hex(*message, id) || !MessageId::from(id)) return wrong;
    const auto number = whole(*resume);
    if (!number || *number < 0) return wrong;

    out.version = *version;
    for (const auto& argument : *arguments) {
        Bytes typed;
        if (!from_base64url(argument, typed)) return wrong;
        out.arguments.push_back(to_string(typed));
    }
    out.in_terminal = *in;
    out.out_terminal = *to;
    out.err_terminal = *err;
    out.width = static_cast<unsigned>(*width);
    out.zone = *zone;
    out.message = *MessageId::from(id);
    out.resume = static_cast<std::uint64_t>(*number);
    out.again = *again;
    return out;
}

std::string encode_error(const Error& error) {
    Object inner;
    inner.set("name", name(error.code)).set("code", static_cast<std::uint16_t>(error.code));
    inner.set("sentence", sentence(error.code)).set("detail", error.detail);
    return Object().set("error", inner).text();
}

Error decode_error(std::string_view payload) {
    const auto object = Object::parse(payload);
    const auto inner = object ? object->object("error") : std::nullopt;
    if (!inner) return {Errc::internal, "an error that could not be read"};
    const auto number = inner->number("code").value_or(1);
    const auto code =
        number < 0 ? std::nullopt : error_from_number(static_cast<std::uint32_t>(number));
    return {code.value_or(Errc::internal), inner->string("detail").value_or(std::string())};
}

}  // namespace huecry::cli
