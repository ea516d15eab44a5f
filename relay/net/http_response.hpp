#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "huecry/result.hpp"

namespace huecry::relay {

/// One HTTP/1.1 answer. Every status of 400 and above carries a serialized v1::Failure.
struct HttpResponse {
    unsigned status = 200;
    std::vector<std::pair<std::string_view, std::string>> fields{};
    std::string_view content_type = "application/x-protobuf";
    std::string body{};
    bool close = false;
    /// For HEAD, and for bodies that follow in pieces: announced instead of body.size().
    std::uint64_t announced = 0;

    /// Status line, headers and body.
    [[nodiscard]] std::string text() const;
};

/// The answer to a request that failed. `detail` is a literal of the program.
HttpResponse failure_response(Errc code, std::string_view detail = {});
/// The HTTP status that goes with an error.
unsigned http_status(Errc code);

}  // namespace huecry::relay
