#pragma once

#include "bench/fanout/mqtt_packets.hpp"
#include "bench/fanout/server.hpp"
#include "bench/fanout/side.hpp"
#include "e2e/wire_client.hpp"
#include "support/process.hpp"

namespace huecry::bench {

/// Where Debian has it; empty when it is not installed.
[[nodiscard]] std::filesystem::path mosquitto_program();
[[nodiscard]] std::string mosquitto_configuration(std::uint16_t port,
                                                  const std::filesystem::path& folder);

/// mosquitto with TLS 1.3 and persistence; one topic a channel, QoS 1, persistent sessions.
/// `folder` holds certificate.pem and certificate.key.
class MosquittoSide final : public Side {
public:
    MosquittoSide(asio::io_context& io, TlsClient& tls, const Plan& plan,
                  const std::filesystem::path& folder, const Cores& cores);

    ~MosquittoSide() override;

    [[nodiscard]] std::string name() const override { return "mosquitto"; }
    [[nodiscard]] int process() const override { return server_->id(); }
    void connect_posters() override;
    void drop_readers() override;
    void reconnect(std::size_t reader) override;
    /// A message of that size on a topic of its own.
    void photo(const std::string& bytes, std::size_t fetchers) override;
    void post(std::size_t poster, std::size_t channel) override;

protected:
    void connect_reader(std::size_t reader) override;

private:
    struct Client {
        bool poster = false;
        std::size_t index = 0;
        std::shared_ptr<Line> line;
        std::string in, out;
        std::uint16_t packet = 0;
        bool known = false;  // the server has its session
        bool returning = false;
    };

    void connect(Client& client);
    void received(Client& client, BytesView bytes);
    void take(Client& client, const mqtt::Packet& packet);
    [[nodiscard]] bool again(const Client& client, const mqtt::Packet& packet, std::size_t channel,
                             std::uint64_t number) const;
    void begin(Client& client);

    std::uint16_t port_;
    std::unique_ptr<test::Process> server_;
    std::vector<Client> readers_;
    std::vector<Client> posters_;
    const Client* receiving_ = nullptr;
    std::size_t posters_in_ = 0;
    std::size_t leaving_ = 0;
    std::vector<std::unique_ptr<test::WireClient>>
        photo_lines_;  // the poster's, then the fetchers'
    std::uint16_t photos_ = 0;
};

}  // namespace huecry::bench
