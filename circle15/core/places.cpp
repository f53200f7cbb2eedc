#include "places.hpp"

#include <cmath>

namespace circle15 {

namespace {

Ms rounded_share(double fraction, Ms whole) {
    return static_cast<Ms>(std::floor(fraction * static_cast<double>(whole) + 0.5));
}

}  // namespace

Place place_on(const Graph& graph, std::int32_t edge, double fraction, Ms access) {
    Place place;
    if (edge < 0) {
        return place;
    }
    place.edge = static_cast<std::uint32_t>(edge);
    place.fraction = fraction;
    place.access = access;
    if (const Ms forward = graph.forward(place.edge); forward != kUnreached) {
        place.offset_forward = rounded_share(fraction, forward);
        place.from_tail = place.offset_forward;
        place.to_head = forward - place.offset_forward;
    }
    if (const Ms backward = graph.backward(place.edge); backward != kUnreached) {
        place.offset_backward = rounded_share(fraction, backward);
        place.to_tail = place.offset_backward;
        place.from_head = backward - place.offset_backward;
    }
    if (fraction == 0.0) {
        place.to_tail = place.from_tail = 0;
    }
    if (fraction == 1.0) {
        place.to_head = place.from_head = 0;
    }
    return place;
}

Ms along_edge(const Place& from, const Place& to) noexcept {
    if (!from.linked() || from.edge != to.edge) {
        return kUnreached;
    }
    if (from.fraction == to.fraction) {
        return 0;
    }
    if (from.fraction < to.fraction) {
        return from.to_head == kUnreached || to.from_tail == kUnreached ? kUnreached
                                                                        : to.offset_forward - from.offset_forward;
    }
    return from.to_tail == kUnreached || to.from_head == kUnreached ? kUnreached
                                                                    : from.offset_backward - to.offset_backward;
}

std::vector<Place> places_on(const Graph& graph, std::span<const std::int32_t> edge,
                             std::span<const double> fraction, std::span<const Ms> access) {
    std::vector<Place> places;
    places.reserve(edge.size());
    for (std::size_t i = 0; i < edge.size(); ++i) {
        places.push_back(place_on(graph, edge[i], fraction[i], access[i]));
    }
    return places;
}

}  // namespace circle15
