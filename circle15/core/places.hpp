// Places on street edges, in one profile's milliseconds, seen from the ends of their chain.
#pragma once

#include <span>
#include <vector>

#include "graph.hpp"
#include "workers.hpp"

namespace circle15 {

// Times exclude the access leg; kUnreached where the profile may not walk that way.
// A place at fraction 0 or 1 is the node itself: it is reached and left in 0 ms whatever the edge allows.
struct Place {
    std::uint32_t edge = kNone;  // kNone = unlinked
    double fraction = 0.0;       // along the edge as given
    Ms access = 0;
    std::uint32_t junction = kNone;  // where the place is a junction; then what follows is unused
    std::uint32_t chain = kNone;     // where it is inside a chain
    std::uint32_t slot = kNone;
    double share = 0.0;                                  // of the slot, from its left
    double order = 0.0;                                  // ascends from left to right in a slot, free of rounding
    Ms from_left = kUnreached, from_right = kUnreached;  // from the chain's ends to the place
    Ms to_left = kUnreached, to_right = kUnreached;

    [[nodiscard]] bool linked() const noexcept { return edge != kNone; }
    [[nodiscard]] bool at_junction() const noexcept { return junction != kNone; }
};

[[nodiscard]] Place place_on(const Graph& graph, std::int32_t edge, double fraction, Ms access);

// The node at the left end of a slot inside a chain, without access leg.
[[nodiscard]] Place node_inside_chain(const Graph& graph, std::uint32_t slot);

// Straight along the chain from one place to another inside it; kUnreached where they share none or may not.
[[nodiscard]] inline Ms along_chain(const Place& from, const Place& to) noexcept {
    if (from.chain == kNone || from.chain != to.chain) {
        return kUnreached;
    }
    if (from.slot == to.slot && from.order == to.order) {
        return 0;
    }
    if (from.slot < to.slot || (from.slot == to.slot && from.order < to.order)) {
        return from.to_right == kUnreached ? kUnreached : to.from_left - from.from_left;
    }
    return from.to_left == kUnreached ? kUnreached : from.to_left - to.to_left;
}

[[nodiscard]] std::vector<Place> places_on(const Graph& graph, std::span<const std::int32_t> edge,
                                           std::span<const double> fraction, std::span<const Ms> access,
                                           const Run& run);

// Places inside each chain and at each junction, for looking up destinations around a search.
class PlaceIndex {
  public:
    PlaceIndex(const Graph& graph, std::span<const Place> places);

    [[nodiscard]] std::span<const std::uint32_t> in_chain(std::uint32_t chain) const noexcept {
        return {place_.data() + first_[chain], place_.data() + first_[chain + 1]};
    }
    [[nodiscard]] std::span<const std::uint32_t> at_junction(std::uint32_t junction) const noexcept {
        return in_chain(n_chains_ + junction);
    }
    [[nodiscard]] bool empty() const noexcept { return place_.empty(); }

  private:
    std::uint32_t n_chains_;
    std::vector<std::uint32_t> first_, place_;
};

}  // namespace circle15
