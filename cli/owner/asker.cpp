#include "owner/asker.hpp"

#include "output/json.hpp"

namespace huecry::cli {
namespace {

class Asking {
public:
    Asking(FrameSocket& frames, Terminal& terminal) : frames_(frames), terminal_(terminal) {}

    Forwarded run() {
        while (true) {
            auto frame = frames_.receive();
            if (!frame) return {.end = Forwarded::End::lost};
            if (frame->type == FrameType::moved) return {.end = Forwarded::End::moved};
            if (frame->type == FrameType::finished) {
                print();
                const auto object = Object::parse(frame->payload);
                const auto code = object ? object->number("code").value_or(1) : 1;
                return {.end = Forwarded::End::finished,
                        .exit_code = static_cast<int>(code & 0xff)};
            }
            if (!handle(*frame)) return {.end = Forwarded::End::lost};
        }
    }

private:
    bool handle(Frame& frame) {
        switch (frame.type) {
            case FrameType::out:
            case FrameType::err:
                return hold(frame);
            case FrameType::deliver:
                return deliver(frame);
            case FrameType::ask:
                return ask(frame);
            case FrameType::want_secret:
                return want_secret(frame);
            case FrameType::want_input:
                return want_input(frame);
            case FrameType::want_file:
                return want_file(frame);
            case FrameType::put_file:
                return put_file(frame);
            default:
                return false;
        }
    }

    bool hold(Frame& frame) {
        if (held_size_ > max_held) print();
        held_size_ += frame.payload.size();
        held_.push_back(std::move(frame));
        return true;
    }
    void print() {
        for (const auto& frame : held_) {
            if (frame.type == FrameType::out)
                terminal_.out(frame.payload);
            else
                terminal_.err(frame.payload);
        }
        held_.clear();
        held_size_ = 0;
    }
    bool deliver(const Frame& frame) {
        print();
        const auto object = Object::parse(frame.payload);
        const auto text = object ? object->string("position") : std::nullopt;
        if (!text) return false;
        // False: whoever read our output is gone; the owner notices that we are.
        return terminal_.deliver(std::strtoull(text->c_str(), nullptr, 10)) &&
               frames_.send(FrameType::done);
    }
    bool ask(const Frame& frame) {
        print();
        const auto line = terminal_.ask(frame.payload);
        return line ? frames_.send(FrameType::answer, *line) : frames_.send(FrameType::no_answer);
    }
    bool want_secret(const Frame& frame) {
        print();
        const auto object = Object::parse(frame.payload);
        if (!object) return false;
        const auto fd = object->number("fd").value_or(-1);
        const auto secret = terminal_.passphrase(
            object->string("what").value_or("Passphrase"),
            fd < 0 ? std::nullopt : std::optional(static_cast<int>(fd)),
            object->boolean("chosen").value_or(true) ? Passphrase::chosen : Passphrase::known);
        if (!secret) return frames_.send(FrameType::failed, encode_error(secret.error()));
        const std::string_view bytes{reinterpret_cast<const char*>(secret->view().data()),
                                     secret->size()};
        return frames_.send(FrameType::secret, bytes);
    }
    bool send_data(BytesView bytes) {
        while (!bytes.empty()) {
            const auto part = bytes.first(std::min(bytes.size(), file_chunk));
            if (!frames_.send(FrameType::data, to_string(part))) return false;
            bytes = bytes.subspan(part.size());
        }
        return frames_.send(FrameType::done);
    }
    bool want_input(const Frame& frame) {
        const auto object = Object::parse(frame.payload);
        const auto limit = object ? object->number("limit").value_or(0) : 0;
        if (limit <= 0) return false;
        const auto text = terminal_.input(static_cast<std::size_t>(limit));
        if (!text) return frames_.send(FrameType::failed, encode_error(text.error()));
        return send_data(view(*text));
    }
    static std::optional<std::string> path_of(const Object& object) {
        Bytes path;
        if (!from_base64url(object.string("path").value_or(""), path) || path.empty())
            return std::nullopt;
        return to_string(path);
    }
    bool want_file(const Frame& frame) {
        const auto object = Object::parse(frame.payload);
        const auto path = object ? path_of(*object) : std::nullopt;
        const auto limit = object ? object->number("limit").value_or(0) : 0;
        if (!path || limit <= 0) return false;
        const auto bytes = terminal_.read_file(*path, static_cast<std::size_t>(limit));
        if (!bytes) return frames_.send(FrameType::failed, encode_error(bytes.error()));
        return send_data(*bytes);
    }
    bool put_file(const Frame& frame) {
        const auto object = Object::parse(frame.payload);
        const auto path = object ? path_of(*object) : std::nullopt;
        if (!path) return false;
        Bytes bytes;
        while (true) {
            const auto part = frames_.receive();
            if (!part) return false;
            if (part->type == FrameType::put_done) break;
            if (part->type != FrameType::put_data || bytes.size() > max_file) return false;
            const auto more = view(part->payload);
            bytes.insert(bytes.end(), more.begin(), more.end());
        }
        const auto written =
            terminal_.write_file(*path, bytes, object->boolean("replace").value_or(false));
        if (!written) return frames_.send(FrameType::failed, encode_error(written.error()));
        return frames_.send(FrameType::done);
    }

    static constexpr std::size_t max_held = 16U << 20;
    static constexpr std::size_t max_file = 64U << 20;
    FrameSocket& frames_;
    Terminal& terminal_;
    std::vector<Frame> held_;
    std::size_t held_size_ = 0;
};

}  // namespace

Forwarded forward(const std::filesystem::path& profile, const Request& request,
                  const SecretBytes& passphrase, Terminal& terminal,
                  std::chrono::milliseconds begin_limit) {
    auto connected = connect_to_owner(profile);
    if (!connected) return {.end = Forwarded::End::refused, .error = connected.error()};
    if (!*connected) return {.end = Forwarded::End::no_owner};
    FrameSocket frames(std::move(**connected));
    const std::string_view secret{reinterpret_cast<const char*>(passphrase.view().data()),
                                  passphrase.size()};
    // A refusal may be on its way although the second one no longer goes out.
    if (frames.send(FrameType::secret, secret))
        (void)frames.send(FrameType::request, request.encode());
    const auto first = frames.receive(begin_limit);
    if (!first) return {.end = Forwarded::End::no_owner};
    if (first->type == FrameType::refused)
        return {.end = Forwarded::End::refused, .error = decode_error(first->payload)};
    if (first->type == FrameType::moved) return {.end = Forwarded::End::moved};
    if (first->type != FrameType::begun) return {.end = Forwarded::End::no_owner};
    return Asking(frames, terminal).run();
}

}  // namespace huecry::cli
