#include "mls/credential.hpp"

namespace huecry::mls {

Credential Credential::basic(BytesView identity) {
    return {credential_type::basic, to_bytes(identity), {}};
}

void Credential::write(Writer& w) const {
    w.u16(type);
    if (type == credential_type::basic) {
        w.opaque(identity);
        return;
    }
    w.vector([&](Writer& v) {
        for (const auto& c : certificates) v.opaque(c);
    });
}

Credential Credential::read(Reader& r) {
    Credential out;
    out.type = r.u16();
    if (out.type == credential_type::basic) {
        out.identity = to_bytes(r.opaque());
    } else if (out.type == credential_type::x509) {
        Reader v = r.vector();
        while (v.ok() && !v.empty()) {
            out.certificates.push_back(to_bytes(v.opaque()));
            if (out.certificates.size() > 64) v.fail();  // no chain is longer
        }
        if (!v.ok()) r.fail();
    } else {
        r.fail();
    }
    return out;
}

}  // namespace huecry::mls
