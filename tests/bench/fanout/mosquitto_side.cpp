#include "bench/fanout/mosquitto_side.hpp"

#include <charconv>
#include <thread>

namespace huecry::bench {
namespace {

std::string topic_of(std::size_t channel) { return "alerts/" + std::to_string(channel); }

std::size_t channel_of(std::string_view topic) {
    static constexpr std::string_view prefix = "alerts/";
    std::size_t out = ~std::size_t{0};
    if (topic.starts_with(prefix))
        std::from_chars(topic.data() + prefix.size(), topic.data() + topic.size(), out);
    return out;
}

/// Its log has no line for "ready" that is not behind a buffer: the port tells.
void wait_for_port(asio::io_context& io, std::uint16_t port, test::Process& server) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    for (;;) {
        Tcp::socket socket(io);
        boost::system::error_code error;
        socket.connect({asio::ip::address_v4::loopback(), port}, error);
        if (!error) return;
        if (server.wait(std::chrono::milliseconds(20)) || std::chrono::steady_clock::now() > until)
            throw Void("mosquitto did not start: " + server.errors());
    }
}

}  // namespace

std::filesystem::path mosquitto_program() {
    for (const char* path : {"/usr/sbin/mosquitto", "/usr/bin/mosquitto"})
        if (std::filesystem::exists(path)) return path;
    return {};
}

std::string mosquitto_configuration(std::uint16_t port, const std::filesystem::path& folder) {
    const auto file = [&](const char* name) { return (folder / name).string(); };
    return "per_listener_settings false\nallow_anonymous true\nuser root\n"
           "persistence true\npersistence_location " +
           folder.string() +
           "/\nlog_dest stderr\nlog_type error\n"
           "max_inflight_messages 0\nmax_queued_messages 0\nset_tcp_nodelay true\n"
           "listener " +
           std::to_string(port) + " 127.0.0.1\ncertfile " + file("certificate.pem") + "\nkeyfile " +
           file("certificate.key") +
           "\ntls_version tlsv1.3\nciphers_tls1.3 TLS_AES_128_GCM_SHA256\n";
}

MosquittoSide::MosquittoSide(asio::io_context& io, TlsClient& tls, const Plan& plan,
                             const std::filesystem::path& folder, const Cores& cores)
    : Side(io, tls, plan), port_(free_port()), readers_(plan.readers), posters_(plan.posters) {
    const auto file = folder / "mosquitto.conf";
    write_file(file, mosquitto_configuration(port_, folder));
    server_ = std::make_unique<test::Process>(
        test::Process::Options{mosquitto_program(), {"-c", file.string()}});
    wait_for_port(io, port_, *server_);
    pin(server_->id(), cores.server);
    for (std::size_t i = 0; i < readers_.size(); ++i) readers_[i].index = i;
    for (std::size_t i = 0; i < posters_.size(); ++i) {
        posters_[i].index = i;
        posters_[i].poster = true;
    }
}

MosquittoSide::~MosquittoSide() {
    for (auto* clients : {&readers_, &posters_})
        for (auto& client : *clients)
            if (client.line) client.line->close();
}

void MosquittoSide::connect(Client& client) {
    Line::Events events;
    events.ready = [&client] {
        const auto name = (client.poster ? "poster" : "reader") + std::to_string(client.index);
        client.line->write(view(mqtt::connect(name)));
    };
    events.data = [this, &client](BytesView bytes) { received(client, bytes); };
    events.end = [this, &client](const std::string& why) {
        if (client.returning) {
            client.returning = false;
            return connect(client);
        }
        if (leaving_ == 0) return ledger_.fault("a connection ended: " + why);
        --leaving_;
        progress();
    };
    client.in.clear();
    client.line = std::make_shared<Line>(io_, tls_.native(), std::move(events));
    client.line->connect(local_address(), {asio::ip::address_v4::loopback(), port_});
}

void MosquittoSide::connect_reader(std::size_t reader) { connect(readers_[reader]); }

void MosquittoSide::connect_posters() {
    std::size_t begun = 0;
    run_until(
        [&] {
            while (begun < posters_.size() && begun - posters_in_ < 64) connect(posters_[begun++]);
            return posters_in_ == posters_.size();
        },
        std::chrono::seconds(20));
}

/// With a DISCONNECT, so that no acknowledgement is lost on the way and nothing comes twice.
void MosquittoSide::drop_readers() {
    leaving_ = 0;
    for (auto& client : readers_) {
        if (!client.line) continue;
        ++leaving_;
        client.line->write(view(mqtt::disconnect()));
    }
    run_until([&] { return leaving_ == 0; }, std::chrono::seconds(20));
    for (auto& client : readers_) {
        if (client.line) client.line->close();
        client.line.reset();
    }
}

