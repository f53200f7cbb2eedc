// Each origin's nearest destination, by one search from all destinations at once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph.hpp"
#include "places.hpp"
#include "workers.hpp"

namespace circle15 {

struct Nearest {
    std::vector<Ms> time;                   // kUnreached = none within the cutoff
    std::vector<std::int32_t> destination;  // -1 = none; of several at the same millisecond the smallest index
};

[[nodiscard]] Nearest nearest(const Graph& graph, std::span<const Place> origins, std::span<const Place> destinations,
                              Ms cutoff, const Run& run);

}  // namespace circle15
