#pragma once

#include <string>
#include <vector>

#include "huecry/wire/bytes.hpp"

// Looks for words in bytes however they might have got there: as UTF-8 and UTF-16 of either order,
// in hexadecimal, in base64 at each of its three offsets, and inside zlib or gzip streams.
namespace huecry::test {

class CanaryScan {
public:
    explicit CanaryScan(std::vector<std::string> words);

    /// What was found, as "word (how)"; empty when nothing was.
    [[nodiscard]] std::vector<std::string> scan(BytesView bytes) const;

private:
    struct Pattern {
        Bytes bytes;
        std::string what;
    };
    void scan_plain(BytesView bytes, const std::string& where,
                    std::vector<std::string>& found) const;
    std::vector<Pattern> patterns_;
};

}  // namespace huecry::test
