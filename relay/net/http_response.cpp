#include "net/http_response.hpp"

#include <fmt/format.h>

#include "huecry/v1/session.pb.h"

namespace huecry::relay {
namespace {

std::string_view reason(unsigned status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 206:
            return "Partial Content";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 413:
            return "Content Too Large";
        case 416:
            return "Range Not Satisfiable";
        case 422:
            return "Unprocessable Content";
        case 426:
            return "Upgrade Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 503:
            return "Service Unavailable";
        case 507:
            return "Insufficient Storage";
        default:
            return "Error";
    }
}

}  // namespace

std::string HttpResponse::text() const {
    const auto size = announced != 0 ? announced : body.size();
    auto out = fmt::format("HTTP/1.1 {} {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n",
                           status, reason(status), size);
    if (size != 0) out += fmt::format("Content-Type: {}\r\n", content_type);
    for (const auto& [name, value] : fields) out += fmt::format("{}: {}\r\n", name, value);
    if (close) out += "Connection: close\r\n";
    out += "\r\n";
    out += body;
    return out;
}

unsigned http_status(Errc code) {
    switch (code) {
        case Errc::not_found:
        case Errc::photo_gone:
            return 404;
        case Errc::expired:
            return 410;
        case Errc::not_authenticated:
            return 401;
        case Errc::not_permitted:
        case Errc::device_removed:
        case Errc::unknown_partnership:
        case Errc::pending_approval:
        case Errc::invite_used:
        case Errc::invite_expired:
        case Errc::invite_withdrawn:
            return 403;
        case Errc::too_large:
            return 413;
        case Errc::offset_mismatch:
            return 409;
        case Errc::digest_mismatch:
        case Errc::id_reused:
            return 422;
        case Errc::rate_limited:
            return 429;
        case Errc::timed_out:
            return 408;
        case Errc::overloaded:
        case Errc::draining:
        case Errc::busy:
            return 503;
        case Errc::quota_exceeded:
        case Errc::no_room:
            return 507;
        case Errc::internal:
        case Errc::io_failed:
        case Errc::store_failed:
        case Errc::store_damaged:
            return 500;
        default:
            return 400;
    }
}

HttpResponse failure_response(Errc code, std::string_view detail) {
    v1::Failure failure;
    failure.set_code(static_cast<std::uint32_t>(code));
    failure.set_detail(std::string(detail));
    HttpResponse out;
    out.status = http_status(code);
    out.body = failure.SerializeAsString();
    return out;
}

}  // namespace huecry::relay
