#include "photos/colour.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace huecry::photos {
namespace {

using Curve = std::array<float, 256>;
using Matrix = std::array<std::array<double, 3>, 3>;

constexpr std::size_t max_tags = 64;
constexpr std::size_t max_curve = 4096;
constexpr std::array<double, 3> d50{0.9642, 1.0, 0.8249};
// sRGB's primaries seen under D50 (IEC 61966-2-1, Bradford-adapted), and back.
constexpr Matrix srgb_to_xyz{{{0.4360747, 0.3850649, 0.1430804},
                              {0.2225045, 0.7168786, 0.0606169},
                              {0.0139322, 0.0971045, 0.7141733}}};
constexpr Matrix xyz_to_srgb{{{3.1338561, -1.6168667, -0.4906146},
                              {-0.9787684, 1.9161415, 0.0334540},
                              {0.0719453, -0.2289914, 1.4052427}}};

class Profile {
public:
    explicit Profile(BytesView bytes) : bytes_(bytes) {}

    [[nodiscard]] std::optional<std::uint32_t> number(std::size_t at, std::size_t size) const {
        if (at > bytes_.size() || bytes_.size() - at < size) return std::nullopt;
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < size; ++i) value = value << 8U | bytes_[at + i];
        return value;
    }
    [[nodiscard]] bool has(std::size_t at, std::uint32_t signature) const {
        return number(at, 4) == signature;
    }
    /// s15Fixed16Number
    [[nodiscard]] std::optional<double> fixed(std::size_t at) const {
        const auto raw = number(at, 4);
        if (!raw) return std::nullopt;
        return static_cast<double>(static_cast<std::int32_t>(*raw)) / 65536.0;
    }
    [[nodiscard]] std::optional<std::size_t> tag(std::uint32_t signature) const {
        const auto count = number(128, 4);
        for (std::size_t i = 0; count && i < std::min<std::size_t>(*count, max_tags); ++i) {
            if (has(132 + i * 12, signature)) return number(136 + i * 12, 4);
        }
        return std::nullopt;
    }

private:
    BytesView bytes_;
};

constexpr std::uint32_t four(const char (&text)[5]) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8U | static_cast<std::uint8_t>(text[i]);
    return value;
}

float unit(double value) {
    return std::isfinite(value) ? static_cast<float>(std::clamp(value, 0.0, 1.0)) : 0.0F;
}

// parametricCurveType, ICC.1:2010 section 10.16
std::optional<Curve> parametric(const Profile& profile, std::size_t at) {
    static constexpr std::array<std::size_t, 5> parameters{1, 3, 4, 5, 7};
    const auto kind = profile.number(at + 8, 2);
    if (!kind || *kind >= parameters.size()) return std::nullopt;
    std::array<double, 7> p{1, 1, 0, 0, 0, 0, 0};  // g a b c d e f
    for (std::size_t i = 0; i < parameters[*kind]; ++i) {
        const auto value = profile.fixed(at + 12 + i * 4);
        if (!value) return std::nullopt;
        p[i] = *value;
    }
    const auto [g, a, b, c, d, e, f] = p;
    Curve out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        const double x = static_cast<double>(i) / 255.0;
        const double power = std::pow(std::max(0.0, a * x + b), g);
        double y = power;
        if (*kind == 1 || *kind == 2) y = a * x + b >= 0 ? power + c : c;
        if (*kind >= 3) y = x >= d ? power + e : c * x + f;
        out[i] = unit(y);
    }
    return out;
}

// curveType, section 10.6
std::optional<Curve> sampled(const Profile& profile, std::size_t at) {
    const auto count = profile.number(at + 8, 4);
    if (!count || *count > max_curve) return std::nullopt;
    Curve out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        const double x = static_cast<double>(i) / 255.0;
        if (*count == 0) {
            out[i] = unit(x);
        } else if (*count == 1) {
            const auto gamma = profile.number(at + 12, 2);
            if (!gamma) return std::nullopt;
            out[i] = unit(std::pow(x, *gamma / 256.0));
        } else {
            const double place = x * (*count - 1);
            const auto low = std::min(static_cast<std::size_t>(place), std::size_t{*count} - 2);
            const auto a = profile.number(at + 12 + low * 2, 2);
            const auto b = profile.number(at + 14 + low * 2, 2);
            if (!a || !b) return std::nullopt;
            const double part = place - static_cast<double>(low);
            out[i] = unit((*a * (1.0 - part) + *b * part) / 65535.0);
        }
    }
    return out;
}

