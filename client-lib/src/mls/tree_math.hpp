#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "mls/types.hpp"

// Places in a left-balanced tree kept as an array (RFC 9420 appendix C): leaf i is node 2i. A width
// is a number of leaves and always a power of two.
namespace huecry::mls {

using NodeIndex = std::uint32_t;

[[nodiscard]] constexpr NodeIndex node_of(LeafIndex leaf) { return leaf.value * 2; }
[[nodiscard]] constexpr bool is_leaf(NodeIndex x) { return (x & 1U) == 0; }
[[nodiscard]] constexpr LeafIndex leaf_of(NodeIndex x) { return {x / 2}; }
/// 0 for leaves, 1 for their parents, …
[[nodiscard]] constexpr std::uint32_t level(NodeIndex x) {
    return static_cast<std::uint32_t>(std::countr_one(x));
}
[[nodiscard]] constexpr std::uint32_t node_count(std::uint32_t width) { return width * 2 - 1; }
[[nodiscard]] constexpr NodeIndex root_of(std::uint32_t width) { return width - 1; }
/// Of a parent node only.
[[nodiscard]] constexpr NodeIndex left(NodeIndex x) { return x ^ (1U << (level(x) - 1)); }
[[nodiscard]] constexpr NodeIndex right(NodeIndex x) { return x ^ (3U << (level(x) - 1)); }
/// Not of the root.
[[nodiscard]] constexpr NodeIndex parent(NodeIndex x) {
    const auto k = level(x);
    return (x | (1U << k)) & ~(1U << (k + 1));
}
[[nodiscard]] constexpr NodeIndex sibling(NodeIndex x) {
    const auto p = parent(x);
    return x < p ? right(p) : left(p);
}
/// True when `x` lies under `ancestor` or is it.
[[nodiscard]] constexpr bool in_subtree(NodeIndex x, NodeIndex ancestor) {
    const auto half = (1U << level(ancestor)) - 1;
    return ancestor - half <= x && x <= ancestor + half;
}
/// The first leaf below `x` and how many there are.
[[nodiscard]] constexpr LeafIndex first_leaf(NodeIndex x) {
    return {(x - ((1U << level(x)) - 1)) / 2};
}
[[nodiscard]] constexpr std::uint32_t leaves_below(NodeIndex x) { return 1U << level(x); }
/// From the leaf's parent to the root.
[[nodiscard]] inline std::vector<NodeIndex> direct_path(LeafIndex leaf, std::uint32_t width) {
    std::vector<NodeIndex> out;
    for (auto x = node_of(leaf); x != root_of(width);) out.push_back(x = parent(x));
    return out;
}
[[nodiscard]] constexpr NodeIndex common_ancestor(NodeIndex a, NodeIndex b) {
    auto x = a;
    while (!in_subtree(b, x)) x = parent(x);
    return x;
}

}  // namespace huecry::mls
