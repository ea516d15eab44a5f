#include "terminal.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

namespace huecry::cli {
namespace {

// The one piece of global state: a signal must be able to give the terminal its echo back.
std::atomic<int> silenced_tty{-1};
termios before_silence{};

/// No echo while it lives.
class Silence {
public:
    explicit Silence(int tty) : tty_(tty) {
        if (::tcgetattr(tty_, &before_silence) != 0) return;
        auto silent = before_silence;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        silenced_tty = tty_;
        ::tcsetattr(tty_, TCSAFLUSH, &silent);
    }
    Silence(const Silence&) = delete;
    Silence& operator=(const Silence&) = delete;
    ~Silence() { restore_terminal(); }

private:
    int tty_;
};

/// One line without its end, straight into memory that is wiped. Nothing at the end of input.
std::optional<SecretBytes> read_line(int fd, std::size_t limit) {
    SecretBytes line(limit);
    std::size_t used = 0;
    bool any = false;
    while (true) {
        std::uint8_t c = 0;
        const auto got = ::read(fd, &c, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        any = true;
        if (c == '\n') break;
        if (used < limit) line.span()[used++] = c;
    }
    if (!any) return std::nullopt;
    return SecretBytes(line.view().first(used));
}

void say(int fd, std::string_view text) { (void)write_all(fd, view(text)); }

}  // namespace

void restore_terminal() {
    const int tty = silenced_tty.exchange(-1);
    if (tty >= 0) ::tcsetattr(tty, TCSANOW, &before_silence);
}

Terminal::Terminal() {
    out_terminal_ = ::isatty(STDOUT_FILENO) == 1;
    err_terminal_ = ::isatty(STDERR_FILENO) == 1;
    // A controlling terminal alone is no person: a script started from one must not hang on it.
    if (::isatty(STDIN_FILENO) == 1 || err_terminal_)
        tty_ = File(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
}

void Terminal::out(std::string_view text) {
    if (out_broken_) return;
    const int error = write_all(STDOUT_FILENO, view(text));
    if (error == 0) return;
    out_error_ = error;
    out_broken_ = true;
}

void Terminal::err(std::string_view text) { say(STDERR_FILENO, text); }

bool Terminal::deliver(std::uint64_t position) {
    if (out_broken_) return false;
    position_ = position;
    return true;
}

std::optional<std::string> Terminal::ask(std::string_view question) {
    if (!can_ask()) return std::nullopt;
    say(tty_.fd(), question);
    const auto line = read_line(tty_.fd(), 1024);
    if (!line) return std::nullopt;
    return to_string(line->view());
}

Result<SecretBytes> Terminal::ask_passphrase(std::string_view what) {
    if (!can_ask()) return Errc::passphrase_missing;
    std::optional<SecretBytes> line;
    {
        // Before the question: what is typed at once must neither show nor be dropped.
        const Silence silence(tty_.fd());
        say(tty_.fd(), std::string(what) + ": ");
        line = read_line(tty_.fd(), max_passphrase + 1);
    }
    say(tty_.fd(), "\n");
    if (!line) return Error{Errc::cancelled};
    if (line->size() > max_passphrase) return Error{Errc::too_large, "the passphrase"};
    return std::move(*line);
}

Result<SecretBytes> Terminal::passphrase(std::string_view what, std::optional<int> fd,
                                         Passphrase kind) {
    HUECRY_TRY_ASSIGN(auto first, fd ? passphrase_from(*fd) : ask_passphrase(what));
    if (kind == Passphrase::known) return first;
    HUECRY_TRY(check_new_passphrase(first));
    if (fd) return first;
    HUECRY_TRY_ASSIGN(const auto second, ask_passphrase("The same again"));
    if (!(first == second)) return Error{Errc::invalid_argument, "the two passphrases differ"};
    return first;
}

Result<std::string> Terminal::input(std::size_t limit) {
    if (!input_) {
        HUECRY_TRY_ASSIGN(const auto bytes, read_rest(STDIN_FILENO, limit));
        input_ = to_string(bytes);
    }
    return *input_;
}

Result<Bytes> Terminal::read_file(const std::string& path, std::size_t limit) {
    return cli::read_file(path, limit);
}

Result<void> Terminal::write_file(const std::string& path, BytesView bytes, bool replace) {
    return cli::write_file(path, bytes, replace);
}

unsigned Terminal::width() const {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 0;
}

Result<SecretBytes> passphrase_from(int fd) {
    if (::fcntl(fd, F_GETFD) < 0)
        return Error{Errc::invalid_argument,
                     "file descriptor " + std::to_string(fd) + " is not open"};
    auto line = read_line(fd, max_passphrase + 1);
    if (line && line->size() > max_passphrase) return Error{Errc::too_large, "the passphrase"};
    if (line && !line->empty() && line->view().back() == '\r')
        line = SecretBytes(line->view().first(line->size() - 1));
    if (!line || line->empty())
        return Error{Errc::passphrase_missing, "the file of the passphrase is empty"};
    return std::move(*line);
}

Result<void> check_new_passphrase(const SecretBytes& passphrase) {
    if (passphrase.size() >= min_passphrase) return {};
    return Error{Errc::invalid_argument, "a passphrase needs 8 characters or more"};
}

}  // namespace huecry::cli
