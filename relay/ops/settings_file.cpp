// The only file that sees toml++.
#include <sys/stat.h>

#include <stdexcept>

// toml++ 3.3 asserts, and with NDEBUG assumes, what a malformed file need not keep ("[#"): here it
// is an error like any other.
#undef NDEBUG
#define TOML_ASSERT(condition) \
    ((condition) ? static_cast<void>(0) : throw std::logic_error("malformed"))
#include <toml++/toml.h>

#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "huecry/limits.hpp"
#include "ops/settings.hpp"

namespace huecry::relay {
namespace {

using Setter = std::function<Result<void>(const toml::node&, Settings&)>;

Error wrong(std::string what) { return Error{Errc::invalid_argument, std::move(what)}; }

Setter text(std::function<Result<void>(const std::string&, Settings&)> take) {
    return [take = std::move(take)](const toml::node& node, Settings& out) -> Result<void> {
        const auto value = node.value_exact<std::string>();
        if (!value) return wrong("a text in quotes is wanted");
        return take(*value, out);
    };
}

Setter number(std::uint64_t least, std::uint64_t most,
              std::function<void(std::uint64_t, Settings&)> take) {
    return [=](const toml::node& node, Settings& out) -> Result<void> {
        const auto value = node.value_exact<std::int64_t>();
        if (!value || *value < 0 || static_cast<std::uint64_t>(*value) < least ||
            static_cast<std::uint64_t>(*value) > most)
            return wrong("a whole number from " + std::to_string(least) + " to " +
                         std::to_string(most) + " is wanted");
        take(static_cast<std::uint64_t>(*value), out);
        return {};
    };
}

Setter path(std::filesystem::path Settings::* member) {
    return text([member](const std::string& value, Settings& out) -> Result<void> {
        if (!std::filesystem::path(value).is_absolute()) return wrong("an absolute path is wanted");
        out.*member = value;
        return {};
    });
}

std::map<std::string, Setter> address_keys() {
    return {
        {"data", path(&Settings::data)},
        {"listen.address", text([](const std::string& value, Settings& out) -> Result<void> {
             HUECRY_TRY_ASSIGN(out.listen, Endpoint::parse(value));
             return {};
         })},
        {"listen.name", text([](const std::string& value, Settings& out) -> Result<void> {
             out.name = value;
             return {};
         })},
        {"tls.certificate", path(&Settings::certificate)},
        {"tls.key", path(&Settings::key)},
        {"admin.address", text([](const std::string& value, Settings& out) -> Result<void> {
             if (value == "none") {
                 out.admin.reset();
                 return {};
             }
             HUECRY_TRY_ASSIGN(out.admin, Endpoint::parse(value));
             return {};
         })},
        {"log.level", text([](const std::string& value, Settings& out) -> Result<void> {
             HUECRY_TRY_ASSIGN(out.log_level, parse_log_level(value));
             return {};
         })},
        {"log.file", path(&Settings::log_file)},
        {"creation.open_on_loopback",
         [](const toml::node& node, Settings& out) -> Result<void> {
             const auto value = node.value_exact<bool>();
             if (!value) return wrong("true or false is wanted");
             out.open_on_loopback = *value;
             return {};
         }},
    };
}

std::map<std::string, Setter> limit_keys() {
    using std::chrono::milliseconds;
    using std::chrono::seconds;
    return {
        {"limits.partnership_bytes",
         number(1 << 20, 1ULL << 50,
                [](std::uint64_t n, Settings& out) { out.partnership_bytes = n; })},
        {"limits.submissions_per_minute",
         number(1, 1'000'000'000,
                [](std::uint64_t n, Settings& out) { out.submissions_per_minute = n; })},
        {"limits.statements_per_minute",
         number(1, 1'000'000'000,
                [](std::uint64_t n, Settings& out) { out.statements_per_minute = n; })},
        {"limits.max_connections",
         number(1, 1'000'000, [](std::uint64_t n, Settings& out) { out.max_connections = n; })},
        {"limits.connections_per_address",
         number(1, 1'000'000,
                [](std::uint64_t n, Settings& out) { out.connections_per_address = n; })},
        {"limits.proof_deadline_s",
         number(1, 300, [](std::uint64_t n, Settings& out) { out.proof_deadline = seconds(n); })},
        {"limits.idle_ping_s",
         number(1, 3600, [](std::uint64_t n, Settings& out) { out.idle_ping = seconds(n); })},
        {"limits.idle_close_s",
         number(1, 86400, [](std::uint64_t n, Settings& out) { out.idle_close = seconds(n); })},
        {"drain.longest_s",
         number(1, 300, [](std::uint64_t n, Settings& out) { out.drain_time = seconds(n); })},
        {"drain.reconnect_spread_ms",
         number(1, 600'000,
                [](std::uint64_t n, Settings& out) { out.reconnect_spread = milliseconds(n); })},
    };
}

Error at(const std::filesystem::path& file, const toml::node& node, const std::string& key,
         const std::string& what) {
    return wrong(file.string() + ", line " + std::to_string(node.source().begin.line) + ": " + key +
                 ": " + what);
}

Result<void> take(const std::filesystem::path& file, const toml::table& table,
                  const std::string& prefix, const std::map<std::string, Setter>& keys,
                  Settings& out) {
    for (const auto& [name, node] : table) {
        const auto key = prefix + std::string(name.str());
        if (const auto* inner = node.as_table(); inner != nullptr && prefix.empty()) {
            HUECRY_TRY(take(file, *inner, key + ".", keys, out));
            continue;
        }
        const auto it = keys.find(key);
        if (it == keys.end()) return at(file, node, key, "there is no such key");
        const auto set = it->second(node, out);
        if (!set) return at(file, node, key, set.error().detail);
    }
    return {};
}

Result<std::string> contents(const std::filesystem::path& file) {
    struct stat info{};
    if (stat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode))
        return Error{Errc::not_found, "configuration " + file.string()};
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return Error{Errc::not_permitted,
                     file.string() + " can be written by others; chmod go-w it"};
    if (static_cast<std::uintmax_t>(info.st_size) > limits::max_settings_file)
        return Error{Errc::too_large, file.string()};
    std::ifstream in(file, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    if (!in) return Error{Errc::io_failed, "cannot read " + file.string()};
    return out.str();
}

}  // namespace

Result<void> read_settings(const std::filesystem::path& file, Settings& settings) {
    HUECRY_TRY_ASSIGN(const auto bytes, contents(file));
    auto keys = address_keys();
    keys.merge(limit_keys());
    try {
        const toml::table table = toml::parse(bytes);
        Settings taken = settings;
        HUECRY_TRY(take(file, table, "", keys, taken));
        settings = std::move(taken);
        return {};
    } catch (const toml::parse_error& error) {
        return wrong(file.string() + ", line " + std::to_string(error.source().begin.line) + ": " +
                     std::string(error.description()));
    } catch (const std::logic_error&) {
        return wrong(file.string() + ": this is not TOML");
    }
}

}  // namespace huecry::relay
