#include "command.hpp"

namespace huecry::cli {

bool Arguments::has(std::string_view option) const { return get(option).has_value(); }

std::optional<std::string> Arguments::get(std::string_view option) const {
    std::optional<std::string> found;
    for (const auto& given : given_)
        if (given.option == option) found = given.value;
    return found;
}

std::string Arguments::text(std::string_view option) const {
    return get(option).value_or(std::string());
}

std::vector<std::string> Arguments::all(std::string_view option) const {
    std::vector<std::string> found;
    for (const auto& given : given_)
        if (given.option == option) found.push_back(given.value);
    return found;
}

}  // namespace huecry::cli
