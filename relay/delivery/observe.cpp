#include "delivery/observe.hpp"

namespace huecry::relay {

void Histogram::add(std::uint64_t us) {
    std::size_t bucket = 0;
    while (bucket + 1 < size && us >= upper_us(bucket)) ++bucket;
    ++buckets[bucket];
    ++count;
    sum_us += us;
}

}  // namespace huecry::relay
