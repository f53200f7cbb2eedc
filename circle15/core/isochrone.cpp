#include "isochrone.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>

#include "contour.hpp"
#include "field.hpp"
#include "search.hpp"
#include "thin.hpp"

namespace circle15 {

namespace {

constexpr std::size_t kOriginsPerBlock = 16;

// The part of a piece, as fractions of its edge, that is reached within the cutoff.
struct Part {
    double from, to;
    friend bool operator==(const Part&, const Part&) = default;
};

std::optional<Part> part_within(const Piece& piece, Ms cutoff) {
    const double from = piece.from_fraction, to = piece.to_fraction;
    if (std::min(piece.from_ms, piece.to_ms) > cutoff) {
        return std::nullopt;
    }
    if (std::max(piece.from_ms, piece.to_ms) <= cutoff) {
        return Part{from, to};
    }
    if (piece.from_ms < piece.to_ms) {
        return Part{from, from + (to - from) * (cutoff - piece.from_ms) / (piece.to_ms - piece.from_ms)};
    }
    return Part{to - (to - from) * (cutoff - piece.to_ms) / (piece.from_ms - piece.to_ms), to};
}

// Nearer to a pole a buffer spans so many degrees of longitude that the grid's whole units overflow.
void check_latitude(double lat) {
    constexpr double kMostLat = 89.0;
    if (!(std::abs(lat) <= kMostLat)) {
        throw std::invalid_argument("a street within reach lies at latitude " + std::to_string(lat) +
                                    ": areas are drawn between -89 and 89 degrees");
    }
}

// One thread's tools, reused from area to area.
class Drawer {
  public:
    Drawer(const EdgePositions& edges, const OutlineRules& rules) : edges_(edges), rules_(rules) {}

    // Appends one area per cutoff that any of `pieces` is within.
    void draw(std::int32_t origin, std::span<const Piece> pieces, Outlines& out) {
        const std::optional<Box> box = box_of(pieces);
        if (!box) {
            return;
        }
        check_latitude(box->min_lat);
        check_latitude(box->max_lat);
        field_.start(*box, rules_.buffer_m, GridSteps::at_most(rules_.step_m, *box));
        outlines_.resize(rules_.cutoffs.size());
        std::size_t first = rules_.cutoffs.size();
        for (std::size_t c = 0; c < rules_.cutoffs.size(); ++c) {
            for (const Piece& piece : pieces) {
                const auto part = part_within(piece, rules_.cutoffs[c]);
                if (part && (c == 0 || part_within(piece, rules_.cutoffs[c - 1]) != part)) {
                    field_.paint(segment_of(piece.edge, *part));
                    first = std::min(first, c);
                }
            }
            if (first <= c) {
                tracer_.trace(field_, field_.settle(), outlines_[c]);
            }
        }
        thinner_.thin(std::span(outlines_).subspan(first), rules_.tolerance_m, field_.steps());
        for (std::size_t c = first; c < rules_.cutoffs.size(); ++c) {
            out.origin.push_back(origin);
            out.cutoff.push_back(static_cast<std::int32_t>(c));
            append(outlines_[c], out);
        }
    }

  private:
    [[nodiscard]] Segment segment_of(std::uint32_t edge, const Part& part) const {
        const auto tail = static_cast<std::size_t>(edges_.tail[edge]), head = static_cast<std::size_t>(edges_.head[edge]);
        const double lon = edges_.lon[tail], lat = edges_.lat[tail];
        const double dlon = edges_.lon[head] - lon, dlat = edges_.lat[head] - lat;
        return {lon + part.from * dlon, lat + part.from * dlat, lon + part.to * dlon, lat + part.to * dlat};
    }

    [[nodiscard]] std::optional<Box> box_of(std::span<const Piece> pieces) const {
        constexpr double inf = std::numeric_limits<double>::infinity();
        Box box{inf, inf, -inf, -inf};
        for (const Piece& piece : pieces) {
            const auto part = part_within(piece, rules_.cutoffs.back());
            if (part) {
                const Segment s = segment_of(piece.edge, *part);
                box.min_lon = std::min({box.min_lon, s.from_lon, s.to_lon});
                box.max_lon = std::max({box.max_lon, s.from_lon, s.to_lon});
                box.min_lat = std::min({box.min_lat, s.from_lat, s.to_lat});
                box.max_lat = std::max({box.max_lat, s.from_lat, s.to_lat});
            }
        }
        return box.min_lon <= box.max_lon ? std::optional(box) : std::nullopt;
    }

