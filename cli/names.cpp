#include <algorithm>
#include <array>

#include "huecry/directory/roles.hpp"
#include "values.hpp"

namespace huecry::cli {
namespace {

constexpr std::array categories{
    Category::offender_in_area,
    Category::theft_in_progress,
    Category::violence,
    Category::antisocial_behaviour,
    Category::fraud,
    Category::counterfeit,
    Category::welfare,
    Category::information,
    Category::suspicious_behaviour,
    Category::missing_person,
};
constexpr std::array roles{Role::coordinator, Role::retailer, Role::security,   Role::warden,
                           Role::cctv,        Role::police,   Role::integration};

template <class All>
std::string names_of(const All& all) {
    std::string out;
    for (const auto value : all) out += (out.empty() ? "" : ", ") + std::string(name(value));
    return out;
}

}  // namespace

Result<Role> parse_role(std::string_view text) {
    if (const auto role = directory::role_from_name(text)) return *role;
    return wrong_word("role", text, "one of " + role_names());
}

Result<Category> parse_category(std::string_view text) {
    std::string spelled(text);
    std::replace_if(
        spelled.begin(), spelled.end(), [](char c) { return c == ' ' || c == '_'; }, '-');
    if (const auto category = category_from_name(spelled)) return *category;
    return wrong_word("category", text, "one of " + category_names());
}

Result<Answer> parse_answer(std::string_view text) {
    if (const auto answer = answer_from_name(text)) return *answer;
    return wrong_word("answer", text, "one of seen, coming, arrived, stood-down");
}

std::string role_names() { return names_of(roles); }
std::string category_names() { return names_of(categories); }

}  // namespace huecry::cli
