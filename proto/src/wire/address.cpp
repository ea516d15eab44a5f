#include "huecry/wire/address.hpp"

#include <algorithm>
#include <charconv>

#include "huecry/wire/codec.hpp"
#include "huecry/wire/signing.hpp"
#include "link_text.hpp"

namespace huecry {
namespace {

constexpr std::size_t max_link = 2048;  // a QR code of 2 KiB can still be scanned
constexpr std::string_view check_label = "huecry/1 link check";

std::string_view trim(std::string_view s) {
    const auto first = s.find_first_not_of(" \t\r\n<>\"'");
    if (first == std::string_view::npos) return {};
    return s.substr(first, s.find_last_not_of(" \t\r\n<>\"'.,;") - first + 1);
}

bool valid_host(std::string_view host) {
    if (host.empty() || host.size() > 253) return false;
    return host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-:_%") == host.npos;
}

std::string lower(std::string_view s) {
    std::string out(s);
    for (auto& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

Result<void> split_host(std::string_view rest, RelayAddress& out) {
    std::string_view port;
    if (!rest.empty() && rest.front() == '[') {
        const auto close = rest.find(']');
        if (close == rest.npos) return Error{Errc::invalid_argument, "relay address: [ without ]"};
        out.host = lower(rest.substr(1, close - 1));
        rest = rest.substr(close + 1);
        if (!rest.empty() && rest.front() != ':')
            return Error{Errc::invalid_argument, "relay address"};
        if (!rest.empty()) port = rest.substr(1);
    } else {
        const auto colon = rest.find(':');
        out.host = lower(rest.substr(0, colon));
        if (colon != rest.npos) port = rest.substr(colon + 1);
    }
    if (!valid_host(out.host)) return Error{Errc::invalid_argument, "relay address: host"};
    if (port.empty()) return {};
    unsigned value = 0;
    const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), value);
    if (ec != std::errc() || end != port.data() + port.size() || value == 0 || value > 65535)
        return Error{Errc::invalid_argument, "relay address: port"};
    out.port = static_cast<std::uint16_t>(value);
    return {};
}

Bytes encode_link(const InviteLink& link) {
    Writer w;
    w.u8(1).u8(static_cast<std::uint8_t>(link.kind)).raw(link.secret.view());
    w.raw(link.partnership.view());
    w.raw(link.relay.key.value_or(PublicKey{}).view()).u16(link.relay.port);
    w.opaque(view(link.relay.host)).opaque(view(link.partnership_name));
    const auto check = labelled_hash(check_label, w.bytes());
    w.raw(check.view().first(4));
    return w.take();
}

}  // namespace

std::string RelayAddress::text() const {
    std::string out = "https://";
    out += host.find(':') == host.npos ? host : "[" + host + "]";
    out += ":" + std::to_string(port) + "/";
    if (key) out += "#" + to_base64url(key->view());
    return out;
}

Result<RelayAddress> RelayAddress::parse(std::string_view text) {
    auto rest = trim(text);
    if (rest.size() > max_link) return Error{Errc::too_large, "relay address"};
    if (!lower(rest.substr(0, 8)).starts_with("https://"))
        return Error{Errc::invalid_argument, "a relay address starts with https://"};
    rest = rest.substr(8);
    RelayAddress out;
    if (const auto hash = rest.find('#'); hash != rest.npos) {
        Bytes key;
        if (!from_base64url(rest.substr(hash + 1), key) || key.size() != PublicKey::size)
            return Error{Errc::invalid_argument, "relay address: the key after # is not whole"};
        out.key = PublicKey::from(key);
        rest = rest.substr(0, hash);
    }
    if (const auto slash = rest.find('/'); slash != rest.npos) {
        if (slash + 1 != rest.size())
            return Error{Errc::invalid_argument, "relay address: it has a path"};
        rest = rest.substr(0, slash);
    }
    HUECRY_TRY(split_host(rest, out));
    return out;
}

std::string InviteLink::text() const {
    return std::string(kind == LinkKind::member ? "huecry://join/" : "huecry://device/") +
           to_base64url(encode_link(*this));
}

namespace {

Result<InviteLink> read_link(const LinkText& text) {
    const Error changed{Errc::link_malformed, "some characters are missing or changed"};
    Bytes bytes;
    if (text.payload.size() > max_link) return changed;
    const bool whole = from_base64url(text.payload, bytes);
    // Where the rest of a group is missing, what is before it still tells how far it goes.
    if (!whole && !from_base64url(text.payload.substr(0, text.payload.size() / 4 * 4), bytes))
        return changed;
    if (bytes.size() < 4) return changed;
    Reader r(bytes);
    InviteLink out;
    const auto version = r.u8();
    const auto kind = r.u8();
    out.kind = static_cast<LinkKind>(kind);
    out.secret = SecretBytes(r.raw(32));
    out.partnership = PartnershipId(r.array<32>());
    out.relay.key = PublicKey(r.array<32>());
    out.relay.port = r.u16();
    out.relay.host = to_string(r.opaque(253));
    out.partnership_name = to_string(r.opaque(100));
    const auto check = r.array<4>();
    const auto expected =
        labelled_hash(check_label, BytesView(bytes).first(bytes.size() - check.size()));
    if (version == 1 && !r.done() && kind == (text.device ? 2 : 1) && !r.ok())
        return Error{Errc::link_malformed, "its end is missing"};
    if (!whole || !r.done() || !equal_constant_time(check, expected.view().first(4)))
        return version > 1 && version < 16 ? Error{Errc::update_needed, "link version"} : changed;
    if (kind != (text.device ? 2 : 1) || !valid_host(out.relay.host) || out.relay.port == 0)
        return Error{Errc::link_malformed, "contents"};
    return out;
}

/// Why none of the readings holds, as well as can be told.
Error why_not(const std::vector<LinkText>& readings, const Error& first) {
    if (first.code != Errc::link_malformed) return first;
    const auto& payload = readings.front().payload;
    const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (payload.size() > 40 && std::none_of(payload.begin(), payload.end(), upper))
        return {Errc::link_malformed,
                "a program has made all its letters small: have it sent in another way"};
    return first;
}

}  // namespace

Result<InviteLink> InviteLink::parse(std::string_view text) {
    if (text.size() > max_link_text) return Error{Errc::link_malformed, "too long"};
    const auto readings = link_readings(text);
    if (readings.empty()) return Error{Errc::link_malformed, "a link starts with huecry://join/"};
    std::optional<Error> first;
    for (const auto& reading : readings) {
        auto link = read_link(reading);
        if (link) return link;
        if (!first) first = link.error();
    }
    return why_not(readings, *first);
}

}  // namespace huecry
