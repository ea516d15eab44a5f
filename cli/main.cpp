#include <csignal>
#include <thread>

#include "program.hpp"

#include <unistd.h>

namespace {

/// Ends the process as the signal would, after giving the terminal its echo back. Nothing else is
/// needed: what counts is in the store, and other processes take over what they had handed to us.
void end_on_signals(const sigset_t& signals) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) return;
    huecry::cli::restore_terminal();
    std::signal(signal, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
    kill(getpid(), signal);
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::thread(end_on_signals, signals).detach();

    return huecry::cli::Program(std::vector<std::string>(argv + 1, argv + argc)).run();
}
