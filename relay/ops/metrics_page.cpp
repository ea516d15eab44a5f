// The only file that sees prometheus-cpp.
#include "ops/metrics_page.hpp"

#include <dirent.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <limits>

namespace huecry::relay {

struct MetricsPage::Impl {
    std::vector<prometheus::MetricFamily> families;

    void add(std::string name, double value, bool gauge, std::string_view help) {
        prometheus::MetricFamily family;
        family.name = std::move(name);
        family.help = std::string(help);
        family.type = gauge ? prometheus::MetricType::Gauge : prometheus::MetricType::Counter;
        prometheus::ClientMetric metric;
        if (gauge) {
            metric.gauge.value = value;
        } else {
            metric.counter.value = value;
        }
        family.metric.push_back(std::move(metric));
        families.push_back(std::move(family));
    }
};

MetricsPage::MetricsPage() : impl_(std::make_unique<Impl>()) {}
MetricsPage::~MetricsPage() = default;

void MetricsPage::add(std::string_view name, double value, bool gauge, std::string_view help) {
    impl_->add("huecry_relay_" + std::string(name) + (gauge ? "" : "_total"), value, gauge, help);
}

void MetricsPage::add_by(std::string_view name, std::string_view label,
                         const std::vector<std::pair<std::string, double>>& values,
                         std::string_view help) {
    if (values.empty()) return;
    prometheus::MetricFamily family;
    family.name = "huecry_relay_" + std::string(name) + "_total";
    family.help = std::string(help);
    family.type = prometheus::MetricType::Counter;
    for (const auto& [value, count] : values) {
        prometheus::ClientMetric metric;
        metric.label.push_back({std::string(label), value});
        metric.counter.value = count;
        family.metric.push_back(std::move(metric));
    }
    impl_->families.push_back(std::move(family));
}

void MetricsPage::add_seconds(std::string_view name, const Histogram& histogram,
                              std::string_view help) {
    add_histogram(name, histogram, 1e6, help);
}

void MetricsPage::add_sizes(std::string_view name, const Histogram& histogram,
                            std::string_view help) {
    add_histogram(name, histogram, 64, help);
}

void MetricsPage::add_histogram(std::string_view name, const Histogram& histogram, double divisor,
                                std::string_view help) {
    prometheus::MetricFamily family;
    family.name = "huecry_relay_" + std::string(name);
    family.help = std::string(help);
    family.type = prometheus::MetricType::Histogram;
    prometheus::ClientMetric metric;
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < Histogram::size; ++i) {
        cumulative += histogram.buckets[i];
        const bool last = i + 1 == Histogram::size;
        prometheus::ClientMetric::Bucket bucket;
        bucket.cumulative_count = cumulative;
        bucket.upper_bound = last ? std::numeric_limits<double>::infinity()
                                  : static_cast<double>(Histogram::upper_us(i)) / divisor;
        metric.histogram.bucket.push_back(bucket);
    }
    metric.histogram.sample_count = histogram.count;
    metric.histogram.sample_sum = static_cast<double>(histogram.sum_us) / divisor;
    family.metric.push_back(std::move(metric));
    impl_->families.push_back(std::move(family));
}

void MetricsPage::add_process() {
    std::ifstream statm("/proc/self/statm");
    double pages = 0;
    double resident = 0;
    statm >> pages >> resident;
    impl_->add("process_resident_memory_bytes",
               resident * static_cast<double>(sysconf(_SC_PAGESIZE)), true,
               "resident memory of the relay");
    double open_files = 0;
    if (DIR* folder = opendir("/proc/self/fd")) {
        while (readdir(folder) != nullptr) ++open_files;
        closedir(folder);
        open_files -= 3;  // ".", ".." and the folder itself
    }
    impl_->add("process_open_fds", open_files, true, "open file descriptors");
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    impl_->add("process_cpu_seconds_total", seconds(usage.ru_utime) + seconds(usage.ru_stime),
               false, "processor time used");
}

std::string MetricsPage::text() const {
    return prometheus::TextSerializer().Serialize(impl_->families);
}

}  // namespace huecry::relay
