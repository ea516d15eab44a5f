// The only file that sees spdlog.
#include "ops/log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace huecry::relay {
namespace {

spdlog::level::level_enum level_of(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warning:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

struct Shown {
    fmt::memory_buffer& out;
    void operator()(std::uint64_t value) const { fmt::format_to(fmt::appender(out), "{}", value); }
    void operator()(Errc value) const {
        fmt::format_to(fmt::appender(out), "{}", huecry::name(value));
    }
    void operator()(std::string_view value) const {
        fmt::format_to(fmt::appender(out), "\"{}\"", value);
    }
    void operator()(const std::array<char, 8>& value) const {
        out.append(value.data(), value.data() + value.size());
    }
};

}  // namespace

struct Logger::Impl {
    spdlog::logger logger;
};

Logger::Logger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Logger::Logger(Logger&&) noexcept = default;
Logger& Logger::operator=(Logger&&) noexcept = default;
Logger::~Logger() = default;

Result<Logger> Logger::open(LogLevel level, const std::filesystem::path& file) {
    try {
        spdlog::sink_ptr sink;
        if (file.empty()) {
            sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
        } else {
            sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string());
        }
        auto impl = std::make_unique<Impl>(Impl{spdlog::logger("relay", std::move(sink))});
        impl->logger.set_level(level_of(level));
        impl->logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(
            "%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc));
        impl->logger.flush_on(spdlog::level::info);
        // A log that cannot be written must not print to elsewhere, nor stop the relay.
        impl->logger.set_error_handler([](const std::string&) {});
        return Logger(std::move(impl));
    } catch (const spdlog::spdlog_ex&) {
        return Error{Errc::io_failed, "cannot write the log " + file.string()};
    }
}

void Logger::operator()(LogLevel level, std::string_view event,
                        std::initializer_list<LogField> fields) const {
    const auto severity = level_of(level);
    if (!impl_->logger.should_log(severity)) return;
    fmt::memory_buffer line;
    line.append(event.data(), event.data() + event.size());
    for (const auto& field : fields) {
        fmt::format_to(fmt::appender(line), " {}=", field.name);
        std::visit(Shown{line}, field.value);
    }
    impl_->logger.log(severity, spdlog::string_view_t(line.data(), line.size()));
}

Log Logger::callback() const {
    return [this](LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
        (*this)(level, event, fields);
    };
}

}  // namespace huecry::relay
