#pragma once

#include <atomic>

#include "console.hpp"
#include "owner/request.hpp"
#include "owner/socket.hpp"

namespace huecry::cli {

/// The console of a command that another process handed over: all of it goes through the socket.
/// Used by the session's thread; `move_on` may come from any.
class RemoteConsole : public Console {
public:
    RemoteConsole(FrameSocket& socket, const Request& request)
        : socket_(socket),
          in_(request.in_terminal),
          out_(request.out_terminal),
          err_(request.err_terminal) {}

    void out(std::string_view text) override { write(FrameType::out, text); }
    void err(std::string_view text) override { write(FrameType::err, text); }
    [[nodiscard]] bool deliver(std::uint64_t position) override;
    [[nodiscard]] bool gone() override {
        return broken_ || moving_while_idle() || socket_.closed();
    }

    [[nodiscard]] bool out_is_terminal() const override { return out_; }
    [[nodiscard]] bool err_is_terminal() const override { return err_; }
    [[nodiscard]] bool can_ask() const override { return in_; }
    std::optional<std::string> ask(std::string_view question) override;
    Result<SecretBytes> passphrase(std::string_view what, std::optional<int> fd,
                                   Passphrase kind) override;

    Result<std::string> input(std::size_t limit) override;
    Result<Bytes> read_file(const std::string& path, std::size_t limit) override;
    Result<void> write_file(const std::string& path, BytesView bytes, bool replace) override;

    /// The command runs until somebody ends it.
    void set_streams(bool streams) { streams_ = streams; }
    /// The owner is ending: what streams, or waits for a person, is to go on at the asking side.
    void move_on();
    /// The command was cut short by `move_on`.
    [[nodiscard]] bool moved() const { return moving_ && (streams_ || asked_in_vain_); }

private:
    void write(FrameType type, std::string_view text);
    [[nodiscard]] bool moving_while_idle() const { return moving_ && streams_; }
    /// An answer of a person; nothing when the other side is gone.
    std::optional<Frame> wait_for_person();
    Result<Bytes> receive_data(std::size_t limit);

    FrameSocket& socket_;
    bool in_, out_, err_;
    bool broken_ = false;
    std::atomic<bool> streams_{false}, moving_{false}, waiting_{false}, asked_in_vain_{false};
};

}  // namespace huecry::cli
