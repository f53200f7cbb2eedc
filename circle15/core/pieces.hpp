// Which parts of the streets are reached, and when.
#pragma once

#include <vector>

#include "search.hpp"

namespace circle15 {

// A stretch of one edge along which the walking time changes evenly, both ends included.
struct Piece {
    std::uint32_t edge;
    float from_fraction, to_fraction;  // from_fraction <= to_fraction
    Ms from_ms, to_ms;                 // walking time at the two ends
};

// Appends the reached pieces of `search`, which ran from `start`. Pieces of one edge do not overlap, but for the ends.
// Rounded outwards to whole milliseconds at the point where two walkers meet.
void append_pieces(const Graph& graph, const Search& search, const Place& start, Ms cutoff, std::vector<Piece>& pieces);

// The pieces of many origins, rows one after another.
struct ReachedPieces {
    std::vector<std::int64_t> indptr;
    std::vector<std::uint32_t> edge;
    std::vector<float> from_fraction, to_fraction;
    std::vector<Ms> from_ms, to_ms;
};

[[nodiscard]] ReachedPieces reached_pieces(const Graph& graph, std::span<const Place> origins, Ms cutoff,
                                           const Run& run);

}  // namespace circle15
