#include "bench/fanout/huecry_side.hpp"

#include <cstring>

#include "huecry/limits.hpp"

namespace huecry::bench {
namespace {

// As client-lib's engine does it.
constexpr auto ack_delay = std::chrono::milliseconds(1000);
constexpr auto ack_soon = std::chrono::milliseconds(50);
constexpr std::size_t much_unacknowledged = limits::window_bytes / 4;
// "HTTP/1.1 101 …\r\n\r\n"
constexpr std::string_view head_end = "\r\n\r\n";

}  // namespace

std::string relay_configuration() {
    return "[log]\nlevel = \"error\"\n\n[limits]\nmax_connections = 20000\n"
           "connections_per_address = 20000\nproof_deadline_s = 60\n"
           "partnership_bytes = 1099511627776\n"
           "submissions_per_minute = 1000000000\nstatements_per_minute = 1000000000\n";
}

HuecrySide::HuecrySide(asio::io_context& io, TlsClient& tls, const Plan& plan,
                       const std::filesystem::path& folder, const Cores& cores)
    : Side(io, tls, plan), acks_{Acks{io}, Acks{io}} {
    const auto file = folder / "relay.toml";
    write_file(file, relay_configuration());
    relay_ = std::make_unique<test::RelayProcess>(
        folder / "relay", std::vector<std::string>{"--config", file.string()});
    pin(process(), cores.server);
    partnership_.emplace(*relay_, plan_.readers + plan_.posters - 1, plan_.channels);
    for (std::size_t i = 0; i < plan_.channels; ++i) channels_[partnership_->channel(i)] = i;
    make_clients();
    if (plan_.members) stock_and_let_in();
    partnership_->leave();
}

HuecrySide::~HuecrySide() {
    for (auto& queue : acks_) queue.timer.cancel();
    for (auto* clients : {&readers_, &posters_})
        for (auto& client : *clients)
            if (client.line) client.line->close();
}

std::uint64_t HuecrySide::commits() const {
    const auto page = relay_->admin("/metrics").body;
    static constexpr std::string_view name = "\nhuecry_relay_batches_total ";
    const auto at = page.find(name);
    return at == page.npos ? 0 : std::stoull(page.substr(at + name.size()));
}

void HuecrySide::make_clients() {
    for (std::size_t i = 0; i < plan_.readers; ++i) {
        readers_.push_back({false, i, partnership_->device(i), {}, {}, {}});
        readers_.back().slots.resize(plan_.channels_of_reader);
    }
    for (std::size_t i = 0; i < plan_.posters; ++i) {
        const auto& f = partnership_->founder();
        auto caller = i == 0 ? test::Caller{f.key.clone(), f.partnership, f.kind, f.relay_key}
                             : partnership_->device(plan_.readers + i - 1);
        posters_.push_back({true, i, std::move(caller), {}, {}, {}});
        // Who posts reads, too; several posters stand for many channels that have nothing in
        // common but the disk.
        posters_.back().subscribes = plan_.posters == 1;
        posters_.back().slots.resize(plan_.posters == 1 ? plan_.channels : 0);
    }
}

/// Everyone leaves a key package once, then the founder's commits let them in.
void HuecrySide::stock_and_let_in() {
    stocking_ = true;
    connect_readers(0, plan_.readers);
    connect_posters();
    stocking_ = false;
    std::vector<std::vector<std::size_t>> readers(plan_.channels);
    for (std::size_t r = 0; r < plan_.readers; ++r)
        for (std::size_t slot = 0; slot < plan_.channels_of_reader; ++slot)
            readers[plan_.channel(r, slot)].push_back(r);
    for (std::size_t p = 1; p < plan_.posters; ++p) readers[0].push_back(plan_.readers + p - 1);
    for (auto& client : posters_) client.line.reset();
    for (auto& client : readers_) client.line.reset();
    for (std::size_t i = 0; i < plan_.channels; ++i) partnership_->let_in(i, readers[i]);
    for (auto& client : readers_)
        for (std::size_t slot = 0; slot < client.slots.size(); ++slot)
            client.slots[slot].seq =
                partnership_->last_handshake(plan_.channel(client.index, slot));
    for (auto& client : posters_)
        for (std::size_t channel = 0; channel < client.slots.size(); ++channel)
            client.slots[channel].seq = partnership_->last_handshake(channel);
}

void HuecrySide::connect(Client& client) {
    Line::Events events;
    events.ready = [&client] { client.line->write(view(upgrade_request())); };
    events.data = [this, &client](BytesView bytes) { received(client, bytes); };
    events.end = [this](const std::string& why) { ledger_.fault("a connection ended: " + why); };
    client.in.clear();
    client.out.clear();
    client.ack_due = client.ack_soon = false;  // the subscription says it
    client.unacknowledged = 0;
    client.stage = Stage::upgrading;
    client.line = std::make_shared<Line>(io_, tls_.native(), std::move(events));
    client.line->connect(local_address(), {asio::ip::address_v4::loopback(), relay_->port()});
}

void HuecrySide::connect_reader(std::size_t reader) { connect(readers_[reader]); }

void HuecrySide::connect_posters() {
    posters_in_ = 0;
    std::size_t begun = 0;
    // The founder's other connection makes its partnership: it has no key package to leave.
    const std::size_t first = stocking_ ? 1 : 0;
    run_until(
        [&] {
            while (first + begun < posters_.size() && begun - posters_in_ < 64)
                connect(posters_[first + begun++]);
            return first + posters_in_ == posters_.size();
        },
        std::chrono::seconds(20));
}

void HuecrySide::drop_readers() {
    for (auto& client : readers_) {
        if (client.line) client.line->close();
        client.line.reset();
        client.ack_due = false;
    }
    for (auto& queue : acks_)
        std::erase_if(queue.due, [](const auto& due) { return !due.second->poster; });
}

void HuecrySide::reconnect(std::size_t reader) {
    auto& client = readers_[reader];
    if (client.stage != Stage::in) return;  // on its way already
    client.line->close();
    connect(client);
}

void HuecrySide::photo(const std::string& bytes, std::size_t fetchers) {
    while (https_.size() < fetchers + 1) {
        const auto caller = https_.empty() ? test::Caller{partnership_->founder().key.clone(),
                                                          partnership_->founder().partnership,
                                                          ClientKind::device, relay_->key()}
                                           : partnership_->device(https_.size() - 1);
        https_.push_back(std::make_unique<test::WireClient>(relay_->port()));
        if (caller.enter_https(*https_.back()) != 200) throw Void("huecry: no entry over HTTPS");
    }
    std::array<std::uint8_t, 16> id{};
    ++photos_;
    std::memcpy(id.data(), &photos_, sizeof photos_);
    const auto target = "/v1/blobs/" + to_hex(id);
    const auto size = std::to_string(bytes.size());
    const auto stored = https_[0]->request(
        "PUT", target,
        "Content-Range: bytes 0-" + std::to_string(bytes.size() - 1) + "/" + size +
            "\r\nHuecry-Channel: " + to_hex(partnership_->channel(0).id) +
            ".1\r\nHuecry-Lifetime: 3600000\r\nHuecry-Digest: " + sha256(view(bytes)).hex() +
            "\r\n",
        bytes);
    if (stored.status != 201) throw Void("huecry: a photo was not stored");
    for (std::size_t i = 1; i <= fetchers; ++i)
        if (https_[i]->request("GET", target).body != bytes)
            throw Void("huecry: a photo is not what was sent");
}

void HuecrySide::send(Client& client, const std::string& frame) {
    mask_ = mask_ * 1664525 + 1013904223;
    add_websocket(client.out, 2, view(frame), mask_);
}

void HuecrySide::received(Client& client, BytesView bytes) {
    const auto line = client.line;  // may be dropped on the way
    receiving_ = &client;
    take_all(client, bytes);
    receiving_ = nullptr;
    if (client.out.empty()) return;
    line->write(view(client.out));
    client.out.clear();
}

void HuecrySide::take_all(Client& client, BytesView bytes) {
    BytesView rest = bytes;
    if (!client.in.empty()) {
        client.in.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        rest = view(client.in);
    }
    if (client.stage == Stage::upgrading) {
        const std::string_view text(reinterpret_cast<const char*>(rest.data()), rest.size());
        const auto end = text.find(head_end);
        if (end == text.npos) return;
        if (!text.starts_with("HTTP/1.1 101 ")) return ledger_.fault("no upgrade");
        rest = rest.subspan(end + head_end.size());
        greet(client);
    }
    WebSocketFrame frame;
    std::int64_t size = 0;
    while ((size = next_websocket(rest, frame)) > 0) {
        if (frame.opcode == 2) take(client, frame.payload);
        if (frame.opcode == 9) add_websocket(client.out, 10, frame.payload, ++mask_);
        if (frame.opcode == 8) return ledger_.fault("closed a connection");
        rest = rest.subspan(static_cast<std::size_t>(size));
    }
    if (size < 0) return ledger_.fault("a malformed WebSocket frame");
    // A long frame comes in many reads: what is there already is not copied again.
    if (client.in.empty()) {
        client.in.assign(reinterpret_cast<const char*>(rest.data()), rest.size());
    } else if (rest.size() < client.in.size()) {
        client.in.erase(0, client.in.size() - rest.size());
    }
}

void HuecrySide::take(Client& client, BytesView bytes) {
    const auto frame = read_frame(bytes);
    switch (frame.body) {
        case Body::deliver:
            return take_deliver(client, frame.content);
        case Body::submit_result:
            return accepted(client.index);
        case Body::failure: {
            v1::Frame whole;
            (void)whole.ParseFromString(to_string(bytes));
            return ledger_.fault("refused a request: " + std::to_string(whole.failure().code()));
        }
        case Body::goodbye:
            return ledger_.fault("said goodbye");
        case Body::missed:
        case Body::none:
            return ledger_.fault("an unexpected frame");
        default:
            return take_early(client, frame, bytes);
    }
}

void HuecrySide::take_early(Client& client, const FrameView& frame, BytesView whole) {
    if (frame.body == Body::hello_reply && client.stage == Stage::greeting)
        return prove(client, whole);
    if (frame.body == Body::ready && client.stage == Stage::proving) return begin(client);
    if (frame.body == Body::key_package_count && client.stage == Stage::stocking) {
        client.stocked = true;
        client.line->close();
        in(client);
    }
}

void HuecrySide::greet(Client& client) {
    client.stage = Stage::greeting;
    client.hello = client.caller.hello();
    v1::Frame frame;
    *frame.mutable_hello() = client.hello;
    send(client, frame.SerializeAsString());
}

void HuecrySide::prove(Client& client, BytesView bytes) {
    v1::Frame reply;
    if (!reply.ParseFromString(to_string(bytes))) return ledger_.fault("a malformed hello");
    client.stage = Stage::proving;
    v1::Frame frame;
    *frame.mutable_prove() =
        client.caller.prove(client.hello, reply.hello_reply(), client.line->exporter());
    send(client, frame.SerializeAsString());
}

void HuecrySide::begin(Client& client) {
    if (stocking_) {
        client.stage = Stage::stocking;
        return send(client, key_package_frame(key_package(client.caller.device())));
    }
    client.stage = Stage::in;
    if (client.subscribes)
        for (std::size_t slot = 0; slot < client.slots.size(); ++slot) {
            const auto channel = client.poster ? slot : plan_.channel(client.index, slot);
            send(client, subscribe_frame(partnership_->channel(channel), client.slots[slot].seq));
        }
    in(client);
}

void HuecrySide::in(Client& client) {
    if (!client.poster) return reader_in();
    ++posters_in_;
    progress();
}

std::size_t HuecrySide::channel_of(const StreamRef& stream) const {
    const auto found = channels_.find(stream);
    return found == channels_.end() ? plan_.channels : found->second;
}

void HuecrySide::take_deliver(Client& client, BytesView deliver) {
    client.unacknowledged += deliver.size();
    ProtoFields fields(deliver);
    std::size_t channel = 0;
    std::size_t slot = 0;
    EntryView entry;
    while (fields.next()) {
        if (fields.number == 1) {
            const auto stream = read_stream(fields.bytes);
            channel = stream ? channel_of(*stream) : plan_.channels;
            slot = client.poster ? channel : slot_of(client.index, channel);
            if (channel == plan_.channels || slot >= client.slots.size())
                return ledger_.fault("entries of a stream that was not asked for");
        } else if (fields.number == 2) {
            if (!read_entry(fields.bytes, entry)) return ledger_.fault("a malformed entry");
            take_entry(client, slot, channel, entry);
        }
    }
    if (!fields.ok()) return ledger_.fault("a malformed delivery");
    ack_later(client);
}

void HuecrySide::take_entry(Client& client, std::size_t slot, std::size_t channel,
                            const EntryView& entry) {
    auto& had = client.slots[slot].seq;
    if (entry.seq != had + 1) return ledger_.fault("a gap or a repeat in a stream");
    had = entry.seq;
    if (client.poster) return;
    const auto ciphertext = ciphertext_of(entry.body);
    if (entry.kind != EntryKind::application || entry.gone || entry.body.size() != payload_size)
        return ledger_.fault("an entry that is no alert");
    delivered(client.index, channel, read_payload(ciphertext));
}

void HuecrySide::ack_later(Client& client) {
    const bool soon = client.unacknowledged >= much_unacknowledged;
    if (client.ack_due && (!soon || client.ack_soon)) return;
    client.ack_due = true;
    client.ack_soon = soon;
    auto& queue = acks_[soon ? 0 : 1];
    queue.due.emplace_back(std::chrono::steady_clock::now() + (soon ? ack_soon : ack_delay),
                           &client);
    if (queue.due.size() == 1) arm_acks(queue);
}

void HuecrySide::arm_acks(Acks& queue) {
    queue.timer.expires_at(queue.due.front().first);
    queue.timer.async_wait([this, &queue](boost::system::error_code error) {
        if (error) return;
        const auto now = std::chrono::steady_clock::now();
        while (!queue.due.empty() && queue.due.front().first <= now) {
            auto* client = queue.due.front().second;
            queue.due.pop_front();
            if (client->ack_due) ack(*client);
        }
        if (!queue.due.empty()) arm_acks(queue);
    });
}

void HuecrySide::ack(Client& client) {
    client.ack_due = client.ack_soon = false;
    client.unacknowledged = 0;
    if (!client.line) return;
    for (std::size_t slot = 0; slot < client.slots.size(); ++slot) {
        auto& one = client.slots[slot];
        if (one.seq == one.acknowledged) continue;
        one.acknowledged = one.seq;
        const auto channel = client.poster ? slot : plan_.channel(client.index, slot);
        send(client, ack_frame(partnership_->channel(channel), one.seq));
    }
    client.line->write(view(client.out));
    client.out.clear();
}

void HuecrySide::post(std::size_t poster, std::size_t channel) {
    auto& client = posters_[poster];
    std::array<std::uint8_t, payload_size - private_message_overhead> ciphertext;
    write_payload(next_number(poster, channel), ciphertext);
    Alert alert;
    alert.channel = partnership_->channel(channel);
    alert.request = ++requests_;
    alert.handshake_seq = partnership_->last_handshake(channel);
    alert.directory_index = partnership_->directory_index();
    std::array<std::uint8_t, MessageId::size> id{};
    std::memcpy(id.data(), &alert.request, sizeof alert.request);
    id.back() = 1;
    alert.id = MessageId(id);
    send(client, submit_frame(alert, private_message(alert.channel, 1, ciphertext)));
    if (receiving_ == &client) return;  // what it has read is answered in one piece
    client.line->write(view(client.out));
    client.out.clear();
}

}  // namespace huecry::bench
