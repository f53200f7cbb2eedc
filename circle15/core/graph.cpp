#include "graph.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace circle15 {

Graph::Graph(std::shared_ptr<const Streets> streets, std::span<const Ms> forward, std::span<const Ms> backward)
    : streets_(std::move(streets)),
      is_symmetric_(std::ranges::equal(forward, backward)),
      ahead_(forward.size()),
      behind_(forward.size()),
      ahead_before_(forward.size()),
      behind_before_(forward.size()),
      chain_ahead_(streets_->n_chains()),
      chain_behind_(streets_->n_chains()) {
    for (std::size_t chain = 0; chain < streets_->n_chains(); ++chain) {
        Ms there = 0, back = 0;
        for (std::size_t slot = streets_->first_slot(chain); slot < streets_->end_slot(chain); ++slot) {
            const std::uint32_t edge = streets_->edge_of(slot);
            const bool turned = streets_->is_turned(slot);
            ahead_[slot] = turned ? backward[edge] : forward[edge];
            behind_[slot] = turned ? forward[edge] : backward[edge];
            ahead_before_[slot] = there;
            behind_before_[slot] = back;
            // Only a chain of one slot can be barred, so nothing is ever added to kUnreached.
            there += ahead_[slot];
            back += behind_[slot];
        }
        chain_ahead_[chain] = there;
        chain_behind_[chain] = back;
    }
    const auto rates = [this](const std::vector<Ms>& times) {
        std::vector<double> rate(times.size());
        for (std::size_t slot = 0; slot < rate.size(); ++slot) {
            rate[slot] = streets_->quanta(slot) / static_cast<double>(std::max<Ms>(times[slot], 1));
        }
        return rate;
    };
    ahead_rate_ = rates(ahead_);
    out_ = arcs_along(chain_ahead_, chain_behind_);
    if (!is_symmetric_) {
        behind_rate_ = rates(behind_);
        in_ = arcs_along(chain_behind_, chain_ahead_);
    }
    lay_lanes();
}

void Graph::lay_lanes() {
    const auto in_lane = [](Ms ms) { return static_cast<std::int32_t>(std::min<Ms>(ms, kMostLaneMs + 1)); };
    lane_chains_.reserve(streets_->n_chains());
    for (std::size_t c = 0; c < streets_->n_chains(); ++c) {
        const std::size_t slot = streets_->first_slot(c);
        const Ms there = chain_ahead_[c], back = chain_behind_[c];
        const bool is_plain = streets_->end_slot(c) - slot == 1 && there != 0 && back != 0 && there != kUnreached;
        lane_chains_.push_back({streets_->chain_quanta(c), is_plain ? ahead_rate(slot) : 0.0,
                                is_plain && back != kUnreached ? behind_rate(slot) : 0.0, streets_->left(c),
                                streets_->right(c), in_lane(there), in_lane(back),
                                static_cast<std::int32_t>(streets_->end_slot(c) - slot) - 1, static_cast<std::uint32_t>(c)});
    }
}

Graph::Arcs Graph::arcs_along(std::span<const Ms> from_left, std::span<const Ms> from_right) const {
    const Streets& streets = *streets_;
    Arcs made{std::vector<std::uint32_t>(streets.n_junctions() + 1, 0), {}, {}};
    for (std::size_t c = 0; c < streets.n_chains(); ++c) {
        made.first[streets.left(c) + 1] += from_left[c] != kUnreached;
        made.first[streets.right(c) + 1] += from_right[c] != kUnreached;
    }
    std::partial_sum(made.first.begin(), made.first.end(), made.first.begin());
    made.arcs.resize(made.first.back());
    made.chains.resize(made.first.back());
    std::vector<std::uint32_t> next(made.first.begin(), made.first.end());
    for (std::size_t c = 0; c < streets.n_chains(); ++c) {
        const auto chain = static_cast<std::uint32_t>(c);
        if (from_left[c] != kUnreached) {
            const std::uint32_t at = next[streets.left(c)]++;
            made.arcs[at] = {streets.right(c), from_left[c]};
            made.chains[at] = {chain << 1};
        }
        if (from_right[c] != kUnreached) {
            const std::uint32_t at = next[streets.right(c)]++;
            made.arcs[at] = {streets.left(c), from_right[c]};
            made.chains[at] = {chain << 1 | 1U};
        }
    }
    return made;
}

}  // namespace circle15
