#include "bench/fanout/report.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>

namespace huecry::bench {
namespace {

struct Spread {
    double median = 0, least = 0, most = 0;
};

Spread spread_of(std::vector<double> values) {
    if (values.empty()) return {};
    std::sort(values.begin(), values.end());
    return {values[values.size() / 2], values.front(), values.back()};
}

/// Of the pairs that ran next to each other.
std::vector<double> ratios(const std::vector<double>& ours, const std::vector<double>& theirs) {
    std::vector<double> out;
    for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i)
        if (theirs[i] > 0) out.push_back(ours[i] / theirs[i]);
    return out;
}

std::string short_number(double value) {
    char text[32];
    const char* unit = "";
    if (value >= 1e6) {
        value /= 1e6;
        unit = " M";
    } else if (value >= 1e4) {
        value /= 1e3;
        unit = " k";
    }
    std::snprintf(text, sizeof text, value >= 100 ? "%.0f%s" : "%.3g%s", value, unit);
    return text;
}

std::string cell(const std::vector<double>& values) {
    if (values.empty()) return "-";
    const auto s = spread_of(values);
    auto out = short_number(s.median);
    if (values.size() > 1) out += " (" + short_number(s.least) + ".." + short_number(s.most) + ")";
    return out;
}

boost::json::object json_of(const std::vector<double>& values) {
    const auto s = spread_of(values);
    boost::json::object out;
    out["median"] = s.median;
    out["min"] = s.least;
    out["max"] = s.most;
    out["rounds"] = boost::json::value_from(values);
    return out;
}

}  // namespace

void Report::add(const std::string& scenario, const std::string& figure, const std::string& unit,
                 std::size_t side, double value) {
    auto row = std::find_if(rows_.begin(), rows_.end(), [&](const auto& r) {
        return r.scenario == scenario && r.figure == figure;
    });
    if (row == rows_.end()) row = rows_.insert(row, {scenario, figure, unit, {}});
    row->values[side].push_back(value);
}

void Report::note(const std::string& text) {
    if (json_) {
        notes_.push_back(text);
    } else {
        std::printf("%s\n", text.c_str());
        std::fflush(stdout);
    }
}

void Report::drop(const std::string& scenario, const std::string& why) {
    std::erase_if(rows_, [&](const auto& row) { return row.scenario == scenario; });
    whole_ = false;
    note(scenario + ": no figures, because " + why);
}

void Report::print(const std::string& scenario) const {
    if (json_) return;
    std::printf("\n%-34s %-30s %-30s %s\n", scenario.c_str(), "huecry", "mosquitto", "ratio");
    for (const auto& row : rows_) {
        if (row.scenario != scenario) continue;
        std::printf("  %-32s %-30s %-30s %s\n", (row.figure + ", " + row.unit).c_str(),
                    cell(row.values[0]).c_str(), cell(row.values[1]).c_str(),
                    cell(ratios(row.values[0], row.values[1])).c_str());
    }
    std::fflush(stdout);
}

void Report::end() const {
    if (!json_) return;
    boost::json::array rows;
    for (const auto& row : rows_) {
        boost::json::object one;
        one["scenario"] = row.scenario;
        one["figure"] = row.figure;
        one["unit"] = row.unit;
        one["huecry"] = json_of(row.values[0]);
        if (!row.values[1].empty()) {
            one["mosquitto"] = json_of(row.values[1]);
            one["ratio"] = json_of(ratios(row.values[0], row.values[1]));
        }
        rows.push_back(std::move(one));
    }
    boost::json::object all;
    all["figures"] = std::move(rows);
    all["notes"] = boost::json::value_from(notes_);
    all["whole"] = whole_;
    std::printf("%s\n", boost::json::serialize(all).c_str());
}

}  // namespace huecry::bench
