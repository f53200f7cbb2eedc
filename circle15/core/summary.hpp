// Per origin: nodes reached, street length reached, sum of weights reached.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "graph.hpp"
#include "places.hpp"
#include "workers.hpp"

namespace circle15 {

struct Run {
    std::size_t n_threads;
    Progress& progress;
    std::function<void()> poll;  // called by the waiting thread; may throw
};

struct Summary {
    std::vector<std::int64_t> nodes;
    std::vector<double> length_m;
    std::vector<double> weight;
};

[[nodiscard]] Summary reach_summary(const Graph& graph, std::span<const Place> origins, Ms cutoff,
                                    std::span<const Place> destinations, std::span<const double> weights,
                                    const Run& run);

struct Nearest {
    std::vector<Ms> time;
    std::vector<std::int32_t> destination;
};

[[nodiscard]] Nearest nearest(const Graph& graph, std::span<const Place> origins, std::span<const Place> destinations,
                              Ms cutoff, const Run& run);

struct Table {
    std::vector<std::int64_t> indptr;
    std::vector<std::int32_t> destination;
    std::vector<Ms> time;
};

[[nodiscard]] Table travel_times(const Graph& graph, std::span<const Place> origins,
                                 std::span<const Place> destinations, Ms cutoff, const Run& run);

struct ReachedPieces {
    std::vector<std::int64_t> indptr;
    std::vector<std::uint32_t> edge;
    std::vector<float> from_fraction, to_fraction;
    std::vector<Ms> from_ms, to_ms;
};

[[nodiscard]] ReachedPieces reached(const Graph& graph, std::span<const Place> origins, Ms cutoff, const Run& run);

}  // namespace circle15
