#include "fault/attackers/attack.hpp"

#include <openssl/ssl.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <random>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "bench/fanout/huecry_packets.hpp"
#include "bench/fanout/line.hpp"
#include "huecry/v1/frame.pb.h"

namespace huecry::fault {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using bench::Line;
using ErrorCode = boost::system::error_code;
using std::chrono::milliseconds;

constexpr std::array<std::string_view, attacks> names = {
    "idle-tcp",         "byte-a-second",    "half-hello",   "silent-tls",
    "dribbled-upgrade", "silent-websocket", "refused-hello"};
constexpr std::size_t per_address = 25;  // below connections_per_address: nobody is refused by it
constexpr auto back_after = milliseconds(1000);

bool needs_tls(Attack kind) { return kind >= Attack::silent_tls; }

/// A whole ClientHello, as OpenSSL makes it.
std::string client_hello(SSL_CTX* context) {
    SSL* ssl = SSL_new(context);
    BIO* in = BIO_new(BIO_s_mem());
    BIO* out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
    SSL_set_connect_state(ssl);
    SSL_do_handshake(ssl);
    std::string hello(BIO_ctrl_pending(out), '\0');
    BIO_read(out, hello.data(), static_cast<int>(hello.size()));
    SSL_free(ssl);
    return hello;
}

/// One place of the attacker's: a connection, and the next one when it is lost.
class Place : public std::enable_shared_from_this<Place> {
public:
    struct Common {
        asio::io_context& io;
        AttackPlan plan;
        bench::TlsClient tls;
        std::string hello;
        AttackReport report{};
        std::uint64_t held = 0;
        std::mt19937 random{static_cast<std::uint32_t>(plan.number) + 1};
    };
    Place(Common& common, std::size_t index)
        : common_(common), index_(index), timer_(common.io), socket_(common.io) {}

    void begin_within(milliseconds longest) {
        std::uniform_int_distribution<std::int64_t> choose(0, longest.count());
        timer_.expires_after(milliseconds(choose(common_.random)));
        timer_.async_wait([self = shared_from_this()](ErrorCode error) {
            if (!error) self->begin();
        });
    }
    /// Once a second.
    void dribble() {
        if (!text_ || sent_ >= text_->size()) return;
        const auto one = text_->substr(sent_++, 1);
        if (line_) return line_->write(view(one));
        ErrorCode ignored;
        if (connected_) asio::write(socket_, asio::buffer(one), ignored);
    }

private:
    [[nodiscard]] tcp::endpoint from() const {
        const auto address = static_cast<std::uint32_t>(index_ / per_address);
        const auto process = static_cast<std::uint32_t>(common_.plan.number);
        const auto number =
            (127U << 24) | (16 + process) << 16 | (address / 250) << 8 | (1 + address % 250);
        return {asio::ip::address_v4(number), 0};
    }
    [[nodiscard]] tcp::endpoint to() const {
        return {asio::ip::address_v4::loopback(), common_.plan.port};
    }

    void begin() {
        sent_ = 0;
        text_.reset();
        if (needs_tls(common_.plan.kind)) return begin_tls();
        ErrorCode error;
        socket_ = tcp::socket(common_.io);
        socket_.open(tcp::v4(), error);
        socket_.set_option(asio::socket_base::reuse_address(true), error);
        socket_.bind(from(), error);
        if (error) return begin_within(back_after);
        socket_.async_connect(to(), [self = shared_from_this()](ErrorCode failed) {
            if (failed) return self->begin_within(back_after);
            self->held();
            self->begin_plain();
        });
    }
    void begin_plain() {
        connected_ = true;
        const auto& hello = common_.hello;
        if (common_.plan.kind == Attack::byte_a_second) text_ = hello;
        ErrorCode ignored;
        if (common_.plan.kind == Attack::half_hello)
            asio::write(socket_, asio::buffer(hello.data(), hello.size() / 2), ignored);
        // Whatever comes, an alert or nothing, is the end.
        socket_.async_wait(asio::socket_base::wait_read, [self = shared_from_this()](ErrorCode) {
            self->connected_ = false;
            ErrorCode unheard;
            self->socket_.close(unheard);
            self->lost(back_after);
        });
    }

