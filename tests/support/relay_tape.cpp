#include "support/relay_tape.hpp"

#include <filesystem>
#include <random>
#include <sstream>
#include <stdexcept>

#include "huecry/v1/frame.pb.h"
#include "huecry/wire/codec.hpp"

namespace huecry::test {
namespace {

constexpr std::array names{"open", ">", "commit", "pass", "close"};

struct TapeClock final : relay::Clock {
    std::uint64_t wall = 0;
    std::uint64_t steady = 1000;
    [[nodiscard]] std::uint64_t wall_ms() const override { return wall; }
    [[nodiscard]] std::uint64_t steady_ms() const override { return steady; }
};

/// The nonce of the connection that says hello; anything else is the same in each run.
struct TapeRandom final : relay::Random {
    std::mt19937_64 engine{11};
    Bytes nonce;
    void fill(std::span<std::uint8_t> out) override {
        if (!nonce.empty() && out.size() == nonce.size()) {
            std::copy(nonce.begin(), nonce.end(), out.begin());
            nonce.clear();
            return;
        }
        for (auto& b : out) b = static_cast<std::uint8_t>(engine());
    }
};

std::string step_text(const TapeStep& step) {
    auto out = std::string(names.at(static_cast<std::size_t>(step.kind)));
    switch (step.kind) {
        case TapeStep::Kind::open:
        case TapeStep::Kind::in:
            return out + " " + std::to_string(step.connection) +
                   (step.bytes.empty() ? "" : " " + to_hex(step.bytes));
        case TapeStep::Kind::close:
            return out + " " + std::to_string(step.connection);
        case TapeStep::Kind::pass:
            return out + " " + std::to_string(step.ms);
        case TapeStep::Kind::commit:
            break;
    }
    return out;
}

Bytes hex(const std::string& text) {
    Bytes out;
    if (!from_hex(text, out)) throw std::runtime_error("not hexadecimal");
    return out;
}

TapeStep step_from(std::size_t kind, std::istringstream& rest) {
    TapeStep step;
    step.kind = static_cast<TapeStep::Kind>(kind);
    if (step.kind == TapeStep::Kind::commit) return step;
    if (step.kind == TapeStep::Kind::pass) {
        rest >> step.ms;
    } else {
        rest >> step.connection;
    }
    if (rest.fail()) throw std::runtime_error("a step that is not whole");
    std::string bytes;
    if (rest >> bytes) step.bytes = hex(bytes);  // a frame may be empty
    if (step.kind == TapeStep::Kind::open && step.bytes.size() != 64)
        throw std::runtime_error("exporter and nonce are 64 bytes");
    return step;
}

void take_line(Tape& tape, const std::string& line) {
    std::istringstream rest(line);
    std::string word;
    rest >> word;
    if (word.empty() || word[0] == '#') return;
    if (word == "relay") {
        rest >> word;
        tape.relay_seed = hex(word);
        return;
    }
    if (word == "member") {
        rest >> word;
        tape.member_seed = hex(word);
        return;
    }
    if (word == "time") {
        rest >> tape.time_ms;
        return;
    }
    if (word == "<") {
        unsigned connection = 0;
        std::string bytes;
        rest >> connection;
        rest >> bytes;
        tape.answers.at(tape.steps.size() - 1).emplace_back(connection, hex(bytes));
        return;
    }
    for (std::size_t kind = 0; kind < names.size(); ++kind) {
        if (word != names[kind]) continue;
        tape.steps.push_back(step_from(kind, rest));
        tape.answers.emplace_back();
        return;
    }
    throw std::runtime_error("there is no such step");
}

}  // namespace

std::string Tape::text() const {
    auto out = "relay " + to_hex(relay_seed) + "\nmember " + to_hex(member_seed) + "\ntime " +
               std::to_string(time_ms) + "\n";
    for (std::size_t i = 0; i < steps.size(); ++i) {
        out += step_text(steps[i]) + "\n";
        if (i >= answers.size()) continue;
        for (const auto& [connection, bytes] : answers[i])
            out += "< " + std::to_string(connection) + (bytes.empty() ? "" : " " + to_hex(bytes)) +
                   "\n";
    }
    return out;
}

Tape Tape::from_text(const std::string& text) {
    Tape out;
    std::istringstream in(text);
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        try {
            take_line(out, line);
        } catch (const std::exception& error) {
            throw std::runtime_error("line " + std::to_string(number) + ": " + error.what());
        }
    }
    return out;
}

Bytes Tape::pack(const std::vector<TapeStep>& steps) {
    Writer w;
    for (const auto& step : steps) {
        w.u8(static_cast<std::uint8_t>(step.kind)).u8(static_cast<std::uint8_t>(step.connection));
        if (step.kind == TapeStep::Kind::in) {
            const auto size = std::min<std::size_t>(step.bytes.size(), UINT16_MAX);
            w.u16(static_cast<std::uint16_t>(size)).raw(BytesView(step.bytes).first(size));
        }
        if (step.kind == TapeStep::Kind::pass) w.u32(static_cast<std::uint32_t>(step.ms));
    }
    return w.take();
}

