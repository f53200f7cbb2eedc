#include "components.hpp"

#include <algorithm>
#include <numeric>

namespace circle15 {

// Union of trees with path halving (Tarjan and van Leeuwen 1984). The smaller node becomes the root, so that roots come
// first in node order and numbering them in passing is enough.
std::vector<std::int32_t> components(std::size_t n_nodes, std::span<const std::int32_t> tail,
                                     std::span<const std::int32_t> head) {
    std::vector<std::int32_t> parent(n_nodes);
    std::iota(parent.begin(), parent.end(), 0);
    const auto at = [&parent](std::int32_t node) -> std::int32_t& { return parent[static_cast<std::size_t>(node)]; };
    const auto root = [&at](std::int32_t node) {
        while (at(node) != node) {
            at(node) = at(at(node));
            node = at(node);
        }
        return node;
    };
    for (std::size_t e = 0; e < tail.size(); ++e) {
        const std::int32_t a = root(tail[e]), b = root(head[e]);
        at(std::max(a, b)) = std::min(a, b);
    }
    std::vector<std::int32_t> component(n_nodes);
    std::int32_t n_components = 0;
    for (std::size_t node = 0; node < n_nodes; ++node) {
        const auto up = static_cast<std::size_t>(parent[node]);
        component[node] = up == node ? n_components++ : component[up];
    }
    return component;
}

}  // namespace circle15
