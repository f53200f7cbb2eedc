#include "pieces.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

namespace circle15 {

namespace {

// A stretch of an edge between two places whose walking times are known.
struct Stretch {
    std::uint32_t edge;
    double from_fraction, to_fraction;
    Ms at_from, at_to;     // walking time at its ends, kUnreached = beyond the cutoff
    Ms forward, backward;  // milliseconds from end to end, kUnreached = may not walk
};

// Share of a stretch that a walker covers before the cutoff.
double share(Ms start, Ms whole, Ms cutoff) {
    if (start > cutoff || whole == kUnreached) {
        return 0.0;
    }
    return whole <= cutoff - start ? 1.0 : static_cast<double>(cutoff - start) / static_cast<double>(whole);
}

Ms part(double share, Ms whole) { return static_cast<Ms>(std::floor(share * static_cast<double>(whole) + 0.5)); }

void append_stretch(const Stretch& stretch, Ms cutoff, std::vector<Piece>& pieces) {
    double ahead = share(stretch.at_from, stretch.forward, cutoff);
    double behind = share(stretch.at_to, stretch.backward, cutoff);
    if (ahead > 0.0 && behind > 0.0) {
        const double round_trip = static_cast<double>(stretch.forward) + static_cast<double>(stretch.backward);
        const double lead = static_cast<double>(stretch.at_to) + static_cast<double>(stretch.backward) -
                            static_cast<double>(stretch.at_from);
        const double meeting = round_trip == 0.0 ? 1.0 : std::clamp(lead / round_trip, 0.0, 1.0);
        ahead = std::min(ahead, meeting);
        behind = std::min(behind, 1.0 - meeting);
    }
    const double width = stretch.to_fraction - stretch.from_fraction;
    if (ahead > 0.0) {
        pieces.push_back({stretch.edge, static_cast<float>(stretch.from_fraction),
                          static_cast<float>(stretch.from_fraction + ahead * width), stretch.at_from,
                          stretch.at_from + part(ahead, stretch.forward)});
    }
    if (behind > 0.0) {
        pieces.push_back({stretch.edge, static_cast<float>(stretch.to_fraction - behind * width),
                          static_cast<float>(stretch.to_fraction), stretch.at_to + part(behind, stretch.backward),
                          stretch.at_to});
    }
}

// Walking times at the nodes along the chain that the start stands in.
struct OwnChain {
    const Graph& graph;
    const Search& search;
    const Place& start;
    Ms cutoff;

    // At the left end of a slot; the slot after the last one has the chain's right end.
    [[nodiscard]] Ms at(std::size_t slot) const {
        const Streets& streets = graph.streets();
        if (slot == streets.first_slot(start.chain)) {
            return search.time(streets.left(start.chain));
        }
        if (slot == streets.end_slot(start.chain)) {
            return search.time(streets.right(start.chain));
        }
        const Place node = node_inside_chain(graph, static_cast<std::uint32_t>(slot));
        const Ms time = time_to(search, streets, start, node, Way::kFrom);
        return time <= cutoff ? time : kUnreached;
    }
};

// A stretch of a slot given by its ends in the chain's direction.
void append_turned(const Graph& graph, std::size_t slot, Stretch stretch, Ms cutoff, std::vector<Piece>& pieces) {
    if (graph.streets().is_turned(slot)) {
        stretch = {stretch.edge,    1.0 - stretch.to_fraction, 1.0 - stretch.from_fraction, stretch.at_to,
                   stretch.at_from, stretch.backward,          stretch.forward};
    }
    append_stretch(stretch, cutoff, pieces);
}

void append_chain(const Graph& graph, const Search& search, std::uint32_t chain, Ms cutoff,
                  std::vector<Piece>& pieces) {
    const Streets& streets = graph.streets();
    const std::size_t end = streets.end_slot(chain);
    const Ms at_left = search.time(streets.left(chain)), at_right = search.time(streets.right(chain));
    Ms at_from = at_left;
    for (std::size_t slot = streets.first_slot(chain); slot < end; ++slot) {
        Ms at_to = at_right;
        if (slot + 1 < end) {
            const Ms by_left = plus(at_left, graph.ahead_before(slot + 1));
            const Ms by_right = plus(at_right, graph.chain_behind(chain) - graph.behind_before(slot + 1));
            at_to = std::min(by_left, by_right);
            at_to = at_to <= cutoff ? at_to : kUnreached;
        }
        append_turned(graph, slot,
                      {streets.edge_of(slot), 0.0, 1.0, at_from, at_to, graph.ahead(slot), graph.behind(slot)}, cutoff,
                      pieces);
        at_from = at_to;
    }
}

// The start cuts its own slot in two. No walk comes back past the start sooner than it left.
void append_own_chain(const OwnChain& own, std::vector<Piece>& pieces) {
    const Graph& graph = own.graph;
    const Streets& streets = graph.streets();
    const Place& start = own.start;
    for (std::size_t slot = streets.first_slot(start.chain); slot < streets.end_slot(start.chain); ++slot) {
        const Ms ahead = graph.ahead(slot), behind = graph.behind(slot);
        const Stretch whole{streets.edge_of(slot), 0.0, 1.0, own.at(slot), own.at(slot + 1), ahead, behind};
        if (slot != start.slot || start.share == 0.0) {
            append_turned(graph, slot, whole, own.cutoff, pieces);
            continue;
        }
        Stretch left = whole, right = whole;
        left.to_fraction = right.from_fraction = start.share;
        left.at_to = right.at_from = start.access;
        if (ahead != kUnreached) {
            left.forward = start.from_left - graph.ahead_before(slot);
            right.forward = ahead - left.forward;
        }
        if (behind != kUnreached) {
            left.backward = start.to_left - graph.behind_before(slot);
            right.backward = behind - left.backward;
        }
        append_turned(graph, slot, left, own.cutoff, pieces);
        append_turned(graph, slot, right, own.cutoff, pieces);
    }
}

}  // namespace

void append_pieces(const Graph& graph, const Search& search, const Place& start, Ms cutoff,
                   std::vector<Piece>& pieces) {
    if (!start.linked() || start.access > cutoff) {
        return;
    }
    const std::size_t before = pieces.size();
    search.for_each_chain(Way::kFrom, [&](std::uint32_t chain) {
        if (chain != start.chain) {
            append_chain(graph, search, chain, cutoff, pieces);
        }
    });
    if (!start.at_junction()) {
        append_own_chain({graph, search, start, cutoff}, pieces);
    }
    if (pieces.size() == before) {
        const auto here = static_cast<float>(start.fraction);
        pieces.push_back({start.edge, here, here, start.access, start.access});
    }
}

ReachedPieces reached_pieces(const Graph& graph, std::span<const Place> origins, Ms cutoff, const Run& run) {
    std::vector<std::unique_ptr<Search>> searches(run.n_threads);
    std::vector<std::vector<Piece>> rows(origins.size());
    run_blocks(origins.size(), 16, run, [&](std::size_t worker, std::size_t begin, std::size_t end) {
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
    for (auto& row : rows) {
        for (const Piece& piece : row) {
            made.edge.push_back(piece.edge);
            made.from_fraction.push_back(piece.from_fraction);
            made.to_fraction.push_back(piece.to_fraction);
            made.from_ms.push_back(piece.from_ms);
            made.to_ms.push_back(piece.to_ms);
        }
        made.indptr.push_back(static_cast<std::int64_t>(made.edge.size()));
        row = {};
    }
    return made;
}

}  // namespace circle15
