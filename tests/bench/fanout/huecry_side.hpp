#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <optional>

#include "bench/fanout/huecry_packets.hpp"
#include "bench/fanout/partnership.hpp"
#include "bench/fanout/server.hpp"
#include "bench/fanout/side.hpp"

namespace huecry::bench {

/// The limits that a benchmark has to raise, and nothing else.
[[nodiscard]] std::string relay_configuration();

/// The real relay with its real store, and clients that keep to the protocol: proofs both ways,
/// acknowledgements as the client library sends them.
class HuecrySide final : public Side {
public:
    HuecrySide(asio::io_context& io, TlsClient& tls, const Plan& plan,
               const std::filesystem::path& folder, const Cores& cores);
    ~HuecrySide() override;

    [[nodiscard]] std::string name() const override { return "huecry"; }
    [[nodiscard]] int process() const override { return relay_->process().id(); }
    [[nodiscard]] std::uint64_t commits() const override;
    void connect_posters() override;
    void drop_readers() override;
    void reconnect(std::size_t reader) override;
    /// Over HTTPS: one upload, then everybody fetches. Leases are not part of it.
    void photo(const std::string& bytes, std::size_t fetchers) override;
    void post(std::size_t poster, std::size_t channel) override;

protected:
    void connect_reader(std::size_t reader) override;

private:
    enum class Stage { upgrading, greeting, proving, stocking, in };
    struct Slot {
        std::uint64_t seq = 0;  // had
        std::uint64_t acknowledged = 0;
    };
    struct Client {
        bool poster = false;
        std::size_t index = 0;
        test::Caller caller;
        std::shared_ptr<Line> line;
        std::string in, out;
        v1::Hello hello{};
        Stage stage = Stage::upgrading;
        bool stocked = false;  // has left its key package
        bool subscribes = true;
        bool ack_due = false;
        bool ack_soon = false;
        std::size_t unacknowledged = 0;  // bytes
        std::vector<Slot> slots{};
    };

    /// All wait equally long: the first is always the next.
    struct Acks {
        explicit Acks(asio::io_context& io) : timer(io) {}
        asio::steady_timer timer;
        std::deque<std::pair<Time, Client*>> due{};
    };

    void make_clients();
    void stock_and_let_in();
    void connect(Client& client);
    void received(Client& client, BytesView bytes);
    void take_all(Client& client, BytesView bytes);
    void take(Client& client, BytesView frame);
    void take_early(Client& client, const FrameView& frame, BytesView whole);
    void take_deliver(Client& client, BytesView deliver);
    void take_entry(Client& client, std::size_t slot, std::size_t channel, const EntryView& entry);
    void greet(Client& client);
    void prove(Client& client, BytesView frame);
    void begin(Client& client);
    void in(Client& client);
    void send(Client& client, const std::string& frame);
    void ack_later(Client& client);
    void ack(Client& client);
    void arm_acks(Acks& queue);
    [[nodiscard]] std::size_t channel_of(const StreamRef& stream) const;

    std::unique_ptr<test::RelayProcess> relay_;
    std::optional<Partnership> partnership_;
    std::deque<Client> readers_, posters_;
    std::map<StreamRef, std::size_t> channels_;
    bool stocking_ = false;
    const Client* receiving_ = nullptr;
    std::size_t posters_in_ = 0;
    std::vector<std::unique_ptr<test::WireClient>> https_;  // the founder's, then the fetchers'
    std::uint64_t photos_ = 0;
    std::uint64_t requests_ = 0;
    std::uint32_t mask_ = 0x6d2b79f5;
    std::array<Acks, 2> acks_;  // soon, and later
};

}  // namespace huecry::bench
