// Places on street edges, in one profile's milliseconds.
#pragma once

#include <span>
#include <vector>

#include "graph.hpp"

namespace circle15 {

// Times exclude the access leg. kUnreached where the profile may not walk that way.
struct Place {
    std::uint32_t edge = kNone;  // kNone = unlinked
    double fraction = 0.0;
    Ms access = 0;
    Ms offset_forward = 0;   // where the place stands when walking tail to head
    Ms offset_backward = 0;  // the same distance from the tail when walking head to tail
    Ms to_tail = kUnreached, to_head = kUnreached;      // leaving the place
    Ms from_tail = kUnreached, from_head = kUnreached;  // arriving at it

    [[nodiscard]] bool linked() const noexcept { return edge != kNone; }
};

// A place at fraction 0 or 1 is the node itself: it reaches that node in 0 ms even where the edge is one-way.
[[nodiscard]] Place place_on(const Graph& graph, std::int32_t edge, double fraction, Ms access);

// Straight along the edge from one place to another on it; kUnreached where they share none or may not.
[[nodiscard]] Ms along_edge(const Place& from, const Place& to) noexcept;

[[nodiscard]] std::vector<Place> places_on(const Graph& graph, std::span<const std::int32_t> edge,
                                           std::span<const double> fraction, std::span<const Ms> access);

}  // namespace circle15
