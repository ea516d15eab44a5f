#pragma once

#include <string>

#include "store/store.hpp"

namespace huecry::fault {

/// Reads all of both through the store's own interface and says where they first differ; empty when
/// they do not. What can only be asked for by name (acceptances, packages, codes, marks) is in
/// `names`.
struct StoreNames {
    struct Submission {
        PartnershipId partnership;
        StreamRef stream;
        DeviceId device;
        MessageId id;
    };
    struct Package {
        PartnershipId partnership;
        DeviceId device;
        Digest digest;
    };
    std::vector<Submission> submissions;
    std::vector<Package> packages;
    std::vector<Digest> codes;
    std::vector<std::string> marks;
};
[[nodiscard]] std::string difference(relay::Store& a, relay::Store& b, const StoreNames& names);

}  // namespace huecry::fault
