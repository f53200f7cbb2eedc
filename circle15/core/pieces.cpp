#include "pieces.hpp"

#include <algorithm>
#include <cmath>

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

}  // namespace

void append_pieces(const Graph& graph, const Search& search, const Place& start, Ms cutoff,
                   std::vector<Piece>& pieces) {
    if (!start.linked() || start.access > cutoff) {
        return;
    }
    for (const std::uint32_t node : search.reached()) {
        for (const std::uint32_t edge : graph.edges_at(node)) {
            const std::uint32_t tail = graph.tail(edge);
            const bool seen_at_tail = tail != node && search.time(tail) != kUnreached;
            if (edge != start.edge && !seen_at_tail) {
                append_stretch({edge, 0.0, 1.0, search.time(tail), search.time(graph.head(edge)), graph.forward(edge),
                                graph.backward(edge)},
                               cutoff, pieces);
            }
        }
    }
    // The start cuts its own edge in two. No walk comes back past the start sooner than it left.
    const std::size_t before = pieces.size();
    const Ms forward = graph.forward(start.edge), backward = graph.backward(start.edge);
    const Ms at_tail = search.time(graph.tail(start.edge)), at_head = search.time(graph.head(start.edge));
    if (start.fraction > 0.0) {
        append_stretch({start.edge, 0.0, start.fraction, at_tail, start.access,
                        forward == kUnreached ? kUnreached : start.offset_forward,
                        backward == kUnreached ? kUnreached : start.offset_backward},
                       cutoff, pieces);
    }
    if (start.fraction < 1.0) {
        append_stretch({start.edge, start.fraction, 1.0, start.access, at_head,
                        forward == kUnreached ? kUnreached : forward - start.offset_forward,
                        backward == kUnreached ? kUnreached : backward - start.offset_backward},
                       cutoff, pieces);
    }
    if (pieces.size() == before) {
        const auto here = static_cast<float>(start.fraction);
        pieces.push_back({start.edge, here, here, start.access, start.access});
    }
}

}  // namespace circle15
