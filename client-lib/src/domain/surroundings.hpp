#pragma once

#include "crypto/random.hpp"
#include "domain/clock.hpp"
#include "huecry/directory/state.hpp"
#include "store/database.hpp"

namespace huecry::domain {

/// What every part of the projection works with.
struct Surroundings {
    store::Database& db;
    Clock& clock;
    crypto::Random& random;
    const SigningKey& device_key;
    const directory::State* directory = nullptr;  // null until the genesis has been seen
    DeviceId self;

    template <class IdType>
    [[nodiscard]] IdType new_id() {
        std::array<std::uint8_t, IdType::size> bytes{};
        random.fill(bytes);
        return IdType(bytes);
    }
};

/// An id as it stands in a row; zero when the row has none.
template <class IdType>
[[nodiscard]] IdType id_at(const store::Statement& row, int column) {
    return IdType::from(row.blob(column)).value_or(IdType{});
}

/// An id as it stands in a message; empty when it has not the right length.
template <class IdType>
[[nodiscard]] std::optional<IdType> id_in(const std::string& field) {
    return IdType::from(view(field));
}

}  // namespace huecry::domain
