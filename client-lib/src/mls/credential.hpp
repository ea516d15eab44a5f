#pragma once

#include <vector>

#include "huecry/wire/codec.hpp"
#include "mls/types.hpp"

namespace huecry::mls {

/*  struct {
        CredentialType credential_type;
        select (Credential.credential_type) {
            case basic: opaque identity<V>;
            case x509:  Certificate certificates<V>;
        };
    } Credential;                                                   (section 5.3) */
struct Credential {
    CredentialType type = credential_type::basic;
    Bytes identity;                   // basic
    std::vector<Bytes> certificates;  // x509, the end entity first

    [[nodiscard]] static Credential basic(BytesView identity);
    void write(Writer& w) const;
    /// A type that is neither fails the reader: its length is not known.
    [[nodiscard]] static Credential read(Reader& r);
    bool operator==(const Credential&) const = default;
};

}  // namespace huecry::mls