std::vector<TapeStep> Tape::unpack(BytesView bytes) {
    std::vector<TapeStep> out;
    Reader r(bytes);
    while (r.left() >= 2) {
        TapeStep step;
        step.kind = static_cast<TapeStep::Kind>(r.u8() % names.size());
        step.connection = r.u8() % 16;
        if (step.kind == TapeStep::Kind::in) {
            if (r.left() < 2) break;
            const std::size_t size = r.u16();
            step.bytes = to_bytes(r.raw(std::min(size, r.left())));
        }
        if (step.kind == TapeStep::Kind::pass) {
            if (r.left() < 4) break;
            step.ms = r.u32();
        }
        // As the recorder gives them: a fuzzer cannot guess what was signed.
        if (step.kind == TapeStep::Kind::open)
            step.bytes = Bytes(64, static_cast<std::uint8_t>(step.connection + 1));
        out.push_back(std::move(step));
    }
    return out;
}

struct TapePlayer::Impl {
    struct Line final : relay::Outlet {
        Impl* player = nullptr;
        unsigned number = 0;
        relay::ConnectionId id = 0;
        bool open = true;
        Bytes nonce;
        void send(relay::EncodedFrame frame) override {
            if (!open) throw std::logic_error("a frame after the end of the connection");
            player->heard.emplace_back(number, to_bytes(view(*frame)));
        }
        [[nodiscard]] std::size_t queued_bytes() const override { return 0; }
        void close(Errc code, std::uint32_t after_ms) override {
            open = false;
            v1::Frame frame;
            frame.mutable_goodbye()->set_code(static_cast<std::uint32_t>(code));
            frame.mutable_goodbye()->set_reconnect_after_ms(after_ms);
            player->heard.emplace_back(number, to_bytes(view(frame.SerializeAsString())));
        }
    };

    Impl(relay::Store& store, const std::string& folder, BytesView seed, std::uint64_t time_ms) {
        clock.wall = time_ms;
        auto opened = relay::LeaseStore::open(folder + "/leases.db", Bytes(32, 1), random);
        if (!opened) throw std::runtime_error("leases: " + opened.error().text());
        leases = std::move(*opened);
        blobs = std::make_unique<relay::BlobService>(folder + "/blobs", clock);
        relay::CoreOptions options;
        options.identity = signing_key_from_seed(seed);
        auto made = relay::Core::open(
            {std::move(options), clock, random, store, *leases, *blobs, [](auto, auto, auto) {}});
        if (!made) throw std::runtime_error("core: " + made.error().text());
        core = std::move(*made);
    }

    void open(const TapeStep& step) {
        hang_up(step.connection);
        auto& line = lines[step.connection] = std::make_unique<Line>();
        line->player = this;
        line->number = step.connection;
        std::array<std::uint8_t, 32> exporter{};
        std::copy_n(step.bytes.begin(), 32, exporter.begin());
        line->nonce.assign(step.bytes.begin() + 32, step.bytes.begin() + 64);
        line->id = core->opened(*line, exporter, {true, 0});
    }
    void in(const TapeStep& step) {
        const auto found = lines.find(step.connection);
        if (found == lines.end() || !found->second->open) return;
        auto& line = *found->second;
        if (step.bytes.size() > core->frame_limit(line.id)) return;  // the network refuses it
        random.nonce = line.nonce;
        core->received(line.id, step.bytes);
        random.nonce.clear();
    }
    void hang_up(unsigned connection) {
        const auto found = lines.find(connection);
        if (found == lines.end()) return;
        if (found->second->open) core->closed(found->second->id);
        lines.erase(found);
    }

    TapeClock clock;
    TapeRandom random;
    std::unique_ptr<relay::LeaseStore> leases;
    std::unique_ptr<relay::BlobService> blobs;
    std::map<unsigned, std::unique_ptr<Line>> lines;  // outlive the core
    std::unique_ptr<relay::Core> core;
    TapeAnswers heard;
};

TapePlayer::TapePlayer(relay::Store& store, const std::string& folder, BytesView relay_seed,
                       std::uint64_t time_ms)
    : impl_(std::make_unique<Impl>(store, folder, relay_seed, time_ms)) {}
TapePlayer::~TapePlayer() = default;

TapeAnswers TapePlayer::play(const TapeStep& step) {
    auto& p = *impl_;
    p.heard.clear();
    switch (step.kind) {
        case TapeStep::Kind::open:
            p.open(step);
            break;
        case TapeStep::Kind::in:
            p.in(step);
            break;
        case TapeStep::Kind::commit:
            p.core->flush();
            break;
        case TapeStep::Kind::pass:
            p.clock.wall += step.ms;
            p.clock.steady += step.ms;
            p.core->tick();
            break;
        case TapeStep::Kind::close:
            p.hang_up(step.connection);
            break;
    }
    return std::exchange(p.heard, {});
}

relay::Core& TapePlayer::core() { return *impl_->core; }
relay::BlobService& TapePlayer::blobs() { return *impl_->blobs; }
const relay::Clock& TapePlayer::clock() const { return impl_->clock; }

}  // namespace huecry::test
