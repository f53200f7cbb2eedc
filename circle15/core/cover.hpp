// How much of a chain is reached: inner nodes and street length, from the walking times at its ends.
#pragma once

#include <cstdint>

#include "graph.hpp"
#include "places.hpp"

namespace circle15 {

struct Cover {
    std::int32_t nodes = 0;  // inside the chain, its junctions left out
    double quanta = 0.0;     // whole quanta of street length
};

// Rounds to the nearest whole number (ties to even), for values up to 2^51, the same in scalar and vector code.
[[nodiscard]] inline double whole(double value) noexcept {
    constexpr double shift = 6755399441055744.0;  // 1.5 * 2^52
    return (value + shift) - shift;
}

// at_left, at_right: walking times at the chain's ends, kUnreached where beyond the cutoff.
[[nodiscard]] Cover cover_chain(const Graph& graph, std::uint32_t chain, Ms at_left, Ms at_right, Ms cutoff) noexcept;

// The same for the chain that the walk starts in; the start's access leg is within the cutoff.
[[nodiscard]] Cover cover_own_chain(const Graph& graph, const Place& start, Ms at_left, Ms at_right,
                                    Ms cutoff) noexcept;

}  // namespace circle15
