#include "mls/extension.hpp"

#include <algorithm>

namespace huecry::mls {
namespace {
// No message of this engine's size holds more; a longer list is not worth comparing.
constexpr std::size_t max_extensions = 256;
}  // namespace

void write(Writer& w, const std::vector<Extension>& extensions) {
    w.vector([&](Writer& v) {
        for (const auto& e : extensions) v.u16(e.type).opaque(e.data);
    });
}

std::vector<Extension> read_extensions(Reader& r) {
    std::vector<Extension> out;
    Reader v = r.vector();
    while (v.ok() && !v.empty()) {
        Extension e{v.u16(), to_bytes(v.opaque())};
        if (find(out, e.type) != nullptr || out.size() == max_extensions) v.fail();
        out.push_back(std::move(e));
    }
    if (!v.ok()) r.fail();
    return out;
}

const Extension* find(const std::vector<Extension>& extensions, ExtensionType type) {
    const auto it = std::ranges::find(extensions, type, &Extension::type);
    return it == extensions.end() ? nullptr : &*it;
}

bool is_default_extension(ExtensionType type) {
    return type >= extension_type::application_id && type <= extension_type::external_senders;
}

bool is_default_proposal(ProposalType type) {
    return type >= proposal_type::add && type <= proposal_type::group_context_extensions;
}

void write_u16s(Writer& w, const std::vector<std::uint16_t>& values) {
    w.length(values.size() * 2);
    for (const auto v : values) w.u16(v);
}

std::vector<std::uint16_t> read_u16s(Reader& r) {
    std::vector<std::uint16_t> out;
    Reader v = r.vector();
    out.reserve(v.left() / 2);
    while (v.ok() && !v.empty()) out.push_back(v.u16());
    if (!v.ok()) r.fail();
    return out;
}

Result<RequiredCapabilities> RequiredCapabilities::decode(BytesView data) {
    Reader r(data);
    RequiredCapabilities out{read_u16s(r), read_u16s(r), read_u16s(r)};
    if (!r.done()) return Error{Errc::mls_malformed, "required_capabilities"};
    return out;
}

Bytes RequiredCapabilities::encode() const {
    Writer w;
    write_u16s(w, extensions);
    write_u16s(w, proposals);
    write_u16s(w, credentials);
    return w.take();
}

Result<std::vector<ExternalSender>> decode_external_senders(BytesView data) {
    Reader r(data);
    Reader v = r.vector();
    std::vector<ExternalSender> out;
    while (v.ok() && !v.empty()) {
        ExternalSender s;
        s.signature_key = to_bytes(v.opaque());
        s.credential = Credential::read(v);
        out.push_back(std::move(s));
        if (out.size() > max_extensions) v.fail();
    }
    if (!v.ok() || !r.done()) return Error{Errc::mls_malformed, "external_senders"};
    return out;
}

Bytes encode_external_senders(const std::vector<ExternalSender>& senders) {
    Writer w;
    w.vector([&](Writer& v) {
        for (const auto& s : senders) {
            v.opaque(s.signature_key);
            s.credential.write(v);
        }
    });
    return w.take();
}

}  // namespace huecry::mls
