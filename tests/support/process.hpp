#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// A program under test: its standard streams, its end. Nothing here sleeps; every wait ends with
// the event or with its deadline.
namespace huecry::test {

/// How a program ended.
struct Exit {
    int code = -1;   // -1 when it was ended by a signal
    int signal = 0;  // 0 when it exited by itself
    bool operator==(const Exit&) const = default;
};

/// One running program. Its standard output and error are read all the time by a thread of this
/// object, so that it never blocks on a full pipe. Destroying the object kills it.
class Process {
public:
    struct Options {
        std::filesystem::path program;
        std::vector<std::string> arguments{};
        /// Added to (or replacing) this process's environment.
        std::map<std::string, std::string> environment{};
        std::filesystem::path folder{};  // empty: this process's
    };
    using Time = std::chrono::milliseconds;
    static constexpr Time long_enough{20'000};

    /// Throws std::runtime_error when the program cannot be started.
    explicit Process(const Options& options);
    ~Process();
    Process(Process&&) noexcept;
    Process& operator=(Process&&) = delete;

    /// The next line of standard output without its end; empty at the end of output or when
    /// `longest` has passed.
    [[nodiscard]] std::optional<std::string> read_line(Time longest = long_enough);
    /// Lines are taken and dropped until one contains `text`; that one is returned.
    [[nodiscard]] std::optional<std::string> read_until(const std::string& text,
                                                        Time longest = long_enough);
    /// Everything so far; `output` also what read_line has taken.
    [[nodiscard]] std::string output() const;
    [[nodiscard]] std::string errors() const;
    /// Waits until standard error contains `text`.
    [[nodiscard]] bool errors_contain(const std::string& text, Time longest = long_enough);

    void write(const std::string& text);
    void close_input();

    void send_signal(int number);
    /// kill -9, and waits for the end.
    Exit kill();
    /// Empty when it has not ended by then. All of its output has been read when this returns.
    [[nodiscard]] std::optional<Exit> wait(Time longest = long_enough);
    [[nodiscard]] int id() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Runs a program to its end with `input` on its standard input.
struct Finished {
    Exit exit;
    std::string output;
    std::string errors;
};
/// Throws std::runtime_error when it does not end in time (it is killed then).
Finished run(const Process::Options& options, const std::string& input = {},
             Process::Time longest = Process::long_enough);

}  // namespace huecry::test
