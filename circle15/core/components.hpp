// Which nodes hang together, walking any edge either way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace circle15 {

// The number of each node's connected component; components are numbered by their smallest node. `tail` and `head`
// index the nodes (the caller has checked both).
[[nodiscard]] std::vector<std::int32_t> components(std::size_t n_nodes, std::span<const std::int32_t> tail,
                                                   std::span<const std::int32_t> head);

}  // namespace circle15
