#pragma once

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "huecry/wire/bytes.hpp"

namespace huecry {

/// A file of proto/vectors: `name = value` lines in order, `#` begins a comment.
class Vectors {
public:
    explicit Vectors(const std::string& file) {
        std::ifstream in(std::string(HUECRY_PROTO_DIR "/vectors/") + file);
        REQUIRE(in.good());
        for (std::string line; std::getline(in, line);) {
            if (line.empty() || line[0] == '#') continue;
            const auto at = line.find(" = ");
            REQUIRE(at != line.npos);
            fields_.emplace_back(line.substr(0, at), line.substr(at + 3));
        }
    }

    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& fields() const {
        return fields_;
    }
    /// The first field of this name.
    [[nodiscard]] std::string text(const std::string& name) const {
        for (const auto& [key, value] : fields_)
            if (key == name) return value;
        FAIL("no field " << name);
        return {};
    }
    [[nodiscard]] Bytes bytes(const std::string& name) const { return from(text(name)); }
    [[nodiscard]] std::uint64_t number(const std::string& name) const {
        return std::stoull(text(name));
    }
    template <class IdType>
    IdType id(const std::string& name) const {
        const auto out = IdType::from(bytes(name));
        REQUIRE(out);
        return *out;
    }
    static Bytes from(const std::string& hex) {
        Bytes out;
        REQUIRE(from_hex(hex, out));
        return out;
    }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace huecry
