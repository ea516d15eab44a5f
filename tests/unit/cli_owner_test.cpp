#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <csignal>
#include <fstream>

#include "owner/asker.hpp"
#include "owner/server.hpp"
#include "support/temporary_directory.hpp"

// Work handed from one process to another over a real socket; the commands are made up.
using namespace huecry;
using namespace huecry::cli;
using namespace std::chrono_literals;
using huecry::test::TemporaryDirectory;

namespace {

SecretBytes secret(std::string_view text) { return SecretBytes(view(text)); }
const auto right = [](const SecretBytes& given) { return given == secret("right"); };

/// Standard output of this process goes to a file while it lives.
class Captured {
public:
    explicit Captured(const std::filesystem::path& file)
        : saved_(::dup(STDOUT_FILENO)), file_(file) {
        const File to(::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        ::dup2(to.fd(), STDOUT_FILENO);
    }
    Captured(const Captured&) = delete;
    Captured& operator=(const Captured&) = delete;
    ~Captured() {
        ::dup2(saved_, STDOUT_FILENO);
        ::close(saved_);
    }
    [[nodiscard]] std::string text() const {
        std::ifstream in(file_, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

private:
    int saved_;
    std::filesystem::path file_;
};

Request request_for(std::vector<std::string> arguments) {
    Request request;
    request.version = "1";
    request.arguments = std::move(arguments);
    return request;
}

struct Asked {
    Forwarded result;
    std::string output;
    std::uint64_t position;
};
Asked ask(const TemporaryDirectory& folder, const Request& request, std::string_view passphrase) {
    Terminal terminal;
    const auto given = secret(passphrase);
    const Captured captured(folder.path() / "captured");
    auto result = forward(folder.path(), request, given, terminal, 5s);
    return {std::move(result), captured.text(), terminal.position()};
}

std::unique_ptr<OwnerServer> serve(const TemporaryDirectory& folder, OwnerServer::Runner run) {
    auto server = OwnerServer::start(folder.path(), "1", right, std::move(run));
    REQUIRE(server.ok());
    return std::move(*server);
}

/// A flag that threads wait for.
class Gate {
public:
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    void pass() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return open_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

}  // namespace

TEST_CASE("owner: runs a command for another, with its words, output and exit code") {
    TemporaryDirectory folder;
    auto server = serve(folder, [](const Request& request, RemoteConsole& console) {
        console.out("got " + request.arguments.at(1) + "\n");
        console.out(std::string(200'000, 'x'));
        return std::optional(7);
    });
    const auto asked = ask(folder, request_for({"send", "town"}), "right");
    CHECK(asked.result.end == Forwarded::End::finished);
    CHECK(asked.result.exit_code == 7);
    CHECK(asked.output == "got town\n" + std::string(200'000, 'x'));
}

TEST_CASE("owner: the socket is private, and an old one is replaced") {
    TemporaryDirectory folder;
    std::ofstream(folder.path() / socket_name) << "left behind";
    {
        auto server =
            serve(folder, [](const Request&, RemoteConsole&) { return std::optional(0); });
        struct stat about{};
        REQUIRE(::stat((folder.path() / socket_name).c_str(), &about) == 0);
        CHECK(S_ISSOCK(about.st_mode));
        CHECK((about.st_mode & 0777) == 0600);
        CHECK(ask(folder, request_for({"x"}), "right").result.end == Forwarded::End::finished);
    }
    CHECK_FALSE(std::filesystem::exists(folder.path() / socket_name));
    CHECK(ask(folder, request_for({"x"}), "right").result.end == Forwarded::End::no_owner);
}

TEST_CASE("owner: a profile whose path is longer than a socket's address") {
    TemporaryDirectory folder;
    auto deep = folder.path();
    for (int i = 0; i < 5; ++i) deep /= std::string(60, static_cast<char>('a' + i));
    std::filesystem::create_directories(deep);
    auto server = OwnerServer::start(deep, "1", right, [](const Request&, RemoteConsole& console) {
        console.out("deep");
        return std::optional(0);
    });
    REQUIRE(server.ok());
    Terminal terminal;
    const Captured captured(folder.path() / "captured");
    const auto result = forward(deep, request_for({"x"}), secret("right"), terminal, 5s);
    CHECK(result.end == Forwarded::End::finished);
    CHECK(captured.text() == "deep");
}

TEST_CASE("owner: a wrong passphrase and another version are refused, nothing runs") {
    TemporaryDirectory folder;
    std::atomic<int> runs{0};
    auto server = serve(folder, [&](const Request&, RemoteConsole&) {
        ++runs;
        return std::optional(0);
    });
    const auto wrong = ask(folder, request_for({"x"}), "wrong").result;
    CHECK(wrong.end == Forwarded::End::refused);
    CHECK(wrong.error.code == Errc::passphrase_wrong);
    auto other = request_for({"x"});
    other.version = "2";
    const auto refused = ask(folder, other, "right").result;
    CHECK(refused.end == Forwarded::End::refused);
    CHECK(refused.error.code == Errc::busy);
    CHECK(runs == 0);
}

TEST_CASE("owner: files and the standard input are those of the asking side") {
    TemporaryDirectory folder;
    std::ofstream(folder.path() / "in.jpg", std::ios::binary) << std::string(300'000, 'p');
    auto server = serve(folder, [&](const Request& request, RemoteConsole& console) {
        const auto read = console.read_file(request.arguments.at(0), 1'000'000);
        CHECK(read.ok());
        CHECK(console.read_file(request.arguments.at(0), 1000).error().code == Errc::too_large);
        CHECK(console.read_file(request.arguments.at(0) + "x", 1000).error().code ==
              Errc::not_found);
        CHECK(console.write_file(request.arguments.at(1), *read, false).ok());
        CHECK(console.write_file(request.arguments.at(1), *read, false).error().code ==
              Errc::invalid_argument);
        CHECK(console.write_file(request.arguments.at(1), view("short"), true).ok());
        CHECK(console.passphrase("New", std::nullopt, Passphrase::chosen).error().code ==
              Errc::passphrase_missing);
        CHECK_FALSE(console.ask("Well? ").has_value());
        return std::optional(0);
    });
    const auto out = folder.path() / "out.jpg";
    const auto asked = ask(folder, request_for({folder.path() / "in.jpg", out}), "right");
    CHECK(asked.result.end == Forwarded::End::finished);
    CHECK(std::filesystem::file_size(out) == 5);
    struct stat about{};
    REQUIRE(::stat(out.c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0600);
}

TEST_CASE("owner: its end sends what streams back, with the place where it goes on") {
    TemporaryDirectory folder;
    Gate shown;
    auto server = serve(folder, [&](const Request&, RemoteConsole& console) -> std::optional<int> {
        console.set_streams(true);
        console.out("event 41\n");
        CHECK(console.deliver(41));
        shown.open();
        while (!console.gone()) ::poll(nullptr, 0, 1);
        return 0;
    });
    std::thread ending([&] {
        shown.pass();
        server->finish();
    });
    const auto asked = ask(folder, request_for({"listen"}), "right");
    ending.join();
    CHECK(asked.result.end == Forwarded::End::moved);
    CHECK(asked.output == "event 41\n");
    CHECK(asked.position == 41);
}

TEST_CASE("owner: its end waits for work that has an end") {
    TemporaryDirectory folder;
    Gate running;
    Gate go_on;
    auto server = serve(folder, [&](const Request&, RemoteConsole& console) {
        running.open();
        go_on.pass();
        console.out("complete");
        return std::optional(3);
    });
    std::thread ending([&] {
        running.pass();
        std::thread release([&] { go_on.open(); });
        server->finish();
        release.join();
    });
    const auto asked = ask(folder, request_for({"inbox"}), "right");
    ending.join();
    CHECK(asked.result.end == Forwarded::End::finished);
    CHECK(asked.result.exit_code == 3);
    CHECK(asked.output == "complete");
}

TEST_CASE("owner: notices when the asking side has gone away") {
    TemporaryDirectory folder;
    Gate noticed;
    auto server = serve(folder, [&](const Request&, RemoteConsole& console) {
        while (!console.gone()) ::poll(nullptr, 0, 1);
        noticed.open();
        return std::optional(0);
    });
    {
        auto socket = connect_to_owner(folder.path());
        REQUIRE(socket.ok());
        REQUIRE(socket->has_value());
        FrameSocket frames(std::move(**socket));
        REQUIRE(frames.send(FrameType::secret, "right"));
        REQUIRE(frames.send(FrameType::request, request_for({"listen"}).encode()));
        REQUIRE(frames.receive(5s)->type == FrameType::begun);
    }
    noticed.pass();
}

TEST_CASE("owner: hostile bytes end their own connection only") {
    TemporaryDirectory folder;
    auto server = serve(folder, [](const Request&, RemoteConsole&) { return std::optional(5); });
    const std::vector<std::string> attacks{
        "",
        "\xff\xff\xff\xff\x01",
        std::string("\0\0\0\0\x7f", 5),
        encode(FrameType::request, "{}"),
        encode(FrameType::secret, "right") + encode(FrameType::request, "{]"),
        encode(FrameType::secret, "right") + encode(FrameType::secret, "right"),
        encode(FrameType::secret, "right") + encode(FrameType::begun, ""),
        encode(FrameType::secret, std::string(max_frame, 'x')),
    };
    for (const auto& attack : attacks) {
        auto socket = connect_to_owner(folder.path());
        REQUIRE(socket.ok());
        REQUIRE(socket->has_value());
        const auto fd = (*socket)->fd();
        (void)::send(fd, attack.data(), attack.size(), MSG_NOSIGNAL);
        ::shutdown(fd, SHUT_WR);
        std::array<char, 4096> rest{};
        while (::recv(fd, rest.data(), rest.size(), 0) > 0) {
        }
    }
    CHECK(ask(folder, request_for({"x"}), "right").result.exit_code == 5);
}

TEST_CASE("owner: many at once") {
    TemporaryDirectory folder;
    std::atomic<int> runs{0};
    auto server = serve(folder, [&](const Request& request, RemoteConsole&) {
        ++runs;
        return std::optional(std::stoi(request.arguments.at(0)));
    });
    std::vector<std::thread> askers;
    std::atomic<int> right_codes{0};
    for (int i = 0; i < 16; ++i) {
        askers.emplace_back([&, i] {
            Terminal terminal;
            const auto result = forward(folder.path(), request_for({std::to_string(i)}),
                                        secret("right"), terminal, 10s);
            if (result.end == Forwarded::End::finished && result.exit_code == i) ++right_codes;
        });
    }
    for (auto& asker : askers) asker.join();
    CHECK(right_codes == 16);
    CHECK(runs == 16);
}

TEST_CASE(
    "asker: an owner killed in the middle is lost, and what was not delivered is not printed") {
    bool delivered = false;
    SUBCASE("with nothing delivered") { delivered = false; }
    SUBCASE("with something delivered") { delivered = true; }
    TemporaryDirectory folder;
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    const auto child = ::fork();
    if (child == 0) {
        auto server = OwnerServer::start(folder.path(), "1", right,
                                         [&](const Request& request, RemoteConsole& console) {
                                             console.out("first\n");
                                             if (request.arguments.at(0) == "delivered")
                                                 (void)console.deliver(9);
                                             console.out("second\n");
                                             ::kill(::getpid(), SIGKILL);
                                             return std::optional(0);
                                         });
        (void)::write(pipe[1], "x", 1);
        while (true) ::pause();
    }
    char ready = 0;
    REQUIRE(::read(pipe[0], &ready, 1) == 1);
    const auto asked = ask(folder, request_for({delivered ? "delivered" : "held"}), "right");
    CHECK(asked.result.end == Forwarded::End::lost);
    CHECK(asked.output == (delivered ? "first\n" : ""));
    CHECK(asked.position == (delivered ? 9 : 0));
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
    // The dead owner's socket is still there, and is in nobody's way.
    CHECK(std::filesystem::exists(folder.path() / socket_name));
    CHECK(ask(folder, request_for({"x"}), "right").result.end == Forwarded::End::no_owner);
    auto next = serve(folder, [](const Request&, RemoteConsole&) { return std::optional(4); });
    CHECK(ask(folder, request_for({"x"}), "right").result.exit_code == 4);
    ::close(pipe[0]);
    ::close(pipe[1]);
}
