#include "support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace huecry::test {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
        reading = ends[0];
        writing = ends[1];
    }
    int reading = -1;
    int writing = -1;
};

void close_end(int& fd) {
    if (fd >= 0) close(fd);
    fd = -1;
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
    std::vector<std::string> out;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text(*entry);
        if (!added.contains(text.substr(0, text.find('=')))) out.push_back(text);
    }
    for (const auto& [name, value] : added) out.push_back(name + "=" + value);
    return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

}  // namespace

struct Process::State {
    pid_t pid = -1;
    int pidfd = -1;
    int input = -1;
    int output_end = -1;
    int errors_end = -1;
    int stop_reading = -1;  // writing end of a pipe that ends the thread
    int stopped = -1;
    std::thread reader;

    mutable std::mutex mutex;
    std::condition_variable changed;
    std::string output;
    std::string errors;
    std::size_t taken = 0;  // of output, by read_line
    bool over = false;      // both streams have ended
    std::optional<Exit> exit;

    void read_all() {
        std::array<pollfd, 3> ends{
            {{output_end, POLLIN, 0}, {errors_end, POLLIN, 0}, {stopped, POLLIN, 0}}};
        while (ends[0].fd >= 0 || ends[1].fd >= 0) {
            if (poll(ends.data(), ends.size(), -1) < 0 && errno != EINTR) break;
            if (ends[2].revents != 0) break;
            for (std::size_t i = 0; i < 2; ++i) {
                if (ends[i].fd < 0 || ends[i].revents == 0) continue;
                std::array<char, 65536> bytes;
                const auto got = read(ends[i].fd, bytes.data(), bytes.size());
                const std::lock_guard lock(mutex);
                if (got > 0) {
                    (i == 0 ? output : errors).append(bytes.data(), static_cast<std::size_t>(got));
                } else {
                    ends[i].fd = -1;
                }
                changed.notify_all();
            }
        }
        const std::lock_guard lock(mutex);
        over = true;
        changed.notify_all();
    }

    std::optional<std::string> take_line() {
        const auto end = output.find('\n', taken);
        if (end == output.npos) return std::nullopt;
        auto line = output.substr(taken, end - taken);
        taken = end + 1;
        return line;
    }

    ~State() {
        close_end(input);
        close_end(output_end);
        close_end(errors_end);
        close_end(stop_reading);
        close_end(stopped);
        close_end(pidfd);
    }
};

Process::Process(const Options& options) : state_(std::make_unique<State>()) {
    Pipe in;
    Pipe out;
    Pipe err;
    Pipe stop;
    state_->input = in.writing;
    state_->output_end = out.reading;
    state_->errors_end = err.reading;
    state_->stop_reading = stop.writing;
    state_->stopped = stop.reading;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.reading, 0);
    posix_spawn_file_actions_adddup2(&actions, out.writing, 1);
    posix_spawn_file_actions_adddup2(&actions, err.writing, 2);
    if (!options.folder.empty())
        posix_spawn_file_actions_addchdir_np(&actions, options.folder.c_str());
    // A test may ignore or block signals; its programs start with the defaults.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::vector<std::string> words{options.program.string()};
    words.insert(words.end(), options.arguments.begin(), options.arguments.end());
    auto environment = merged_environment(options.environment);
    const auto argv = pointers(words);
    const auto envp = pointers(environment);
    const int failure = posix_spawnp(&state_->pid, options.program.c_str(), &actions, &attributes,
                                     argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close_end(in.reading);
    close_end(out.writing);
    close_end(err.writing);
    if (failure != 0)
        throw std::runtime_error("cannot start " + options.program.string() + ": " +
                                 std::strerror(failure));
    state_->pidfd = static_cast<int>(syscall(SYS_pidfd_open, state_->pid, 0));
    state_->reader = std::thread([state = state_.get()] { state->read_all(); });
}

Process::Process(Process&&) noexcept = default;

Process::~Process() {
    if (!state_) return;
    if (!state_->exit) kill();
    // A grandchild may hold the pipes open: the thread is told, not waited for.
    const char byte = 0;
    [[maybe_unused]] const auto written = ::write(state_->stop_reading, &byte, 1);
    if (state_->reader.joinable()) state_->reader.join();
}

std::optional<std::string> Process::read_line(Time longest) {
    std::unique_lock lock(state_->mutex);
    std::optional<std::string> line;
    state_->changed.wait_until(lock, Clock::now() + longest, [&] {
        line = state_->take_line();
        return line.has_value() || state_->over;
    });
    return line;
}

std::optional<std::string> Process::read_until(const std::string& text, Time longest) {
    const auto until = Clock::now() + longest;
    for (;;) {
        const auto left = std::chrono::duration_cast<Time>(until - Clock::now());
        auto line = read_line(std::max(left, Time(0)));
        if (!line || line->find(text) != line->npos) return line;
    }
}

std::string Process::output() const {
    const std::lock_guard lock(state_->mutex);
    return state_->output;
}

std::string Process::errors() const {
    const std::lock_guard lock(state_->mutex);
    return state_->errors;
}

bool Process::errors_contain(const std::string& text, Time longest) {
    std::unique_lock lock(state_->mutex);
    const auto found = [&] { return state_->errors.find(text) != std::string::npos; };
    state_->changed.wait_until(lock, Clock::now() + longest,
                               [&] { return found() || state_->over; });
    return found();
}

void Process::write(const std::string& text) {
    // A program that has gone must not take the test with it.
    sigset_t pipe_signal;
    sigset_t before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    std::size_t at = 0;
    while (at < text.size()) {
        const auto written = ::write(state_->input, text.data() + at, text.size() - at);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) break;
        at += static_cast<std::size_t>(written);
    }
    const timespec now{};
    while (sigtimedwait(&pipe_signal, nullptr, &now) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Process::close_input() { close_end(state_->input); }

void Process::send_signal(int number) {
    if (!state_->exit) ::kill(state_->pid, number);
}

Exit Process::kill() {
    send_signal(SIGKILL);
    return wait().value_or(Exit{});
}

std::optional<Exit> Process::wait(Time longest) {
    if (state_->exit) return state_->exit;
    const auto until = Clock::now() + longest;
    pollfd ended{state_->pidfd, POLLIN, 0};
    for (;;) {
        const auto left = std::chrono::duration_cast<Time>(until - Clock::now()).count();
        const int ready = poll(&ended, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
        if (ready > 0) break;
        if (ready == 0) return std::nullopt;
        if (errno != EINTR) return std::nullopt;
    }
    int status = 0;
    if (waitpid(state_->pid, &status, 0) != state_->pid) return std::nullopt;
    Exit exit;
    if (WIFEXITED(status)) exit.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) exit.signal = WTERMSIG(status);
    state_->exit = exit;
    std::unique_lock lock(state_->mutex);
    state_->changed.wait_until(lock, until, [&] { return state_->over; });
    return exit;
}

int Process::id() const { return state_->pid; }

Finished run(const Process::Options& options, const std::string& input, Process::Time longest) {
    Process process(options);
    process.write(input);
    process.close_input();
    const auto exit = process.wait(longest);
    if (!exit) throw std::runtime_error(options.program.string() + " did not end in time");
    return {*exit, process.output(), process.errors()};
}

}  // namespace huecry::test
