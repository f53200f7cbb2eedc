// Origin by destination walking times within a cutoff, as compressed rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph.hpp"
#include "places.hpp"
#include "workers.hpp"

namespace circle15 {

struct Table {
    std::vector<std::int64_t> indptr;
    std::vector<std::int32_t> destination;  // ascending in each row
    std::vector<Ms> time;
};

// Searches from whichever side has fewer places. Transient memory is proportional to the answer.
[[nodiscard]] Table travel_times(const Graph& graph, std::span<const Place> origins,
                                 std::span<const Place> destinations, Ms cutoff, const Run& run);

}  // namespace circle15
