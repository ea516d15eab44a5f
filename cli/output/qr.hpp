#pragma once

#include <string>

#include "huecry/result.hpp"

namespace huecry::cli {

/// A QR code for a terminal, dark on light whatever its colours, two rows of it a line.
/// Errors: too_large.
Result<std::string> qr_code(const std::string& text);

}  // namespace huecry::cli
