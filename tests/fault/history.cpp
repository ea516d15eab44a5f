#include "fault/history.hpp"

#include <set>

namespace huecry::fault {
namespace {

using Key = std::pair<DeviceId, MessageId>;

class Judge {
public:
    explicit Judge(const History& history) : history_(history) {
        for (const auto& said : history.said) said_.emplace(Key{said.sender, said.id}, &said);
    }
    std::vector<std::string> found() {
        answers();
        places();
        readers();
        orders();
        losses();
        return std::move(found_);
    }

private:
    struct Place {
        const History::Given* first = nullptr;
        std::set<DeviceId> bodies;  // readers that were given the body
    };

    void wrong(const std::string& what, const DeviceId& who, std::uint64_t seq) {
        found_.push_back(what + ": device " + who.short_hex() + ", seq " + std::to_string(seq));
    }

    void answers() {
        for (const auto& a : history_.answered) {
            const Key key{a.sender, a.id};
            if (!said_.contains(key)) wrong("answered though nobody said it", a.sender, a.seq);
            const auto [first, fresh] = answers_.try_emplace(key, &a);
            if (fresh) continue;
            const auto& before = *first->second;
            if (before.seq != a.seq || before.accepted_ms != a.accepted_ms ||
                before.expiry_ms != a.expiry_ms)
                wrong("a repeat was given another answer", a.sender, a.seq);
            if (!a.repeat) wrong("accepted a second time", a.sender, a.seq);
        }
    }

    /// What stands at each number, by all readers together.
    void places() {
        std::map<Key, std::uint64_t> where;
        for (const auto& g : history_.given) {
            auto& place = places_[g.seq];
            if (place.first == nullptr) place.first = &g;
            if (g.body) place.bodies.insert(g.reader);
            if (place.first->header != g.header) wrong("readers disagree", g.reader, g.seq);
            const Key key{g.sender, g.id};
            const auto said = said_.find(key);
            if (said == said_.end()) {
                wrong("given though nobody said it", g.reader, g.seq);
            } else if (g.body && *g.body != said->second->body) {
                wrong("given with another body", g.reader, g.seq);
            }
            const auto [at, fresh] = where.try_emplace(key, g.seq);
            if (!fresh && at->second != g.seq) wrong("one message at two places", g.reader, g.seq);
        }
        std::uint64_t time = 0;
        for (const auto& [seq, place] : places_) {
            if (place.first->accepted_ms < time)
                wrong("accepted before the one before it", place.first->sender, seq);
            time = place.first->accepted_ms;
        }
    }

    void readers() {
        std::map<DeviceId, std::uint64_t> last;
        for (const auto& [device, reader] : history_.readers) last[device] = reader.from;
        for (const auto& g : history_.given) {
            auto& before = last[g.reader];
            if (g.seq <= before) wrong("given twice", g.reader, g.seq);
            if (g.seq > before + 1) wrong("a hole before it", g.reader, g.seq);
            before = std::max(before, g.seq);
        }
        for (const auto& [device, reader] : history_.readers)
            if (last[device] < reader.until) wrong("never given", device, last[device] + 1);
    }

    void orders() {
        std::map<DeviceId, std::uint64_t> number;
        for (const auto& [seq, place] : places_) {
            const auto said = said_.find({place.first->sender, place.first->id});
            if (said == said_.end()) continue;
            auto& before = number[place.first->sender];
            if (said->second->number < before)
                wrong("a sender's messages in another order", place.first->sender, seq);
            before = std::max(before, said->second->number);
        }
    }

    void losses() {
        for (const auto& [key, answer] : answers_) {
            const auto place = places_.find(answer->seq);
            const bool there = place != places_.end() && place->second.first->id == key.second &&
                               place->second.first->sender == key.first;
            for (const auto& [device, reader] : history_.readers) {
                if (answer->seq <= reader.from || answer->seq > reader.until) continue;
                if (!there) {
                    wrong("acknowledged and lost", key.first, answer->seq);
                    break;
                }
                if (!place->second.bodies.contains(device))
                    wrong("acknowledged and never given", device, answer->seq);
            }
        }
    }

    const History& history_;
    std::map<Key, const History::Said*> said_;
    std::map<Key, const History::Answered*> answers_;
    std::map<std::uint64_t, Place> places_;
    std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> violations(const History& history) { return Judge(history).found(); }

}  // namespace huecry::fault
