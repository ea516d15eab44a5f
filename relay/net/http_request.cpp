#include "net/http_request.hpp"

#include <algorithm>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>

#include "huecry/limits.hpp"

namespace huecry::relay {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t read_step = 8192;

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

std::string_view plain(boost::beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

struct HttpReader::Parser {
    http::request_parser<http::string_body> parser;
};

std::string_view HttpHead::field(std::string_view name) const {
    const auto it = fields.find(name);
    return it == fields.end() ? std::string_view() : it->second;
}

HttpReader::HttpReader(TlsStream& stream) : stream_(stream) {}
HttpReader::~HttpReader() = default;

asio::awaitable<Result<void>> HttpReader::fill() {
    std::array<std::uint8_t, read_step> chunk;
    std::size_t got = 0;
    const auto error = co_await stream_.read(chunk, got);
    if (error) co_return Error{Errc::unreachable};
    buffer_.append(reinterpret_cast<const char*>(chunk.data()), got);
    co_return Result<void>();
}

asio::awaitable<Result<HttpHead>> HttpReader::head() {
    parser_ = std::make_unique<Parser>();
    auto& parser = parser_->parser;
    parser.header_limit(limits::max_http_header);
    parser.body_limit(limits::max_blob_request);
    std::size_t size = 0;  // Beast's own limit leaves the request line out
    while (!parser.is_header_done()) {
        if (buffer_.empty()) {
            const auto filled = co_await fill();
            if (!filled) co_return filled.error();
        }
        ErrorCode error;
        const auto used = parser.put(asio::buffer(buffer_), error);
        buffer_.erase(0, used);
        size += used;
        if (error == http::error::need_more && buffer_.size() <= limits::max_http_header) {
            const auto filled = co_await fill();
            if (!filled) co_return filled.error();
            continue;
        }
        if (error == http::error::header_limit || error == http::error::need_more ||
            size > limits::max_http_header)
            co_return Error{Errc::too_large, "header"};
        if (error == http::error::body_limit) co_return Error{Errc::too_large, "body"};
        if (error) co_return Error{Errc::malformed, "HTTP"};
    }
    const auto& message = parser.get();
    HttpHead out;
    out.method = plain(message.method_string());
    out.target = plain(message.target());
    out.keep_alive = message.keep_alive();
    std::size_t count = 0;
    for (const auto& field : message) {
        // A field that is sent twice could mean one thing here and another elsewhere.
        const auto added =
            out.fields.emplace(lower(plain(field.name_string())), plain(field.value()));
        if (++count > limits::max_http_fields || !added.second)
            co_return Error{Errc::malformed, "fields"};
    }
    if (message.version() != 11 || parser.chunked())
        co_return Error{Errc::malformed, "HTTP/1.1 without transfer coding is wanted"};
    if (const auto length = parser.content_length()) out.content_length = *length;
    out.wants_upgrade = http::token_list(message[http::field::connection]).exists("upgrade") &&
                        http::token_list(message[http::field::upgrade]).exists("websocket");
    co_return out;
}

asio::awaitable<Result<std::string>> HttpReader::body(std::uint64_t limit) {
    auto& parser = parser_->parser;
    if (parser.content_length().value_or(0) > limit) co_return Error{Errc::too_large, "body"};
    parser.eager(true);
    while (!parser.is_done()) {
        if (buffer_.empty()) {
            const auto filled = co_await fill();
            if (!filled) co_return filled.error();
        }
        ErrorCode error;
        const auto used = parser.put(asio::buffer(buffer_), error);
        buffer_.erase(0, used);
        if (error && error != http::error::need_more) co_return Error{Errc::malformed, "body"};
    }
    std::string out = std::move(parser.get().body());
    parser_.reset();
    if (buffer_.empty()) buffer_.shrink_to_fit();
    co_return out;
}

}  // namespace huecry::relay
