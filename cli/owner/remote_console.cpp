#include "owner/remote_console.hpp"

#include "output/json.hpp"

namespace huecry::cli {
namespace {

const Error asker_gone{Errc::cancelled, "the process that asked for it is gone"};

}  // namespace

void RemoteConsole::write(FrameType type, std::string_view text) {
    while (!text.empty() && !broken_) {
        const auto part = text.substr(0, file_chunk);
        broken_ = !socket_.send(type, part);
        text.remove_prefix(part.size());
    }
}

bool RemoteConsole::deliver(std::uint64_t position) {
    if (broken_) return false;
    const auto payload = Object().set("position", std::to_string(position)).text();
    if (!socket_.send(FrameType::deliver, payload)) broken_ = true;
    const auto answer = broken_ ? std::nullopt : socket_.receive();
    if (!answer || answer->type != FrameType::done) broken_ = true;
    return !broken_;
}

std::optional<Frame> RemoteConsole::wait_for_person() {
    waiting_ = true;
    if (moving_) socket_.interrupt();
    auto frame = socket_.receive();
    waiting_ = false;
    if (!frame) {
        asked_in_vain_ = true;
        broken_ = !moving_;
    }
    return frame;
}

void RemoteConsole::move_on() {
    moving_ = true;
    if (streams_ || waiting_) socket_.interrupt();
}

std::optional<std::string> RemoteConsole::ask(std::string_view question) {
    if (!in_ || broken_ || !socket_.send(FrameType::ask, question)) return std::nullopt;
    auto frame = wait_for_person();
    if (!frame || frame->type != FrameType::answer) return std::nullopt;
    return std::move(frame->payload);
}

Result<SecretBytes> RemoteConsole::passphrase(std::string_view what, std::optional<int> fd,
                                              Passphrase kind) {
    const auto payload = Object()
                             .set("what", what)
                             .set("fd", fd.value_or(-1))
                             .set("chosen", kind == Passphrase::chosen)
                             .text();
    if (broken_ || !socket_.send(FrameType::want_secret, payload)) return asker_gone;
    auto frame = wait_for_person();
    if (!frame) return asker_gone;
    if (frame->type == FrameType::failed) return decode_error(frame->payload);
    if (frame->type != FrameType::secret) return asker_gone;
    SecretBytes secret(view(frame->payload));
    wipe(frame->payload.data(), frame->payload.size());
    return secret;
}

Result<Bytes> RemoteConsole::receive_data(std::size_t limit) {
    Bytes out;
    while (true) {
        const auto frame = socket_.receive();
        if (!frame) break;
        if (frame->type == FrameType::failed) return decode_error(frame->payload);
        if (frame->type == FrameType::done) return out;
        if (frame->type != FrameType::data) break;
        if (out.size() + frame->payload.size() > limit) break;
        const auto part = view(frame->payload);
        out.insert(out.end(), part.begin(), part.end());
    }
    broken_ = true;
    return asker_gone;
}

Result<std::string> RemoteConsole::input(std::size_t limit) {
    const auto payload = Object().set("limit", limit).text();
    if (broken_ || !socket_.send(FrameType::want_input, payload)) return asker_gone;
    waiting_ = true;  // a person may be typing it
    if (moving_) socket_.interrupt();
    auto bytes = receive_data(limit);
    waiting_ = false;
    if (!bytes && moving_) asked_in_vain_ = true;
    if (!bytes) return bytes.error();
    return to_string(*bytes);
}

Result<Bytes> RemoteConsole::read_file(const std::string& path, std::size_t limit) {
    const auto payload = Object().set("path", to_base64url(view(path))).set("limit", limit).text();
    if (broken_ || !socket_.send(FrameType::want_file, payload)) return asker_gone;
    return receive_data(limit);
}

Result<void> RemoteConsole::write_file(const std::string& path, BytesView bytes, bool replace) {
    const auto payload =
        Object().set("path", to_base64url(view(path))).set("replace", replace).text();
    bool sent = !broken_ && socket_.send(FrameType::put_file, payload);
    while (sent && !bytes.empty()) {
        const auto part = bytes.first(std::min(bytes.size(), file_chunk));
        sent = socket_.send(FrameType::put_data, to_string(part));
        bytes = bytes.subspan(part.size());
    }
    sent = sent && socket_.send(FrameType::put_done);
    const auto frame = sent ? socket_.receive() : std::nullopt;
    if (frame && frame->type == FrameType::failed) return decode_error(frame->payload);
    if (frame && frame->type == FrameType::done) return {};
    broken_ = true;
    return asker_gone;
}

}  // namespace huecry::cli
