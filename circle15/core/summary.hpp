// Per origin: nodes reached, street length reached, sum of weights reached.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph.hpp"
#include "lanes.hpp"
#include "places.hpp"
#include "workers.hpp"

namespace circle15 {

struct Summary {
    std::vector<std::int64_t> nodes;
    std::vector<double> length_m;
    std::vector<double> weight;
};

// How the origins are searched; no choice changes a result.
struct SummaryPlan {
    enum class Mode { kAuto, kOneByOne, kLanes } mode = Mode::kAuto;
    const LaneKernel& kernel = best_lane_kernel();
};

// `weights` are finite, one per destination. Sums are made in whole quanta of 2^-51 of the sum of all weights, so that
// they depend on neither order nor threads.
[[nodiscard]] Summary reach_summary(const Graph& graph, std::span<const Place> origins, Ms cutoff,
                                    std::span<const Place> destinations, std::span<const double> weights,
                                    const Run& run, const SummaryPlan& plan = {});

}  // namespace circle15
