#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "source_tree.hpp"

// cli → client-lib → proto ← relay: who may include what.
namespace huecry::test {
namespace {

using Strings = std::vector<std::string>;

bool begins(std::string_view text, const Strings& any) {
    return std::any_of(any.begin(), any.end(), [&](const auto& p) { return text.starts_with(p); });
}

/// One layer: where its files live, where its includes may be found, and what it may not name at
/// all even though it could be found.
struct Layer {
    std::string folder;
    Strings roots;
    Strings forbidden_names{};
};

const std::vector<Layer>& layers() {
    static const std::vector<Layer> all{
        {"proto/", {"proto/include/", "proto/src/"}, {"huecry/v1/", "huecry/content/"}},
        {"relay/", {"relay/", "proto/include/"}, {"huecry/content/"}},
        {"client-lib/", {"client-lib/src/", "client-lib/include/", "proto/include/"}, {}},
        {"cli/",
         {"cli/", "client-lib/include/", "proto/include/huecry/"},
         {"huecry/v1/", "huecry/content/"}},
    };
    return all;
}

/// What the command line may use of proto: what public headers of the client library are made of.
bool open_to_embedders(const std::string& name) {
    static const std::set<std::string> open{"huecry/result.hpp",      "huecry/errors.def",
                                            "huecry/limits.hpp",      "huecry/limits.def",
                                            "huecry/wire/ids.hpp",    "huecry/wire/bytes.hpp",
                                            "huecry/wire/secret.hpp", "huecry/wire/address.hpp",
                                            "huecry/wire/utf8.hpp",   "huecry/directory/roles.hpp"};
    return open.contains(name);
}

const Strings every_root{"proto/include/", "proto/src/",      "relay/",
                         "cli/",           "client-lib/src/", "client-lib/include/"};

/// Where an include of this file leads inside the project; empty: outside of it.
std::string target_of(const Tree& tree, const std::string& file, const std::string& name,
                      const Strings& first) {
    const auto beside = file.substr(0, file.rfind('/') + 1) + name;
    if (tree.contains(beside)) return beside;
    for (const auto* roots : {&first, &every_root})
        for (const auto& root : *roots)
            if (tree.contains(root + name)) return root + name;
    return {};
}

Violations layer_violations(const Tree& tree) {
    Violations out;
    for (const auto& [file, text] : tree) {
        if (!is_code(file)) continue;
        const auto layer = std::find_if(layers().begin(), layers().end(),
                                        [&](const auto& l) { return file.starts_with(l.folder); });
        if (layer == layers().end()) continue;
        Strings roots = layer->roots;
        for (auto& root : roots)
            if (root == "proto/include/huecry/") root = "proto/include/";
        for (const auto& name : includes_of(text)) {
            const auto where = file + " includes " + name;
            if (name.find("..") != name.npos) out.push_back(where);
            if (begins(name, layer->forbidden_names)) out.push_back(where);
            const auto target = target_of(tree, file, name, roots);
            if (target.empty()) continue;
            if (!begins(target, roots)) out.push_back(where);
            if (layer->folder == "cli/" && target.starts_with("proto/") && !open_to_embedders(name))
                out.push_back(where);
        }
    }
    return out;
}

/// The folders of the client library: each with those that it may include besides itself.
const std::map<std::string, Strings>& client_folders() {
    static const std::map<std::string, Strings> all{
        {"crypto", {}},
        {"mls", {"crypto"}},
        {"store", {"crypto"}},
        {"net", {"crypto"}},
        {"photos", {"crypto"}},
        {"domain", {"crypto", "mls", "store", "net", "photos"}},
        {"api", {"crypto", "mls", "store", "net", "photos", "domain"}},
        {"c_api", {"crypto", "mls", "store", "net", "photos", "domain", "api"}},
    };
    return all;
}

Violations client_violations(const Tree& tree) {
    constexpr std::string_view root = "client-lib/src/";
    Violations out;
    for (const auto& [file, text] : tree) {
        if (!is_code(file) || !file.starts_with(root)) continue;
        const auto folder = file.substr(root.size(), file.find('/', root.size()) - root.size());
        const auto allowed = client_folders().find(folder);
        if (allowed == client_folders().end()) {
            out.push_back(file + " lies in a folder that has no rule");
            continue;
        }
        for (const auto& name : includes_of(text)) {
            const auto target = target_of(tree, file, name, {std::string(root)});
            if (!target.starts_with(root)) continue;
            const auto other =
                target.substr(root.size(), target.find('/', root.size()) - root.size());
            const auto& list = allowed->second;
            if (other != folder && std::find(list.begin(), list.end(), other) == list.end())
                out.push_back(file + " includes " + name);
        }
    }
    return out;
}

/// The MLS engine knows bytes, results and crypto: nothing of the protocol around it.
Violations mls_violations(const Tree& tree) {
    static const std::set<std::string> open{"huecry/result.hpp",      "huecry/limits.hpp",
                                            "huecry/wire/bytes.hpp",  "huecry/wire/codec.hpp",
                                            "huecry/wire/secret.hpp", "huecry/wire/signing.hpp",
                                            "huecry/wire/ids.hpp"};
    Violations out;
    for (const auto& [file, text] : tree) {
        if (!file.starts_with("client-lib/src/mls/") || !is_code(file)) continue;
        for (const auto& name : includes_of(text))
            if ((name.starts_with("huecry/") && !open.contains(name)) ||
                begins(name, {"boost/", "google/", "openssl/", "sodium", "sqlite"}))
                out.push_back(file + " includes " + name);
    }
    return out;
}

/// Costly headers stay where they are meant to be.
Violations transport_violations(const Tree& tree) {
    static const std::set<std::string> websocket{"client-lib/src/net/websocket_transport.cpp",
                                                 "relay/net/websocket.cpp"};
    Violations out;
    for (const auto& [file, text] : tree) {
        if (!is_code(file) || file.starts_with("tests/")) continue;
        for (const auto& name : includes_of(text)) {
            const bool beast_websocket =
                name == "boost/beast.hpp" || name.starts_with("boost/beast/websocket");
            const bool umbrella = name == "boost/asio.hpp" || name == "boost/beast.hpp";
            if ((beast_websocket && !websocket.contains(file)) || umbrella)
                out.push_back(file + " includes " + name);
        }
    }
    for (const auto& file : websocket)
        if (!tree.contains(file)) out.push_back(file + " is gone: this list is out of date");
    return out;
}

/// An embedder sees the standard library and ours.
Violations public_violations(const Tree& tree) {
    const Strings foreign{"boost/", "google/", "fmt/",      "spdlog/", "openssl/",
                          "sodium", "sqlite",  "coroutine", "jpeglib", "experimental/"};
    Violations out;
    for (const auto& [file, text] : tree) {
        const bool headers = file.starts_with("client-lib/include/");
        // For the scheduler's interfaces too: the domain compiles against them.
        const bool plain = file == "client-lib/src/net/link.hpp" ||
                           file == "client-lib/src/net/blob_transfer.hpp" ||
                           file == "client-lib/src/net/scheduler.hpp" ||
                           file == "client-lib/src/net/session.hpp" ||
                           file == "client-lib/src/net/runtime.hpp";
        if (!headers && !plain) continue;
        for (const auto& name : includes_of(text)) {
            const bool frame = name.ends_with(".pb.h");
            if (begins(name, foreign) || (frame && headers))
                out.push_back(file + " includes " + name);
        }
        if (!headers) continue;
        for (const auto* word : {"boost::", "google::protobuf", "co_await", "awaitable"})
            if (text.find(word) != text.npos) out.push_back(file + " names " + word);
    }
    return out;
}

using Rule = Violations (*)(const Tree&);

const Tree& real_tree() {
    static const Tree tree = [] {
        auto all = read_tree(HUECRY_SOURCE_DIR);
        std::erase_if(all, [](const auto& file) { return !is_code(file.first); });
        return all;
    }();
    return tree;
}

struct Planted {
    Rule rule;
    std::string file;
    std::string line;
};

}  // namespace

TEST_CASE("the arrows hold in the whole tree") {
    REQUIRE(real_tree().size() > 200);
    for (const Rule rule : {layer_violations, client_violations, mls_violations,
                            transport_violations, public_violations}) {
        const auto found = rule(real_tree());
        INFO(joined(found));
        CHECK(found.empty());
    }
}

TEST_CASE("a planted include is found") {
    const std::vector<Planted> all{
        {layer_violations, "relay/delivery/core.cpp", "#include \"mls/group.hpp\""},
        {layer_violations, "relay/net/server.cpp", "#include \"net/link.hpp\""},
        {layer_violations, "relay/net/server.cpp", "#include <huecry/client.hpp>"},
        {layer_violations, "relay/main.cpp", "  #  include \"huecry/content/v1/content.pb.h\""},
        {layer_violations, "relay/main.cpp", "#include \"../client-lib/src/mls/group.hpp\""},
        {layer_violations, "client-lib/src/net/runtime.cpp", "#include \"delivery/core.hpp\""},
        {layer_violations, "client-lib/src/net/runtime.cpp", "#include \"net/tls_stream.hpp\""},
        {layer_violations, "client-lib/include/huecry/client.hpp", "#include \"program.hpp\""},
        {layer_violations, "proto/src/wire/codec.cpp", "#include \"net/link.hpp\""},
        {layer_violations, "proto/src/wire/codec.cpp", "#include \"store/store.hpp\""},
        {layer_violations, "proto/src/wire/codec.cpp", "#include <huecry/client.hpp>"},
        {layer_violations, "cli/program.cpp", "#include \"net/link.hpp\""},
        {layer_violations, "cli/program.cpp", "#include \"huecry/wire/codec.hpp\""},
        {layer_violations, "cli/program.cpp", "#include \"huecry/v1/frame.pb.h\""},
        {layer_violations, "cli/program.cpp", "#include \"store/store.hpp\""},
        {client_violations, "client-lib/src/crypto/hash.cpp", "#include \"mls/group.hpp\""},
        {client_violations, "client-lib/src/mls/group.hpp", "#include \"net/link.hpp\""},
        {client_violations, "client-lib/src/net/session.cpp", "#include \"mls/group.hpp\""},
        {client_violations, "client-lib/src/unknown/new.cpp", "#include <vector>"},
        {mls_violations, "client-lib/src/mls/group.hpp", "#include \"huecry/wire/header.hpp\""},
        {mls_violations, "client-lib/src/mls/group.hpp", "#include <huecry/directory/state.hpp>"},
        {mls_violations, "client-lib/src/mls/group.hpp", "#include <sodium.h>"},
        {transport_violations, "relay/net/server.cpp", "#include <boost/beast/websocket.hpp>"},
        {transport_violations, "client-lib/src/net/https.cpp",
         "#include <boost/beast/websocket/stream.hpp>"},
        {transport_violations, "relay/net/server.cpp", "#include <boost/asio.hpp>"},
        {public_violations, "client-lib/include/huecry/client.hpp", "#include <coroutine>"},
        {public_violations, "client-lib/include/huecry/client.hpp",
         "#include <boost/asio/awaitable.hpp>"},
        {public_violations, "client-lib/include/huecry/client.hpp",
         "#include \"huecry/v1/frame.pb.h\""},
        {public_violations, "client-lib/include/huecry/client.hpp", "boost::json::value v();"},
        {public_violations, "client-lib/src/net/link.hpp",
         "#include <boost/asio/any_io_executor.hpp>"},
    };
    for (const auto& planted : all) {
        auto tree = real_tree();
        const auto before = planted.rule(tree).size();
        tree[planted.file] += "\n" + planted.line + "\n";
        CAPTURE(planted.file);
        CAPTURE(planted.line);
        CHECK(planted.rule(tree).size() > before);
    }
}

TEST_CASE("what is allowed is not taken for a violation") {
    auto tree = real_tree();
    const auto before = layer_violations(tree).size();
    tree["relay/net/server.cpp"] += "\n#include \"huecry/v1/frame.pb.h\"\n";
    tree["cli/program.cpp"] += "\n#include <huecry/client.hpp>\n#include \"huecry/result.hpp\"\n";
    tree["client-lib/src/domain/text.cpp"] += "\n#include \"huecry/content/v1/content.pb.h\"\n";
    tree["relay/net/server.cpp"] += "\n// #include \"mls/group.hpp\"\n";
    CHECK(layer_violations(tree).size() == before);
}

}  // namespace huecry::test
