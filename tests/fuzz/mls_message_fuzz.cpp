#include <cstdlib>

#include "mls/framing.hpp"
#include "mls/group.hpp"
#include "mls/peek.hpp"
#include "mls/ratchet_tree.hpp"
#include "mls/tree_validation.hpp"
#include "mls/welcome.hpp"

// One structure of RFC 9420, chosen when this is compiled: whatever parses is encoded to the same
// bytes again (the codec is canonical), and whatever is checked afterwards does not fall over.
using namespace huecry;
using namespace huecry::mls;

namespace {

template <class T>
void round_trip(BytesView bytes) {
    Reader r(bytes);
    const auto value = T::read(r);
    if (!r.done()) return;
    Writer w;
    value.write(w);
    if (w.bytes() != to_bytes(bytes)) std::abort();
}

struct PublicOnWire {
    PublicMessage message;
    static PublicOnWire read(Reader& r) { return {PublicMessage::read(r)}; }
    void write(Writer& w) const {
        message.content.content.write(w);
        message.content.write_auth(w);
        if (message.content.content.sender.type == SenderType::member)
            w.opaque(message.membership_tag);
    }
};

[[maybe_unused]] void ratchet_tree(BytesView bytes) {
    const auto tree = RatchetTree::decode(bytes, 256);
    if (!tree) return;
    if (tree->encode() != to_bytes(bytes)) std::abort();
    (void)tree->tree_hash(chacha20_suite());
    for (NodeIndex x = 0; x < node_count(tree->width()); ++x) (void)tree->resolution(x);
    (void)validate_tree(chacha20_suite(), *tree, {});
}

[[maybe_unused]] void key_package(BytesView bytes) {
    round_trip<KeyPackage>(bytes);
    (void)inspect_key_package(chacha20_suite(), bytes, 1'700'000'000);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const BytesView bytes(data, size);
    (void)peek(bytes);
    HUECRY_FUZZED(bytes);
    return 0;
}