std::optional<Curve> curve(const Profile& profile, std::uint32_t signature) {
    const auto at = profile.tag(signature);
    if (!at) return std::nullopt;
    if (profile.has(*at, four("para"))) return parametric(profile, *at);
    if (profile.has(*at, four("curv"))) return sampled(profile, *at);
    return std::nullopt;
}

struct Conversion {
    std::array<Curve, 3> curves{};
    Matrix matrix{};  // linear source to linear sRGB
};

// The three primaries must add up to the white of the connection space.
bool sums_to_white(const Matrix& primaries) {
    for (std::size_t row = 0; row < 3; ++row) {
        const double sum = primaries[row][0] + primaries[row][1] + primaries[row][2];
        if (std::abs(sum - d50[row]) > 0.05) return false;
    }
    return true;
}

bool is_srgb(const Matrix& primaries, const std::array<Curve, 3>& curves) {
    for (std::size_t row = 0; row < 3; ++row) {
        for (std::size_t column = 0; column < 3; ++column) {
            if (std::abs(primaries[row][column] - srgb_to_xyz[row][column]) > 0.003) return false;
        }
    }
    return std::all_of(curves.begin(), curves.end(), [](const Curve& curve) {
        return std::abs(curve[64] - 0.0513F) < 0.004F && std::abs(curve[128] - 0.2159F) < 0.01F &&
               std::abs(curve[192] - 0.5271F) < 0.01F;
    });
}

std::optional<Conversion> conversion(BytesView icc) {
    const Profile profile(icc);
    if (!profile.has(16, four("RGB ")) || !profile.has(20, four("XYZ "))) return std::nullopt;
    constexpr std::array<std::uint32_t, 3> colorants{four("rXYZ"), four("gXYZ"), four("bXYZ")};
    constexpr std::array<std::uint32_t, 3> responses{four("rTRC"), four("gTRC"), four("bTRC")};
    Conversion out;
    Matrix primaries{};
    for (std::size_t i = 0; i < 3; ++i) {
        const auto at = profile.tag(colorants[i]);
        const auto response = curve(profile, responses[i]);
        if (!at || !response || !profile.has(*at, four("XYZ "))) return std::nullopt;
        out.curves[i] = *response;
        for (std::size_t row = 0; row < 3; ++row) {
            const auto value = profile.fixed(*at + 8 + row * 4);
            if (!value) return std::nullopt;
            primaries[row][i] = *value;
        }
    }
    if (!sums_to_white(primaries) || is_srgb(primaries, out.curves)) return std::nullopt;
    for (std::size_t row = 0; row < 3; ++row) {
        for (std::size_t column = 0; column < 3; ++column) {
            for (std::size_t i = 0; i < 3; ++i) {
                out.matrix[row][column] += xyz_to_srgb[row][i] * primaries[i][column];
            }
        }
    }
    return out;
}

std::array<std::uint8_t, 4096> encoded() {
    std::array<std::uint8_t, 4096> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
        const double x = static_cast<double>(i) / 4095.0;
        const double y = x <= 0.0031308 ? x * 12.92 : 1.055 * std::pow(x, 1 / 2.4) - 0.055;
        table[i] = static_cast<std::uint8_t>(std::lround(y * 255.0));
    }
    return table;
}

}  // namespace

void to_srgb(Image& image, BytesView icc) {
    const auto how = conversion(icc);
    if (!how) return;
    const auto table = encoded();
    for (std::size_t i = 0; i + 2 < image.pixels.size(); i += 3) {
        std::array<double, 3> linear{};
        for (std::size_t c = 0; c < 3; ++c) linear[c] = how->curves[c][image.pixels[i + c]];
        for (std::size_t row = 0; row < 3; ++row) {
            const auto& m = how->matrix[row];
            const double mixed = m[0] * linear[0] + m[1] * linear[1] + m[2] * linear[2];
            const auto index = static_cast<std::size_t>(std::clamp(mixed, 0.0, 1.0) * 4095.0 + 0.5);
            image.pixels[i + row] = table[index];
        }
    }
}

}  // namespace huecry::photos
