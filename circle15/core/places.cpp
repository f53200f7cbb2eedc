#include "places.hpp"

#include <cmath>
#include <numeric>

namespace circle15 {

namespace {

Ms rounded_share(double fraction, Ms whole) {
    return static_cast<Ms>(std::floor(fraction * static_cast<double>(whole) + 0.5));
}

// The place is a node: a junction, or the left end of a slot inside a chain.
void settle_on_node(const Graph& graph, std::uint32_t node, Place& place) {
    place.junction = graph.streets().junction_of(node);
    if (place.at_junction()) {
        return;
    }
    const Place inside = node_inside_chain(graph, graph.streets().inner_slot_of(node));
    place.chain = inside.chain;
    place.slot = inside.slot;
    place.order = inside.order;
    place.from_left = inside.from_left;
    place.from_right = inside.from_right;
    place.to_left = inside.to_left;
    place.to_right = inside.to_right;
}

void settle_in_slot(const Graph& graph, Place& place) {
    const Streets& streets = graph.streets();
    place.slot = streets.slot_of(place.edge);
    place.chain = streets.chain_of(place.slot);
    const bool turned = streets.is_turned(place.slot);
    place.share = turned ? 1.0 - place.fraction : place.fraction;
    place.order = turned ? -place.fraction : place.fraction;
    // Rounding is half up from the edge's tail, whichever way the chain runs.
    if (const Ms ahead = graph.ahead(place.slot); ahead != kUnreached) {
        const Ms offset = rounded_share(place.fraction, ahead);
        place.from_left = graph.ahead_before(place.slot) + (turned ? ahead - offset : offset);
        place.to_right = graph.chain_ahead(place.chain) - place.from_left;
    }
    if (const Ms behind = graph.behind(place.slot); behind != kUnreached) {
        const Ms offset = rounded_share(place.fraction, behind);
        place.to_left = graph.behind_before(place.slot) + (turned ? behind - offset : offset);
        place.from_right = graph.chain_behind(place.chain) - place.to_left;
    }
}

}  // namespace

Place node_inside_chain(const Graph& graph, std::uint32_t slot) {
    Place place;
    place.slot = slot;
    place.edge = graph.streets().edge_of(slot);
    place.chain = graph.streets().chain_of(slot);
    place.order = -2.0;  // before every place inside the slot
    place.from_left = graph.ahead_before(slot);
    place.to_left = graph.behind_before(slot);
    place.to_right = graph.chain_ahead(place.chain) - place.from_left;
    place.from_right = graph.chain_behind(place.chain) - place.to_left;
    return place;
}

Place place_on(const Graph& graph, std::int32_t edge, double fraction, Ms access) {
    Place place;
    if (edge < 0) {
        return place;
    }
    place.edge = static_cast<std::uint32_t>(edge);
    place.fraction = fraction;
    place.access = access;
    if (fraction == 0.0) {
        settle_on_node(graph, graph.streets().tail(place.edge), place);
    } else if (fraction == 1.0) {
        settle_on_node(graph, graph.streets().head(place.edge), place);
    } else {
        settle_in_slot(graph, place);
    }
    return place;
}

std::vector<Place> places_on(const Graph& graph, std::span<const std::int32_t> edge,
                             std::span<const double> fraction, std::span<const Ms> access, const Run& run) {
    std::vector<Place> places(edge.size());
    run_blocks(edge.size(), 8192, run, [&](std::size_t, std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            places[i] = place_on(graph, edge[i], fraction[i], access[i]);
        }
    });
    return places;
}

PlaceIndex::PlaceIndex(const Graph& graph, std::span<const Place> places)
    : n_chains_(static_cast<std::uint32_t>(graph.streets().n_chains())),
      first_(n_chains_ + graph.n_junctions() + 1, 0) {
    const auto row = [&](const Place& place) { return place.at_junction() ? n_chains_ + place.junction : place.chain; };
    for (const Place& place : places) {
        if (place.linked()) {
            ++first_[row(place) + 1];
        }
    }
    std::partial_sum(first_.begin(), first_.end(), first_.begin());
    place_.resize(first_.back());
    std::vector<std::uint32_t> next(first_.begin(), first_.end());
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (places[i].linked()) {
            place_[next[row(places[i])]++] = static_cast<std::uint32_t>(i);
        }
    }
}

}  // namespace circle15
