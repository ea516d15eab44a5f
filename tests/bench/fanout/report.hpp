#pragma once

#include <string>
#include <vector>

namespace huecry::bench {

/// What the rounds of one scenario gave, ours beside mosquitto's.
class Report {
public:
    explicit Report(bool json) : json_(json) {}

    /// `side` 0 is ours, 1 mosquitto's; one value a round, in the order of the rounds.
    void add(const std::string& scenario, const std::string& figure, const std::string& unit,
             std::size_t side, double value);
    /// A line of text beside the figures: configuration, load, what could not be measured.
    void note(const std::string& text);
    /// A run with a missing or wrong delivery has no figures: all of the scenario's are dropped.
    void drop(const std::string& scenario, const std::string& why);
    /// The scenario's figures as a table, now; or everything as JSON at the end.
    void print(const std::string& scenario) const;
    void end() const;
    [[nodiscard]] bool whole() const { return whole_; }

private:
    struct Row {
        std::string scenario, figure, unit;
        std::vector<double> values[2];
    };
    std::vector<Row> rows_;
    std::vector<std::string> notes_;
    bool json_;
    bool whole_ = true;
};

}  // namespace huecry::bench
