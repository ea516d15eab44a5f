#include "net/https_devices.hpp"

#include <algorithm>

#include "huecry/limits.hpp"

namespace huecry::relay {

HttpsDevices::Place::Place(std::shared_ptr<Device> device) : device_(std::move(device)) {
    ++device_->open;
}

HttpsDevices::Place::~Place() {
    if (device_) --device_->open;
}

bool HttpsDevices::Place::request(std::uint64_t steady_ms) {
    return device_->requests.take(steady_ms, limits::blob_requests_per_minute);
}

std::optional<HttpsDevices::Place> HttpsDevices::enter(const Principal& who) {
    Key key{who.partnership, {}};
    const auto subject =
        who.kind == ClientKind::invite ? who.invite.view() : BytesView(who.device.view());
    std::copy_n(subject.begin(), key.second.size(), key.second.begin());
    forget_idle();
    auto& device = devices_[key];
    if (!device) device = std::make_shared<Place::Device>();
    if (device->open >= limits::https_per_device) return std::nullopt;
    return Place(device);
}

/// Who has no connection loses its count as well, once there are many: a full bucket more or less.
void HttpsDevices::forget_idle() {
    if (devices_.size() < forget_at_) return;
    std::erase_if(devices_, [](const auto& item) { return item.second->open == 0; });
    forget_at_ = std::max<std::size_t>(1024, 2 * devices_.size());
}

}  // namespace huecry::relay
