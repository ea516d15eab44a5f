#include "huecry/result.hpp"

namespace huecry {
namespace {

struct Entry {
    Errc code;
    std::string_view name;
    bool retryable;
    int exit_code;
    std::string_view sentence;
};

constexpr Entry entries[] = {
#define HUECRY_ERROR(name, number, retryable, exit_code, sentence) \
    {Errc::name, #name, retryable, exit_code, sentence},
#include "huecry/errors.def"
#undef HUECRY_ERROR
};

const Entry& entry(Errc code) {
    for (const auto& e : entries)
        if (e.code == code) return e;
    return entries[0];
}

}  // namespace

std::string_view name(Errc code) { return entry(code).name; }
std::string_view sentence(Errc code) { return entry(code).sentence; }
bool retryable(Errc code) { return entry(code).retryable; }
int exit_code(Errc code) { return entry(code).exit_code; }

std::optional<Errc> error_from_number(std::uint32_t number) {
    for (const auto& e : entries)
        if (static_cast<std::uint32_t>(e.code) == number) return e.code;
    return std::nullopt;
}

std::string Error::text() const {
    std::string out(sentence(code));
    if (!detail.empty()) out += " (" + detail + ")";
    return out;
}

}  // namespace huecry
