#include "graph.hpp"

#include <numeric>

namespace circle15 {

Graph::Graph(const StreetArrays& streets)
    : n_nodes_(streets.lon.size()),
      tail_(streets.tail.begin(), streets.tail.end()),
      head_(streets.head.begin(), streets.head.end()),
      forward_(streets.forward.begin(), streets.forward.end()),
      backward_(streets.backward.begin(), streets.backward.end()),
      length_m_(streets.length_m.begin(), streets.length_m.end()),
      out_(arcs_along(forward_, backward_)),
      in_(arcs_along(backward_, forward_)),
      first_edge_(n_nodes_ + 1, 0),
      edges_at_(2 * tail_.size()) {
    for (std::size_t e = 0; e < n_edges(); ++e) {
        ++first_edge_[tail_[e] + 1];
        first_edge_[head_[e] + 1] += tail_[e] != head_[e];
    }
    std::partial_sum(first_edge_.begin(), first_edge_.end(), first_edge_.begin());
    std::vector<std::uint32_t> next(first_edge_.begin(), first_edge_.end());
    for (std::size_t e = 0; e < n_edges(); ++e) {
        edges_at_[next[tail_[e]]++] = static_cast<std::uint32_t>(e);
        if (tail_[e] != head_[e]) {
            edges_at_[next[head_[e]]++] = static_cast<std::uint32_t>(e);
        }
    }
}

Graph::Arcs Graph::arcs_along(std::span<const Ms> forward, std::span<const Ms> backward) const {
    Arcs made{std::vector<std::uint32_t>(n_nodes_ + 1, 0), {}};
    for (std::size_t e = 0; e < tail_.size(); ++e) {
        made.first[tail_[e] + 1] += forward[e] != kUnreached;
        made.first[head_[e] + 1] += backward[e] != kUnreached;
    }
    std::partial_sum(made.first.begin(), made.first.end(), made.first.begin());
    made.arcs.resize(made.first.back());
    std::vector<std::uint32_t> next(made.first.begin(), made.first.end());
    for (std::size_t e = 0; e < tail_.size(); ++e) {
        if (forward[e] != kUnreached) {
            made.arcs[next[tail_[e]]++] = {head_[e], forward[e]};
        }
        if (backward[e] != kUnreached) {
            made.arcs[next[head_[e]]++] = {tail_[e], backward[e]};
        }
    }
    return made;
}

}  // namespace circle15
