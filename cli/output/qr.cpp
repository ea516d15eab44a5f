#include "output/qr.hpp"

#include <qrencode.h>

#include <cerrno>
#include <memory>

namespace huecry::cli {

Result<std::string> qr_code(const std::string& text) {
    constexpr int border = 2;
    const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
        QRcode_encodeString8bit(text.c_str(), 0, QR_ECLEVEL_M), &QRcode_free);
    if (!code && errno == ERANGE) return Error{Errc::too_large, "the QR code"};
    if (!code) return Error{Errc::internal, "QR code"};
    const auto dark = [&](int x, int y) {
        if (x < 0 || y < 0 || x >= code->width || y >= code->width) return false;
        return (code->data[y * code->width + x] & 1) != 0;
    };
    std::string out;
    for (int y = -border; y < code->width + border; y += 2) {
        out += "\x1b[30;107m";
        for (int x = -border; x < code->width + border; ++x) {
            const bool above = dark(x, y);
            const bool below = dark(x, y + 1);
            out += above ? (below ? "█" : "▀") : (below ? "▄" : " ");
        }
        out += "\x1b[0m\n";
    }
    return out;
}

}  // namespace huecry::cli