    void append_ring(const Outline& outline, std::size_t ring, Outlines& out) const {
        const auto begin = outline.ring_begin[ring], end = outline.ring_begin[ring + 1];
        const auto append_vertex = [&out](const Vertex& v) {
            out.lon_lat.push_back(v.x / kUnitsPerDegree);
            out.lon_lat.push_back(v.y / kUnitsPerDegree);
        };
        std::for_each(outline.vertices.begin() + static_cast<std::ptrdiff_t>(begin),
                      outline.vertices.begin() + static_cast<std::ptrdiff_t>(end), append_vertex);
        append_vertex(outline.vertices[begin]);
        out.coordinate_begin.push_back(static_cast<std::int64_t>(out.lon_lat.size() / 2));
    }

    void append(const Outline& outline, Outlines& out) {
        // Holes of one shell side by side; a stable sort keeps them in raster order.
        by_shell_.resize(outline.n_rings());
        for (std::size_t r = 0; r < by_shell_.size(); ++r) {
            by_shell_[r] = static_cast<std::uint32_t>(r);
        }
        std::ranges::stable_sort(by_shell_, {}, [&outline](std::uint32_t r) { return outline.shell[r]; });
        for (std::size_t k = 0; k < by_shell_.size(); ++k) {
            append_ring(outline, by_shell_[k], out);
            const bool is_last = k + 1 == by_shell_.size() || outline.shell[by_shell_[k + 1]] != outline.shell[by_shell_[k]];
            if (is_last) {
                out.ring_begin.push_back(static_cast<std::int64_t>(out.coordinate_begin.size() - 1));
            }
        }
        out.polygon_begin.push_back(static_cast<std::int64_t>(out.ring_begin.size() - 1));
    }

