// The part of a graph that a group of neighbouring starts reaches, laid out for the lane kernel.
#pragma once

#include <span>
#include <vector>

#include "lanes.hpp"
#include "places.hpp"
#include "search.hpp"

namespace circle15 {

// Destinations with their weights in quanta.
struct Targets {
    Targets(const Graph& graph, std::span<const Place> places, std::span<const double> weights);

    std::span<const Place> places;
    std::vector<double> quanta;
    double quantum;
    PlaceIndex index;
    // The lane kernel's form, rows as in the index; empty without destinations.
    std::vector<LaneTarget> lane;
    std::vector<LaneTargets> rows;
};

class Tile {
  public:
    explicit Tile(const Graph& graph);

    // Copies what `search`, which ran from all of the group's starts, reached.
    void lay(const Search& search, const Targets& targets, Ms cutoff);

    [[nodiscard]] LaneTile view() const noexcept;
    [[nodiscard]] std::uint32_t node_of(std::uint32_t junction) const noexcept { return node_of_[junction]; }
    [[nodiscard]] const LaneChain& chain(std::uint32_t index) const noexcept { return chains_[index]; }

  private:
    [[nodiscard]] std::uint32_t node_or_last(std::uint32_t junction) const noexcept {
        const std::uint32_t node = node_of_[junction];
        return node == kNoNode ? static_cast<std::uint32_t>(junctions_.size()) : node;
    }
    void lay_arcs(const Search& search, Ms cutoff);
    void lay_targets(const Targets& targets);
    void add_targets(const Targets& targets, std::uint32_t row, std::uint32_t left, std::uint32_t right);

    const Graph& graph_;
    std::vector<std::uint32_t> node_of_;    // by junction
    std::vector<std::uint32_t> junctions_;  // by node
    std::vector<std::uint32_t> first_out_;
    std::vector<LaneArc> arcs_;
    std::vector<LaneChain> chains_;
    std::vector<LaneTargets> targets_;
};

}  // namespace circle15
