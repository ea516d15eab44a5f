#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "delivery/observe.hpp"

namespace huecry::relay {

/// Builds one answer to a Prometheus scrape from plain numbers. Names get the prefix
/// "huecry_relay_"; counters the suffix "_total".
class MetricsPage {
public:
    MetricsPage();
    ~MetricsPage();

    void add(std::string_view name, double value, bool gauge, std::string_view help);
    /// A counter for each value of one label; a family without any value is left out.
    void add_by(std::string_view name, std::string_view label,
                const std::vector<std::pair<std::string, double>>& values, std::string_view help);
    /// Buckets in microseconds become seconds.
    void add_seconds(std::string_view name, const Histogram& histogram, std::string_view help);
    /// Buckets of Counters::batch_size: 64 to each submission.
    void add_sizes(std::string_view name, const Histogram& histogram, std::string_view help);
    /// Resident memory, open files and processor time of this process, under Prometheus's names.
    void add_process();
    [[nodiscard]] std::string text() const;

private:
    struct Impl;
    void add_histogram(std::string_view name, const Histogram& histogram, double divisor,
                       std::string_view help);
    std::unique_ptr<Impl> impl_;
};

}  // namespace huecry::relay
