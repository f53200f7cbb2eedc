#include "streets.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hilbert.hpp"

namespace circle15 {

namespace {

// A chain is cut where its time would pass this in some profile, so that sums over a chain never overflow.
constexpr std::uint64_t kLongestChainMs = 1U << 30;

// Slowest way over an edge of any profile that may walk it, and whether some profile may not.
struct EdgeUse {
    std::vector<Ms> longest;
    std::vector<char> is_barred;
};

EdgeUse edge_use(const StreetArrays& arrays) {
    const std::size_t n_edges = arrays.tail.size();
    EdgeUse use{std::vector<Ms>(n_edges, 0), std::vector<char>(n_edges, 0)};
    for (std::size_t i = 0; i < arrays.walk_ms.size(); i += n_edges) {
        for (std::size_t e = 0; e < n_edges; ++e) {
            if (const Ms ms = arrays.walk_ms[i + e]; ms == kUnreached) {
                use.is_barred[e] = 1;
            } else {
                use.longest[e] = std::max(use.longest[e], ms);
            }
        }
    }
    return use;
}

}  // namespace

double exact_quantum(double total) noexcept {
    int exponent = 0;
    std::frexp(total, &exponent);  // total < 2^exponent
    return std::ldexp(1.0, std::max(exponent, -900) - 51);  // never 0
}

Streets::Streets(const StreetArrays& arrays)
    : tail_(arrays.tail.begin(), arrays.tail.end()),
      head_(arrays.head.begin(), arrays.head.end()),
      length_m_(arrays.length_m.begin(), arrays.length_m.end()),
      home_(arrays.lon.size(), kNone) {
    const Touching touching = this->touching();
    const std::vector<char> is_junction = find_junctions(arrays, touching);
    number_junctions(arrays, is_junction, touching);
    lay_chains(is_junction, touching);
    measure();
}

Streets::Touching Streets::touching() const {
    Touching made{std::vector<std::uint32_t>(n_nodes() + 1, 0), std::vector<std::uint32_t>(2 * n_edges())};
    for (std::size_t e = 0; e < n_edges(); ++e) {
        ++made.first[tail_[e] + 1];
        ++made.first[head_[e] + 1];
    }
    std::partial_sum(made.first.begin(), made.first.end(), made.first.begin());
    std::vector<std::uint32_t> next(made.first.begin(), made.first.end());
    for (std::size_t e = 0; e < n_edges(); ++e) {
        made.edge[next[tail_[e]]++] = static_cast<std::uint32_t>(e);
        made.edge[next[head_[e]]++] = static_cast<std::uint32_t>(e);
    }
    return made;
}

std::vector<char> Streets::find_junctions(const StreetArrays& arrays, const Touching& touching) const {
    const EdgeUse use = edge_use(arrays);
    std::vector<char> is_junction(n_nodes(), 0);
    for (std::size_t v = 0; v < n_nodes(); ++v) {
        const std::uint32_t first = touching.first[v];
        const std::uint32_t degree = touching.first[v + 1] - first;
        is_junction[v] = degree != 0 && (degree != 2 || touching.edge[first] == touching.edge[first + 1] ||
                                         use.is_barred[touching.edge[first]] != 0 ||
                                         use.is_barred[touching.edge[first + 1]] != 0);
    }
    std::vector<char> is_walked(n_edges(), 0);
    const auto walk = [&](std::uint32_t start) {
        for (std::uint32_t i = touching.first[start]; i < touching.first[start + 1]; ++i) {
            std::uint32_t edge = touching.edge[i], node = start;
            std::uint64_t so_far = 0;
            while (is_walked[edge] == 0) {
                is_walked[edge] = 1;
                so_far += use.longest[edge];
                node = other_end(edge, node);
                if (is_junction[node] != 0) {
                    break;
                }
                const std::uint32_t* const two = &touching.edge[touching.first[node]];
                edge = two[0] == edge ? two[1] : two[0];
                if (so_far + use.longest[edge] > kLongestChainMs) {
                    is_junction[node] = 1;
                    so_far = 0;
                }
            }
        }
    };
    for (std::size_t v = 0; v < n_nodes(); ++v) {
        if (is_junction[v] != 0) {
            walk(static_cast<std::uint32_t>(v));
        }
    }
    // What is left are closed rings without a junction: one of their nodes becomes one.
    for (std::size_t e = 0; e < n_edges(); ++e) {
        if (is_walked[e] == 0) {
            is_junction[tail_[e]] = 1;
            walk(tail_[e]);
        }
    }
    return is_junction;
}

void Streets::number_junctions(const StreetArrays& arrays, const std::vector<char>& is_junction,
                               const Touching& touching) {
    std::vector<double> lon, lat;
    std::vector<std::uint32_t> node;
    for (std::size_t v = 0; v < n_nodes(); ++v) {
        if (is_junction[v] != 0 && touching.first[v] != touching.first[v + 1]) {
            lon.push_back(arrays.lon[v]);
            lat.push_back(arrays.lat[v]);
            node.push_back(static_cast<std::uint32_t>(v));
        }
    }
    const std::vector<std::uint32_t> keys = hilbert_keys(lon, lat);
    std::vector<std::uint64_t> order(node.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = (static_cast<std::uint64_t>(keys[i]) << 32) | node[i];
    }
    std::sort(order.begin(), order.end());
    node_of_junction_.reserve(order.size());
    for (const std::uint64_t key_and_node : order) {
        const auto v = static_cast<std::uint32_t>(key_and_node);
        home_[v] = static_cast<std::uint32_t>(node_of_junction_.size());
        node_of_junction_.push_back(v);
    }
}

void Streets::lay_chains(const std::vector<char>& is_junction, const Touching& touching) {
    chain_of_.reserve(n_edges());
    edge_of_.reserve(n_edges());
    slot_of_.assign(n_edges(), kNone);
    for (std::uint32_t junction = 0; junction < node_of_junction_.size(); ++junction) {
        const std::uint32_t start = node_of_junction_[junction];
        for (std::uint32_t i = touching.first[start]; i < touching.first[start + 1]; ++i) {
            std::uint32_t edge = touching.edge[i], node = start;
            if (slot_of_[edge] != kNone) {
                continue;
            }
            const auto chain = static_cast<std::uint32_t>(left_.size());
            first_slot_.push_back(static_cast<std::uint32_t>(edge_of_.size()));
            while (true) {
                slot_of_[edge] = static_cast<std::uint32_t>(edge_of_.size());
                edge_of_.push_back(edge << 1 | (tail_[edge] == node ? 0U : 1U));
                chain_of_.push_back(chain);
                node = other_end(edge, node);
                if (is_junction[node] != 0) {
                    break;
                }
                home_[node] = static_cast<std::uint32_t>(edge_of_.size()) | kInner;
                const std::uint32_t* const two = &touching.edge[touching.first[node]];
                edge = two[0] == edge ? two[1] : two[0];
            }
            left_.push_back(junction);
            right_.push_back(home_[node]);
        }
    }
    first_slot_.push_back(static_cast<std::uint32_t>(edge_of_.size()));
}

void Streets::measure() {
    quantum_m_ = exact_quantum(std::accumulate(length_m_.begin(), length_m_.end(), 0.0));
    quanta_.resize(n_edges());
    quanta_before_.resize(n_edges());
    for (std::size_t chain = 0; chain < n_chains(); ++chain) {
        double before = 0.0;
        for (std::size_t slot = first_slot(chain); slot < end_slot(chain); ++slot) {
            quanta_[slot] = std::floor(length_m_[edge_of(slot)] / quantum_m_ + 0.5);
            quanta_before_[slot] = before;
            before += quanta_[slot];
        }
    }
}

}  // namespace circle15