    const EdgePositions& edges_;
    const OutlineRules& rules_;
    Field field_;
    Tracer tracer_;
    Thinner thinner_;
    std::vector<Outline> outlines_;  // per cutoff
    std::vector<std::uint32_t> by_shell_;
};

void append_offsets(const std::vector<std::int64_t>& more, std::vector<std::int64_t>& offsets) {
    const std::int64_t shift = offsets.back();
    std::for_each(more.begin() + 1, more.end(), [&](std::int64_t offset) { offsets.push_back(shift + offset); });
}

void append_outlines(const Outlines& more, Outlines& all) {
    all.origin.insert(all.origin.end(), more.origin.begin(), more.origin.end());
    all.cutoff.insert(all.cutoff.end(), more.cutoff.begin(), more.cutoff.end());
    append_offsets(more.polygon_begin, all.polygon_begin);
    append_offsets(more.ring_begin, all.ring_begin);
    append_offsets(more.coordinate_begin, all.coordinate_begin);
    all.lon_lat.insert(all.lon_lat.end(), more.lon_lat.begin(), more.lon_lat.end());
}

// A place on an edge and its time to the nearest destination.
struct Stop {
    double fraction;
    Ms time;
    Ms forward, backward;  // where it stands on the edge, in milliseconds from the tail, walking either way
};

// Milliseconds from the tail, as for every place on an edge; of no use where the whole may not be walked.
Ms offset(double fraction, Ms whole) {
    return whole == kUnreached ? 0 : static_cast<Ms>(std::floor(fraction * static_cast<double>(whole) + 0.5));
}

Ms difference(Ms whole, Ms later, Ms earlier) { return whole == kUnreached ? kUnreached : later - earlier; }

// Times beyond the cutoff do not exist, so that sums stay below the sentinel.
Ms within(Ms time, Ms cutoff) { return time <= cutoff ? time : kUnreached; }

// Appends the walk of `whole` milliseconds that ends at `stop` and comes from the side of `far`, as far as it is within
// the cutoff.
void append_walk(std::uint32_t edge, const Stop& stop, const Stop& far, Ms whole, Ms cutoff,
                 std::vector<Piece>& pieces) {
    if (stop.time > cutoff || whole == kUnreached) {
        return;
    }
    const Ms walked = std::min(whole, cutoff - stop.time);
    const double share = walked == whole ? 1.0 : static_cast<double>(walked) / static_cast<double>(whole);
    const auto here = static_cast<float>(stop.fraction);
    const auto there = static_cast<float>(stop.fraction + share * (far.fraction - stop.fraction));
    if (here <= there) {
        pieces.push_back({edge, here, there, stop.time, stop.time + walked});
    } else {
        pieces.push_back({edge, there, here, stop.time + walked, stop.time});
    }
}

// Appends what of one edge is within the cutoff; `stops` are its tail, the destinations on it in order, and its head.
void append_edge(const Graph& graph, std::uint32_t edge, std::span<Stop> stops, Ms cutoff, std::vector<Piece>& pieces) {
    const Ms forward = graph.forward(edge), backward = graph.backward(edge);
    for (std::size_t k = 1; k < stops.size(); ++k) {
        const Ms walk = difference(backward, stops[k].backward, stops[k - 1].backward);
        stops[k].time = std::min(stops[k].time, within(plus(stops[k - 1].time, walk), cutoff));
    }
    for (std::size_t k = stops.size() - 1; k-- > 0;) {
        const Ms walk = difference(forward, stops[k + 1].forward, stops[k].forward);
        stops[k].time = std::min(stops[k].time, within(plus(stops[k + 1].time, walk), cutoff));
    }
    for (std::size_t k = 1; k < stops.size(); ++k) {
        const Stop &low = stops[k - 1], &high = stops[k];
        append_walk(edge, low, high, difference(backward, high.backward, low.backward), cutoff, pieces);
        append_walk(edge, high, low, difference(forward, high.forward, low.forward), cutoff, pieces);
    }
    for (std::size_t k = 1; k + 1 < stops.size(); ++k) {
        if (stops[k].time <= cutoff) {  // a destination stands in its own area even where nobody may walk on
            const auto here = static_cast<float>(stops[k].fraction);
            pieces.push_back({edge, here, here, stops[k].time, stops[k].time});
        }
    }
}

}  // namespace

Outlines isochrones(const Graph& graph, const EdgePositions& edges, std::span<const Place> origins,
                    const OutlineRules& rules, const Run& run) {
    struct Worker {
        Search search;
        Drawer drawer;
        std::vector<Piece> pieces;
    };
    std::vector<std::unique_ptr<Worker>> workers(run.n_threads);
    std::vector<Outlines> blocks((origins.size() + kOriginsPerBlock - 1) / kOriginsPerBlock);
    run_blocks(origins.size(), kOriginsPerBlock, run,
               [&](std::size_t worker, std::size_t begin, std::size_t end) {
                   if (!workers[worker]) {
                       workers[worker].reset(
                           new Worker{Search(graph, run.progress), Drawer(edges, rules), {}});
                   }
                   auto& [search, drawer, pieces] = *workers[worker];
                   for (std::size_t i = begin; i < end; ++i) {
                       search.run(origins[i], rules.cutoffs.back(), Way::kFrom);
                       pieces.clear();
                       append_pieces(graph, search, origins[i], rules.cutoffs.back(), pieces);
                       drawer.draw(static_cast<std::int32_t>(i), pieces, blocks[begin / kOriginsPerBlock]);
                   }
               });
    Outlines all;
    for (const Outlines& block : blocks) {
        append_outlines(block, all);
    }
    return all;
}

Outlines service_area(const Graph& graph, const EdgePositions& edges, std::span<const Ms> time_to,
                      std::span<const Place> destinations, const OutlineRules& rules) {
    const Ms cutoff = rules.cutoffs.back();
    std::vector<std::uint32_t> by_place;
    for (std::uint32_t d = 0; d < destinations.size(); ++d) {
        if (destinations[d].linked()) {
            by_place.push_back(d);
        }
    }
    std::ranges::sort(by_place, {}, [&](std::uint32_t d) {
        return std::tuple{destinations[d].edge, destinations[d].fraction, destinations[d].access};
    });
    std::vector<Piece> pieces;
    std::vector<Stop> stops;
    auto next = by_place.begin();
    for (std::uint32_t edge = 0; edge < graph.n_edges(); ++edge) {
        const Ms forward = graph.forward(edge), backward = graph.backward(edge);
        stops.assign(1, {0.0, within(time_to[static_cast<std::size_t>(edges.tail[edge])], cutoff), 0, 0});
        for (; next != by_place.end() && destinations[*next].edge == edge; ++next) {
            const Place& place = destinations[*next];
            stops.push_back({place.fraction, within(place.access, cutoff), offset(place.fraction, forward),
                             offset(place.fraction, backward)});
        }
        stops.push_back({1.0, within(time_to[static_cast<std::size_t>(edges.head[edge])], cutoff), forward, backward});
        append_edge(graph, edge, stops, cutoff, pieces);
    }
    Outlines all;
    Drawer(edges, rules).draw(0, pieces, all);
    return all;
}

}  // namespace circle15
