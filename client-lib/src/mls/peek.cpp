#include "mls/peek.hpp"

#include "mls/framing.hpp"
#include "mls/welcome.hpp"

namespace huecry::mls {

Result<Peek> peek(BytesView message) {
    Reader r(message);
    const auto version = r.u16();
    const auto format = r.u16();
    if (version != 1 || format < 1 || format > 5) return Error{Errc::mls_malformed, "MLSMessage"};
    Peek out{WireFormat{format}, {}, 0, std::nullopt};
    switch (out.wire_format) {
        case WireFormat::public_message:
            out.group_id = to_bytes(r.opaque());
            out.epoch = r.u64();
            (void)Sender::read(r);
            r.opaque();
            out.content_type = content_type(r.u8());
            if (!out.content_type) r.fail();
            break;
        case WireFormat::private_message: {
            const auto m = PrivateMessage::read(r);
            if (!r.empty()) r.fail();
            out.group_id = m.group_id;
            out.epoch = m.epoch;
            out.content_type = m.content_type;
            break;
        }
        case WireFormat::group_info: {
            const auto context = GroupContext::read(r);
            out.group_id = context.group_id;
            out.epoch = context.epoch;
            break;
        }
        case WireFormat::welcome:
        case WireFormat::key_package:
            break;
    }
    if (!r.ok()) return Error{Errc::mls_malformed, "MLSMessage"};
    return out;
}

}  // namespace huecry::mls
