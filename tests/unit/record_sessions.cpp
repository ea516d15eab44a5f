#define DOCTEST_CONFIG_IMPLEMENT
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "relay_sessions.hpp"

// Writes the sessions as text (proto/vectors/relay_sessions.txt), or as seeds of the fuzz targets:
//   record_sessions > FILE        record_sessions --seeds FOLDER
using namespace huecry;
using namespace huecry::relay::test;
using huecry::test::Tape;

namespace {

void write(const std::filesystem::path& file, const Bytes& bytes) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
}

/// Seeds of one target, and the list of them as libFuzzer's -seed_inputs=@FILE takes it.
class Seeds {
public:
    Seeds(std::filesystem::path folder, std::string target)
        : folder_(std::move(folder)),
          target_(std::move(target)),
          list_(folder_ / (target_ + ".list")) {}
    void add(const std::string& name, std::uint8_t first, Bytes bytes) {
        bytes.insert(bytes.begin(), first);
        add(name, bytes);
    }
    void add(const std::string& name, const Bytes& bytes) {
        const auto file = folder_ / target_ / name;
        write(file, bytes);
        list_ << (any_ ? "," : "") << file.string();
        any_ = true;
    }

private:
    std::filesystem::path folder_;
    std::string target_;
    std::ofstream list_;
    bool any_ = false;
};

/// As a client puts it: masked with zeros.
Bytes websocket(BytesView payload) {
    Bytes out{0x82,
              0xfe,
              static_cast<std::uint8_t>(payload.size() >> 8),
              static_cast<std::uint8_t>(payload.size() & 0xff),
              0,
              0,
              0,
              0};
    out.insert(out.end(), payload.begin(), payload.end());
    return out;
}

void write_http_seeds(const std::filesystem::path& folder, const Sessions& sessions) {
    Seeds seeds(folder, "relay_http_fuzz");
    const auto text = [](std::string_view what) { return to_bytes(view(what)); };
    seeds.add("upgrade", 0,
              text("GET /v1/connect HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\n"
                   "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
    Bytes hello;
    for (const auto& step : sessions.more.at("alerts")) {
        if (step.kind != huecry::test::TapeStep::Kind::in) continue;
        v1::Frame frame;
        if (frame.ParseFromArray(step.bytes.data(), static_cast<int>(step.bytes.size())) &&
            frame.has_hello())
            hello = to_bytes(view(frame.hello().SerializeAsString()));
        break;
    }
    auto request = text("POST /v1/hello HTTP/1.1\r\nHost: relay\r\nContent-Length: " +
                        std::to_string(hello.size()) + "\r\n\r\n");
    request.insert(request.end(), hello.begin(), hello.end());
    seeds.add("hello", 0, request);
    Bytes frames;
    for (const auto& [name, steps] : sessions.more)
        for (const auto& step : steps)
            if (step.kind == huecry::test::TapeStep::Kind::in && frames.size() < 4000) {
                const auto one = websocket(step.bytes);
                frames.insert(frames.end(), one.begin(), one.end());
            }
    seeds.add("frames_unproved", 1, frames);
    seeds.add("frames", 2, frames);
    seeds.add("control", 2, {0x89, 0x81, 0, 0, 0, 0, 'p',  0x01, 0x81, 0, 0, 0, 0,    'a',
                             0x80, 0x80, 0, 0, 0, 0, 0x88, 0x82, 0,    0, 0, 0, 0x03, 0xe8});
    const std::string id(32, 'a');
    const auto body = text("some encrypted bytes");
    auto put = text("PUT /v1/blobs/" + id + " HTTP/1.1\r\nHost: relay\r\nContent-Range: bytes 0-" +
                    std::to_string(body.size() - 1) + "/" + std::to_string(body.size()) +
                    "\r\nHuecry-Channel: directory\r\nHuecry-Lifetime: 60000\r\nHuecry-Digest: " +
                    to_hex(sha256(body).view()) +
                    "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
    put.insert(put.end(), body.begin(), body.end());
    seeds.add("put", 3, put);
    auto nameless = std::string(to_string(put));  // found: a PUT without a digest
    nameless.replace(nameless.find("Digest"), 6, "Figest");
    seeds.add("put_without_digest", 3, to_bytes(view(nameless)));
    auto all = put;
    for (const auto& more :
         {"HEAD /v1/blobs/" + id + " HTTP/1.1\r\nHost: relay\r\n\r\n",
          "GET /v1/blobs/" + id + " HTTP/1.1\r\nHost: relay\r\nRange: bytes=3-9\r\n\r\n"})
        all.insert(all.end(), more.begin(), more.end());
    seeds.add("put_head_get", 3, all);
}

void write_seeds(const std::filesystem::path& folder, const Sessions& sessions) {
    Seeds frames(folder, "relay_frame_fuzz");
    frames.add("town", 0, Tape::pack(sessions.town));
    for (const auto& [name, steps] : sessions.more) frames.add(name, 1, Tape::pack(steps));
    write_http_seeds(folder, sessions);
    Seeds backups(folder, "backup_fuzz");  // backup_fuzz.cpp says what the bytes mean
    backups.add("bits", 0, {0, 0, 50, 1, 0, 40, 7, 255});
    backups.add("cut", 2, {64});
    Bytes rows;
    for (std::uint8_t which = 0; which < 10; ++which) {
        const Bytes value(32, which);
        for (const std::uint8_t b : {which, std::uint8_t{32}, std::uint8_t{1}}) rows.push_back(b);
        rows.insert(rows.end(), value.begin(), value.end());
    }
    backups.add("rows", 3, rows);
    Seeds settings(folder, "settings_fuzz");
    std::ifstream in(HUECRY_SETTINGS, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    settings.add("as_deployed", to_bytes(view(text)));
    for (std::size_t at = 0; (at = text.find("\n#", at)) != text.npos; ++at)
        if (text[at + 2] >= 'a' && text[at + 2] <= 'z') text.erase(at + 1, 1);
    settings.add("every_key", to_bytes(view(text)));
    settings.add("bracket", to_bytes(view(std::string_view("[# found: toml++ asserts"))));
}

}  // namespace

int main(int argc, char** argv) {
    doctest::Context context;
    context.setAsDefaultForAssertsOutOfTestCases();
    context.setAssertHandler([](const doctest::AssertData& data) {
        std::fprintf(stderr, "%s:%d: %s\n", data.m_file, data.m_line, data.m_expr);
        std::exit(1);
    });
    const auto sessions = Sessions::record();
    if (argc == 3 && std::string_view(argv[1]) == "--seeds") {
        std::filesystem::create_directories(argv[2]);
        write_seeds(argv[2], sessions);
        return 0;
    }
    const Folder folder;
    const auto store = relay::open_sqlcipher_store(folder.path() / "relay.db", Bytes(32, 3));
    if (!store) return 1;
    std::cout
        << "# Sessions of clients with a relay, protocol version 1, byte for byte:\n"
           "#   relay SEED    the relay's identity   time MS    its clock at the beginning\n"
           "#   open N BYTES  a connection: TLS exporter (32 bytes) and what the relay draws\n"
           "#                 as its nonce (32)      close N    the client has gone\n"
           "#   > N FRAME     from the client        < N FRAME  from the relay\n"
           "#   commit        the batch is on disk   pass MS    of time, then a tick\n"
           "# Made by tests/unit/record_sessions.cpp; a later relay answers the same.\n"
        << sessions.tape(**store, folder.path().string()).text();
    return 0;
}
