#include "commands/check.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "commands/installation.hpp"
#include "ops/certificate.hpp"

namespace huecry::relay {
namespace {

constexpr std::int64_t soon_s = 30 * 86'400;
constexpr std::uintmax_t little_room = 256ULL << 20;

/// One line for each part; remembers the first that is wrong.
class Findings {
public:
    explicit Findings(bool json) : json_(json) {}

    void good(std::string_view part, std::string_view what) { print("ok", part, what); }
    void warn(std::string_view part, std::string_view what) { print("warning", part, what); }
    void bad(std::string_view part, const Error& error) {
        print("wrong", part, error.text());
        if (!first_) first_ = error;
    }
    [[nodiscard]] Result<void> outcome() const {
        if (first_) return *first_;
        return {};
    }

private:
    void print(std::string_view state, std::string_view part, std::string_view what) const {
        if (!json_) return fmt::print("{:8} {:12} {}\n", state, part, what);
        boost::json::object line{{"state", state}, {"part", part}, {"text", what}};
        fmt::print("{}\n", boost::json::serialize(line));
    }
    bool json_;
    std::optional<Error> first_;
};

void check_certificate(const Settings& settings, const DataFolder& folder, Findings& out) {
    const auto file =
        settings.certificate.empty() ? folder.file("certificate.pem") : settings.certificate;
    std::error_code error;
    if (settings.certificate.empty() && !std::filesystem::exists(file, error))
        return out.good("certificate", "none yet; the next start makes one");
    const auto left = certificate_seconds_left(file);
    if (!left) return out.bad("certificate", left.error());
    if (*left < 0)
        return out.warn("certificate", "has expired; clients of huecry go on, others refuse");
    if (*left < soon_s) return out.warn("certificate", "expires within 30 days");
    out.good("certificate", fmt::format("good for {} days", *left / 86'400));
}

void check_room(const DataFolder& folder, Findings& out) {
    std::error_code error;
    const auto space = std::filesystem::space(folder.file(""), error);
    if (error) return out.bad("room", Error{Errc::io_failed, error.message()});
    const auto text = fmt::format("{} MiB free", space.available >> 20);
    if (space.available < little_room) return out.warn("room", text);
    out.good("room", text);
}

void check_store(const DataFolder& folder, Findings& out) {
    const auto file = folder.file("relay.db");
    std::error_code error;
    if (!std::filesystem::exists(file, error))
        return out.bad("store", Error{Errc::store_damaged, "relay.db is missing"});
    const auto store = open_sqlcipher_store(file, folder.store_key().view());
    if (!store && store.error().code == Errc::passphrase_wrong)
        return out.bad("store", Error{Errc::store_damaged,
                                      "its first page is damaged or store.key is another's"});
    if (!store) return out.bad("store", store.error());
    const auto sound = (*store)->check();
    if (!sound) return out.bad("store", sound.error());
    const auto known = (*store)->partnerships();
    out.good("store", fmt::format("every page and row is sound; {} partnerships",
                                  known ? known->size() : 0));
}

void check_core(const Settings& settings, const DataFolder& folder, const Logger& log,
                Findings& out) {
    auto again = DataFolder::open(folder.file(""));
    if (!again) return out.bad("directories", again.error());
    const auto opened = Installation::open(settings, std::move(again).value(), log);
    if (!opened) return out.bad("directories", opened.error());
    out.good("directories", "each follows from its beginning; leases and blobs open");
    if ((*opened)->core().clock_held())
        out.warn("clock", "has jumped; nothing expires until huecry-relay confirm-clock");
}

}  // namespace

Result<void> check(const Settings& settings) {
    HUECRY_TRY_ASSIGN(const auto log, Logger::open(LogLevel::error, {}));
    Findings out(settings.json);
    const auto folder = DataFolder::open(settings.data);
    if (!folder) {
        out.bad("folder", folder.error());
        return out.outcome();
    }
    out.good("folder", "only its owner can read it; keys are there");
    check_certificate(settings, *folder, out);
    check_room(*folder, out);
    bool free = false;
    {
        const auto lock = folder->lock();
        free = lock.ok();
        if (free) check_store(*folder, out);
    }
    if (free) {
        check_core(settings, *folder, log, out);
    } else {
        out.warn("store", "a relay is running on it; stop it to have the store read whole");
    }
    return out.outcome();
}

}  // namespace huecry::relay
