#include "summary.hpp"

#include <algorithm>
#include <memory>
#include <numeric>

#include "pieces.hpp"
#include "search.hpp"

namespace circle15 {

namespace {

class ByEdge {
  public:
    ByEdge(std::size_t n_edges, std::span<const Place> places) : first_(n_edges + 1, 0) {
        for (const Place& place : places) {
            if (place.linked()) {
                ++first_[place.edge + 1];
            }
        }
        std::partial_sum(first_.begin(), first_.end(), first_.begin());
        at_.resize(first_.back());
        std::vector<std::uint32_t> next(first_.begin(), first_.end());
        for (std::size_t i = 0; i < places.size(); ++i) {
            if (places[i].linked()) {
                at_[next[places[i].edge]++] = static_cast<std::uint32_t>(i);
            }
        }
    }
    [[nodiscard]] std::span<const std::uint32_t> at(std::uint32_t edge) const {
        return {at_.data() + first_[edge], at_.data() + first_[edge + 1]};
    }

  private:
    std::vector<std::uint32_t> first_, at_;
};

Ms time_to(const Graph& graph, const Search& search, const Place& from, const Place& to) {
    const Ms by_tail = plus(search.time(graph.tail(to.edge)), to.from_tail);
    const Ms by_head = plus(search.time(graph.head(to.edge)), to.from_head);
    const Ms straight = plus(from.access, along_edge(from, to));
    return plus(std::min({by_tail, by_head, straight}), to.access);
}

struct Found {
    std::int32_t destination;
    Ms time;
};

// Destinations within the cutoff, sorted.
void find(const Graph& graph, const Search& search, const Place& from, std::span<const Place> destinations,
          const ByEdge& by_edge, Ms cutoff, std::vector<Found>& found) {
    found.clear();
    if (!from.linked()) {
        return;
    }
    const auto look = [&](std::uint32_t edge) {
        for (const std::uint32_t j : by_edge.at(edge)) {
            const Ms time = time_to(graph, search, from, destinations[j]);
            if (time <= cutoff) {
                found.push_back({static_cast<std::int32_t>(j), time});
            }
        }
    };
    for (const std::uint32_t node : search.reached()) {
        for (const std::uint32_t edge : graph.edges_at(node)) {
            look(edge);
        }
    }
    look(from.edge);
    std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.destination < b.destination; });
    found.erase(std::unique(found.begin(), found.end(),
                            [](const Found& a, const Found& b) { return a.destination == b.destination; }),
                found.end());
}

}  // namespace

Summary reach_summary(const Graph& graph, std::span<const Place> origins, Ms cutoff,
                      std::span<const Place> destinations, std::span<const double> weights, const Run& run) {
    const ByEdge by_edge(graph.n_edges(), destinations);
    Summary summary{std::vector<std::int64_t>(origins.size()), std::vector<double>(origins.size()),
                    std::vector<double>(origins.size())};
    std::vector<std::unique_ptr<Search>> searches(run.n_threads);
    run_blocks(origins.size(), 64, run.n_threads, run.progress, run.poll,
               [&](std::size_t worker, std::size_t begin, std::size_t end) {
                   if (!searches[worker]) {
                       searches[worker] = std::make_unique<Search>(graph, run.progress);
                   }
                   Search& search = *searches[worker];
                   std::vector<Found> found;
                   std::vector<Piece> pieces;
                   for (std::size_t i = begin; i < end; ++i) {
                       search.run(origins[i], cutoff, Way::kFrom);
                       find(graph, search, origins[i], destinations, by_edge, cutoff, found);
                       pieces.clear();
                       append_pieces(graph, search, origins[i], cutoff, pieces);
                       summary.nodes[i] = static_cast<std::int64_t>(search.reached().size());
                       for (const Piece& piece : pieces) {
                           summary.length_m[i] += graph.length_m(piece.edge) *
                                                  (static_cast<double>(piece.to_fraction) - piece.from_fraction);
                       }
                       for (const Found& one : found) {
                           summary.weight[i] += weights[static_cast<std::size_t>(one.destination)];
                       }
                   }
               });
    return summary;
}

Table travel_times(const Graph& graph, std::span<const Place> origins, std::span<const Place> destinations, Ms cutoff,
                   const Run& run) {
    const ByEdge by_edge(graph.n_edges(), destinations);
    std::vector<std::unique_ptr<Search>> searches(run.n_threads);
    std::vector<std::vector<Found>> rows(origins.size());
    run_blocks(origins.size(), 64, run.n_threads, run.progress, run.poll,
               [&](std::size_t worker, std::size_t begin, std::size_t end) {
                   if (!searches[worker]) {
                       searches[worker] = std::make_unique<Search>(graph, run.progress);
                   }
                   for (std::size_t i = begin; i < end; ++i) {
                       searches[worker]->run(origins[i], cutoff, Way::kFrom);
                       find(graph, *searches[worker], origins[i], destinations, by_edge, cutoff, rows[i]);
                   }
               });
    Table table;
    table.indptr.push_back(0);
    for (const auto& row : rows) {
        for (const Found& one : row) {
            table.destination.push_back(one.destination);
            table.time.push_back(one.time);
        }
        table.indptr.push_back(static_cast<std::int64_t>(table.time.size()));
    }
    return table;
}

Nearest nearest(const Graph& graph, std::span<const Place> origins, std::span<const Place> destinations, Ms cutoff,
                const Run& run) {
    const Table table = travel_times(graph, origins, destinations, cutoff, run);
    Nearest best{std::vector<Ms>(origins.size(), kUnreached), std::vector<std::int32_t>(origins.size(), -1)};
    for (std::size_t i = 0; i < origins.size(); ++i) {
        for (auto k = static_cast<std::size_t>(table.indptr[i]); k < static_cast<std::size_t>(table.indptr[i + 1]);
             ++k) {
            if (table.time[k] < best.time[i]) {
                best.time[i] = table.time[k];
                best.destination[i] = table.destination[k];
            }
        }
    }
    return best;
}

ReachedPieces reached(const Graph& graph, std::span<const Place> origins, Ms cutoff, const Run& run) {
    std::vector<std::unique_ptr<Search>> searches(run.n_threads);
    std::vector<std::vector<Piece>> rows(origins.size());
    run_blocks(origins.size(), 16, run.n_threads, run.progress, run.poll,
               [&](std::size_t worker, std::size_t begin, std::size_t end) {
                   if (!searches[worker]) {
                       searches[worker] = std::make_unique<Search>(graph, run.progress);
                   }
                   for (std::size_t i = begin; i < end; ++i) {
                       searches[worker]->run(origins[i], cutoff, Way::kFrom);
                       append_pieces(graph, *searches[worker], origins[i], cutoff, rows[i]);
                   }
               });
    ReachedPieces made;
    made.indptr.push_back(0);
    for (const auto& row : rows) {
        for (const Piece& piece : row) {
            made.edge.push_back(piece.edge);
            made.from_fraction.push_back(piece.from_fraction);
            made.to_fraction.push_back(piece.to_fraction);
            made.from_ms.push_back(piece.from_ms);
            made.to_ms.push_back(piece.to_ms);
        }
        made.indptr.push_back(static_cast<std::int64_t>(made.edge.size()));
    }
    return made;
}

}  // namespace circle15
