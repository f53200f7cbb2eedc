#include "tile.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace circle15 {

namespace {

std::int32_t in_lane(Ms ms) { return static_cast<std::int32_t>(std::min<Ms>(ms, kMostLaneMs + 1)); }

double sum_of_sizes(std::span<const double> weights) {
    return std::accumulate(weights.begin(), weights.end(), 0.0,
                           [](double sum, double weight) { return sum + std::abs(weight); });
}

}  // namespace

Targets::Targets(const Graph& graph, std::span<const Place> all, std::span<const double> weights)
    : places(all), quanta(weights.size()), quantum(exact_quantum(sum_of_sizes(weights))), index(graph, all) {
    std::ranges::transform(weights, quanta.begin(), [this](double weight) { return std::nearbyint(weight / quantum); });
    if (index.empty()) {
        return;
    }
    lane.reserve(all.size());
    const std::size_t n_rows = graph.streets().n_chains() + graph.n_junctions();
    rows.reserve(n_rows);
    for (std::uint32_t row = 0; row < n_rows; ++row) {
        LaneTargets made{0.0, lane.data() + lane.size(), 0, 0, 0, 0};
        for (const std::uint32_t j : index.in_chain(row)) {
            const Place& at = all[j];
            const std::int32_t by_left = in_lane(at.at_junction() ? at.access : plus(at.from_left, at.access));
            const std::int32_t by_right = in_lane(at.at_junction() ? at.access : plus(at.from_right, at.access));
            lane.push_back({quanta[j], by_left, by_right});
            made.farthest = std::max({made.farthest, by_left, by_right});
            made.total += quanta[j];
            ++made.n;
        }
        rows.push_back(made);
    }
}

Tile::Tile(const Graph& graph) : graph_(graph), node_of_(graph.n_junctions(), kNoNode) {}

void Tile::lay(const Search& search, const Targets& targets, Ms cutoff) {
    for (const std::uint32_t junction : junctions_) {
        node_of_[junction] = kNoNode;
    }
    junctions_.assign(search.reached().begin(), search.reached().end());
    for (std::uint32_t node = 0; node < junctions_.size(); ++node) {
        node_of_[junctions_[node]] = node;
    }
    lay_arcs(search, cutoff);
    chains_.clear();
    search.for_each_chain(Way::kFrom, [this](std::uint32_t chain) {
        chains_.push_back(graph_.lane_chain(chain));
        chains_.back().left = node_or_last(chains_.back().left);
        chains_.back().right = node_or_last(chains_.back().right);
    });
    targets_.clear();
    if (!targets.rows.empty()) {
        lay_targets(targets);
    }
}

// An arc that even the first walker there cannot finish is of use to none.
void Tile::lay_arcs(const Search& search, Ms cutoff) {
    first_out_.assign(1, 0);
    arcs_.clear();
    for (const std::uint32_t junction : junctions_) {
        const Ms left = cutoff - search.time(junction);
        for (const Arc& arc : graph_.out(junction)) {
            if (arc.ms <= left && arc.head != junction) {
                arcs_.push_back({node_of_[arc.head], static_cast<std::int32_t>(arc.ms)});
            }
        }
        first_out_.push_back(static_cast<std::uint32_t>(arcs_.size()));
    }
}

void Tile::add_targets(const Targets& targets, std::uint32_t row, std::uint32_t left, std::uint32_t right) {
    if (targets.rows[row].n != 0) {
        targets_.push_back(targets.rows[row]);
        targets_.back().left = left;
        targets_.back().right = right;
    }
}

void Tile::lay_targets(const Targets& targets) {
    const auto n_chains = static_cast<std::uint32_t>(graph_.streets().n_chains());
    for (std::uint32_t node = 0; node < junctions_.size(); ++node) {
        add_targets(targets, n_chains + junctions_[node], node, node);
    }
    for (const LaneChain& chain : chains_) {
        add_targets(targets, chain.id, chain.left, chain.right);
    }
}

LaneTile Tile::view() const noexcept {
    return {first_out_.data(),
            arcs_.data(),
            static_cast<std::uint32_t>(junctions_.size()),
            chains_.data(),
            static_cast<std::uint32_t>(chains_.size()),
            targets_.data(),
            static_cast<std::uint32_t>(targets_.size()),
            graph_.is_symmetric()};
}

}  // namespace circle15
