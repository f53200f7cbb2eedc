// Outlines of what is reached: street pieces within each cutoff, widened by a buffer.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph.hpp"
#include "pieces.hpp"
#include "places.hpp"
#include "workers.hpp"

namespace circle15 {

struct OutlineRules {
    std::span<const Ms> cutoffs;  // ascending
    double buffer_m;
    double step_m;  // widest spacing of grid nodes; at most buffer_m / 2, so that no street falls between nodes
    double tolerance_m;  // how far an outline may move for the sake of fewer vertices
};

// Where the network's edges lie: its nodes in degrees, and the nodes at each edge's ends.
struct EdgePositions {
    std::span<const double> lon, lat;
    std::span<const std::int32_t> tail, head;
};

// Areas in ragged columns: geometry g has polygons polygon_begin[g] to polygon_begin[g + 1], and so on down to
// coordinates. The first ring of a polygon is its shell; rings are closed, shells run counter-clockwise.
struct Outlines {
    std::vector<std::int32_t> origin;
    std::vector<std::int32_t> cutoff;                // index into the rules' cutoffs
    std::vector<std::int64_t> polygon_begin{0};      // n geometries + 1
    std::vector<std::int64_t> ring_begin{0};         // n polygons + 1
    std::vector<std::int64_t> coordinate_begin{0};   // n rings + 1
    std::vector<double> lon_lat;                     // interleaved
};

// One area per origin and cutoff, in that order; none where the access leg alone exceeds the cutoff. Here and below,
// std::invalid_argument where a street within reach lies beyond 89 degrees north or south.
[[nodiscard]] Outlines isochrones(const Graph& graph, const EdgePositions& edges, std::span<const Place> origins,
                                  const OutlineRules& rules, const Run& run);

// One area per cutoff: the streets from which any of `destinations` is reached. `time_to` is each node's time to the
// nearest of them, access included, kUnreached beyond the last cutoff.
[[nodiscard]] Outlines service_area(const Graph& graph, const EdgePositions& edges, std::span<const Ms> time_to,
                                    std::span<const Place> destinations, const OutlineRules& rules);

}  // namespace circle15
