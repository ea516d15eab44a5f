// The client library's one translation unit with Beast's HTTP over TLS.
#include "net/https.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>

#include "huecry/limits.hpp"
#include "huecry/v1/session.pb.h"
#include "net/secure_stream.hpp"

namespace huecry::net {

namespace http = boost::beast::http;

namespace {

constexpr asio::as_tuple_t<asio::use_awaitable_t<>> waiting{};

std::string lower(std::string_view text) {
    std::string out(text);
    for (auto& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

class HttpsStream final : public HttpsConnection {
public:
    explicit HttpsStream(const asio::any_io_executor& executor)
        : stream_(SecureStream::make(executor)) {}

    asio::awaitable<Result<void>> open(RelayAddress relay) override {
        const bool v6 = relay.host.find(':') != std::string::npos;
        host_ = (v6 ? "[" + relay.host + "]" : relay.host) + ":" + std::to_string(relay.port);
        auto opening = stream_->open(relay.host, relay.port);
        const auto opened = co_await std::move(opening);
        usable_ = opened.ok();
        co_return opened;
    }

    [[nodiscard]] std::optional<std::array<std::uint8_t, 32>> exporter() const override {
        return stream_->exporter();
    }

    asio::awaitable<Result<HttpAnswer>> exchange(HttpRequest request,
                                                 std::uint64_t max_body) override {
        usable_ = false;  // until the answer is whole
        http::request<http::string_body> out(http::string_to_verb(request.method), request.target,
                                             11);
        out.set(http::field::host, host_);
        for (const auto& [name, value] : request.headers) out.set(name, value);
        out.body() = std::move(request.body);
        if (request.method == "PUT" || request.method == "POST") out.prepare_payload();
        const auto [unsent, sent] = co_await http::async_write(*stream_, out, waiting);
        static_cast<void>(sent);
        // A relay that refuses early answers before it has read everything: look for that first.
        http::response_parser<http::string_body> parser;
        parser.header_limit(limits::max_http_header);
        parser.body_limit(max_body);
        parser.skip(request.method == "HEAD");
        const auto [unread, got] = co_await http::async_read(*stream_, buffer_, parser, waiting);
        static_cast<void>(got);
        if (unread == http::error::body_limit || unread == http::error::header_limit)
            co_return Error{Errc::too_large, "the relay's answer"};
        if (unread) co_return Error{Errc::unreachable, (unsent ? unsent : unread).message()};
        usable_ = parser.keep_alive() && !unsent;
        co_return answer_of(parser.release());
    }

    [[nodiscard]] bool usable() const override { return usable_; }
    void close() override {
        usable_ = false;
        stream_->close();
    }

private:
    static HttpAnswer answer_of(http::response<http::string_body> response) {
        HttpAnswer out;
        out.status = response.result_int();
        for (const auto& field : response)
            out.headers.emplace(lower({field.name_string().data(), field.name_string().size()}),
                                std::string(field.value()));
        out.body = std::move(response.body());
        return out;
    }

    std::shared_ptr<SecureStream> stream_;
    boost::beast::flat_buffer buffer_{limits::max_http_header + limits::max_blob_request};
    std::string host_;
    bool usable_ = false;
};

}  // namespace

std::string HttpAnswer::header(const std::string& lower_name) const {
    const auto found = headers.find(lower_name);
    return found == headers.end() ? std::string() : found->second;
}

std::optional<std::uint64_t> HttpAnswer::number(const std::string& lower_name) const {
    const auto text = header(lower_name);
    std::uint64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || failure != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

Error HttpAnswer::error() const {
    v1::Failure failure;
    if (body.size() <= limits::max_frame_before_proof && failure.ParseFromString(body))
        if (const auto code = error_from_number(failure.code()))
            return Error{*code, "by the relay"};
    if (status == 404) return Error{Errc::not_found, "by the relay"};
    return Error{Errc::unreachable, "HTTP status " + std::to_string(status)};
}

std::shared_ptr<HttpsConnection> make_https_connection(const asio::any_io_executor& executor) {
    return std::make_shared<HttpsStream>(executor);
}

}  // namespace huecry::net