void MosquittoSide::reconnect(std::size_t reader) {
    auto& client = readers_[reader];
    if (client.returning) return;
    client.returning = true;
    client.line->write(view(mqtt::disconnect()));
}

void MosquittoSide::photo(const std::string& bytes, std::size_t fetchers) {
    while (photo_lines_.size() < fetchers + 1) {
        photo_lines_.push_back(std::make_unique<test::WireClient>(port_));
        auto& line = *photo_lines_.back();
        line.send(mqtt::connect("photos" + std::to_string(photo_lines_.size())));
        if (line.receive().size() != 4) throw Void("mosquitto: no answer to CONNECT");
        if (photo_lines_.size() == 1) continue;
        line.send(mqtt::subscribe(1, {"photos"}));
        if (line.receive().size() != 5) throw Void("mosquitto: no answer to SUBSCRIBE");
    }
    photo_lines_[0]->send(mqtt::publish("photos", ++photos_, view(bytes)));
    for (std::size_t i = 1; i <= fetchers; ++i) {
        std::string got;
        mqtt::Packet packet;
        while (mqtt::next_packet(view(got), packet) == 0) got += photo_lines_[i]->receive();
        mqtt::Publish publish;
        if (!mqtt::read_publish(packet, publish) || to_string(publish.payload) != bytes)
            throw Void("mosquitto: a photo is not what was sent");
        std::string ack;
        mqtt::add_puback(ack, publish.packet);
        photo_lines_[i]->send(ack);
    }
    if (photo_lines_[0]->receive().size() != 4) throw Void("mosquitto: no answer to a photo");
}

void MosquittoSide::received(Client& client, BytesView bytes) {
    const auto line = client.line;  // may be dropped on the way
    receiving_ = &client;
    BytesView rest = bytes;
    if (!client.in.empty()) {
        client.in.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        rest = view(client.in);
    }
    mqtt::Packet packet;
    int size = 0;
    while ((size = mqtt::next_packet(rest, packet)) > 0) {
        take(client, packet);
        rest = rest.subspan(static_cast<std::size_t>(size));
    }
    if (size < 0) ledger_.fault("a malformed packet");
    // A long frame comes in many reads: what is there already is not copied again.
    if (client.in.empty()) {
        client.in.assign(reinterpret_cast<const char*>(rest.data()), rest.size());
    } else if (rest.size() < client.in.size()) {
        client.in.erase(0, client.in.size() - rest.size());
    }
    receiving_ = nullptr;
    if (client.out.empty()) return;
    line->write(view(client.out));
    client.out.clear();
}

void MosquittoSide::take(Client& client, const mqtt::Packet& packet) {
    switch (packet.type) {
        case mqtt::Type::connack:
            if (packet.body.size() != 2 || packet.body[1] != 0)
                return ledger_.fault("refused a connection");
            return begin(client);
        case mqtt::Type::suback:
            client.known = true;
            return reader_in();
        case mqtt::Type::puback:
            return accepted(client.index);
        case mqtt::Type::publish: {
            mqtt::Publish publish;
            if (!mqtt::read_publish(packet, publish)) return ledger_.fault("a malformed publish");
            const auto channel = channel_of(publish.topic);
            const auto number = read_payload(publish.payload);
            if (!again(client, packet, channel, number)) delivered(client.index, channel, number);
            return mqtt::add_puback(client.out, publish.packet);
        }
        default:
            return ledger_.fault("an unexpected packet");
    }
}

/// What QoS 1 may give twice: its acknowledgement was under way when the reader left.
bool MosquittoSide::again(const Client& client, const mqtt::Packet& packet, std::size_t channel,
                          std::uint64_t number) const {
    static constexpr unsigned repeated = 8;
    const auto slot = slot_of(client.index, channel);
    return (packet.flags & repeated) != 0 && !plan_.by_poster && slot < plan_.runs() &&
           number <= ledger_.had(client.index, slot);
}

void MosquittoSide::begin(Client& client) {
    if (client.poster) {
        ++posters_in_;
        return progress();
    }
    if (client.known && !plan_.resubscribe) return reader_in();
    std::vector<std::string> topics;
    for (std::size_t slot = 0; slot < plan_.channels_of_reader; ++slot)
        topics.push_back(topic_of(plan_.channel(client.index, slot)));
    client.line->write(view(mqtt::subscribe(1, topics)));
}

void MosquittoSide::post(std::size_t poster, std::size_t channel) {
    auto& client = posters_[poster];
    std::array<std::uint8_t, payload_size> payload;
    write_payload(next_number(poster, channel), payload);
    if (++client.packet == 0) ++client.packet;
    client.out += mqtt::publish(topic_of(channel), client.packet, payload);
    if (receiving_ == &client) return;  // what it has read is answered in one piece
    client.line->write(view(client.out));
    client.out.clear();
}

}  // namespace huecry::bench