    void begin_tls() {
        Line::Events events;
        events.ready = [self = weak_from_this()] {
            if (const auto place = self.lock()) place->secured();
        };
        events.data = [self = weak_from_this()](BytesView data) {
            if (const auto place = self.lock()) place->heard(data);
        };
        events.end = [self = weak_from_this()](const std::string&) {
            const auto place = self.lock();
            if (!place) return;
            const bool again = place->common_.plan.kind == Attack::refused_hello;
            place->line_.reset();
            place->lost(again ? milliseconds(1) : back_after);
        };
        line_ = std::make_shared<Line>(common_.io, common_.tls.native(), std::move(events));
        held();
        line_->connect(from(), to());
    }
    void secured() {
        ++common_.report.secured;
        if (common_.plan.kind == Attack::silent_tls) return;
        const auto upgrade = bench::upgrade_request();
        if (common_.plan.kind == Attack::dribbled_upgrade) {
            text_ = upgrade;
        } else {
            line_->write(view(upgrade));
        }
    }
    void heard(BytesView data) {
        if (!std::exchange(answered_, true) && to_string(data).starts_with("HTTP/1.1 101")) {
            ++common_.report.upgraded;
            if (common_.plan.kind == Attack::refused_hello) return refused_hello();
        }
    }
    void refused_hello() {
        v1::Frame frame;
        frame.mutable_hello()->set_version(77);
        const auto text = frame.SerializeAsString();
        std::string out;
        bench::add_websocket(out, 2, view(text), 0x12345678);
        line_->write(view(out));
    }

    void held() {
        ++common_.report.connected;
        common_.report.most = std::max(common_.report.most, ++common_.held);
        answered_ = false;
    }
    void lost(milliseconds wait) {
        --common_.held;
        ++common_.report.thrown_out;
        begin_within(wait);
    }

    Common& common_;
    std::size_t index_;
    asio::steady_timer timer_;
    tcp::socket socket_;
    std::shared_ptr<Line> line_;
    bool connected_ = false;
    bool answered_ = false;
    std::optional<std::string> text_;  // that is dribbled
    std::size_t sent_ = 0;
};

}  // namespace

std::string_view name(Attack attack) { return names[static_cast<std::size_t>(attack)]; }

std::optional<Attack> attack_named(std::string_view name) {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return static_cast<Attack>(i);
    return std::nullopt;
}

std::string AttackReport::text() const {
    std::ostringstream out;
    out << connected << ' ' << secured << ' ' << upgraded << ' ' << thrown_out << ' ' << most;
    return out.str();
}

std::optional<AttackReport> AttackReport::parse(const std::string& line) {
    AttackReport out;
    std::istringstream in(line);
    if (in >> out.connected >> out.secured >> out.upgraded >> out.thrown_out >> out.most)
        return out;
    return std::nullopt;
}

AttackReport attack(const AttackPlan& plan) {
    asio::io_context io(1);
    Place::Common common{io, plan, {}, {}};
    common.hello = client_hello(common.tls.native());
    std::vector<std::shared_ptr<Place>> places;
    for (std::size_t i = 0; i < plan.connections; ++i) {
        places.push_back(std::make_shared<Place>(common, i));
        places.back()->begin_within(back_after);
    }
    asio::steady_timer second(io);
    std::function<void()> every_second = [&] {
        second.expires_after(std::chrono::seconds(1));
        second.async_wait([&](ErrorCode error) {
            if (error) return;
            for (const auto& place : places) place->dribble();
            every_second();
        });
    };
    every_second();
    asio::posix::stream_descriptor input(io, dup(STDIN_FILENO));
    std::array<char, 16> ignored{};
    input.async_read_some(asio::buffer(ignored), [&](ErrorCode, std::size_t) { io.stop(); });
    io.run_for(std::chrono::seconds(plan.seconds));
    return common.report;
}

}  // namespace huecry::fault
