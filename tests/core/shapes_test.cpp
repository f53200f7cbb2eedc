// Tests of what the core draws and links: places on edges, borders, components, isochrones and service areas, each
// beside a plain computation, on random towns. Made to run under sanitizers. Usage: shapes_test [rounds] [seed]

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <numbers>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "components.hpp"
#include "edge_tree.hpp"
#include "isochrone.hpp"
#include "nearest.hpp"
#include "overlay.hpp"
#include "pieces.hpp"

using namespace circle15;

namespace {

constexpr double kMetresPerDegree = 6371009.0 * std::numbers::pi / 180.0;
constexpr double kBufferM = 25.0, kStepM = 6.25, kToleranceM = 0.5;
// Between grid nodes the distance is interpolated: where two streets' buffers meet at an angle, up to half a step outwards.
constexpr double kOutwardsM = kToleranceM + kStepM / 2, kInwardsM = kToleranceM + 0.25;
constexpr Ms kCutoffs[] = {60'000, 150'000, 300'000};

void require(bool holds, const char* sentence) {
    if (!holds) {
        throw std::runtime_error(sentence);
    }
}

std::size_t index(std::int64_t value) { return static_cast<std::size_t>(value); }

struct Point {
    double lon, lat;
};

// Metres from a point to a straight segment, in the plane along the point's parallel.
double away_m(const Point& p, const Point& a, const Point& b) {
    const double per_lon = kMetresPerDegree * std::cos(p.lat * std::numbers::pi / 180.0);
    const double ax = (a.lon - p.lon) * per_lon, ay = (a.lat - p.lat) * kMetresPerDegree;
    const double dx = (b.lon - a.lon) * per_lon, dy = (b.lat - a.lat) * kMetresPerDegree;
    const double length2 = dx * dx + dy * dy;
    const double t = length2 > 0 ? std::clamp(-(ax * dx + ay * dy) / length2, 0.0, 1.0) : 0.0;
    return std::hypot(ax + t * dx, ay + t * dy);
}

// A town of crooked streets, some 600 m wide, with one-way streets and dead ends.
struct Town {
    explicit Town(std::mt19937_64& engine) : random(engine) {
        const std::size_t n_nodes = 2 + pick(60), n_edges = 1 + pick(120);
        const double south = static_cast<double>(pick(120)) - 60.0, west = static_cast<double>(pick(340)) - 170.0;
        for (std::size_t v = 0; v < n_nodes; ++v) {
            lon.push_back(west + static_cast<double>(pick(6000)) * 1e-6);
            lat.push_back(south + static_cast<double>(pick(6000)) * 1e-6);
        }
        for (std::size_t e = 0; e < n_edges; ++e) {
            tail.push_back(static_cast<std::int32_t>(pick(n_nodes)));
            head.push_back(static_cast<std::int32_t>(pick(n_nodes)));
            const double metres = away_m(at(tail.back()), at(head.back()), at(head.back()));
            length_m.push_back(metres);
            forward.push_back(static_cast<Ms>(metres * 800.0));
            backward.push_back(pick(8) == 0 ? kUnreached : forward.back());
        }
        std::vector<Ms> both(forward);
        both.insert(both.end(), backward.begin(), backward.end());
        const auto streets = std::make_shared<Streets>(StreetArrays{lon, lat, tail, head, length_m, both});
        graph = std::make_unique<Graph>(streets, forward, backward);
        turned = std::make_unique<Graph>(streets, backward, forward);
    }

    std::size_t pick(std::size_t below) { return random() % below; }
    [[nodiscard]] Point at(std::int32_t node) const { return {lon[index(node)], lat[index(node)]}; }
    [[nodiscard]] Point along(std::size_t edge, double fraction) const {
        const Point a = at(tail[edge]), b = at(head[edge]);
        return {a.lon + fraction * (b.lon - a.lon), a.lat + fraction * (b.lat - a.lat)};
    }
    [[nodiscard]] EdgePositions positions() const { return {lon, lat, tail, head}; }

    std::vector<Place> places(std::size_t n) {
        std::vector<Place> made;
        for (std::size_t i = 0; i < n; ++i) {
            const auto edge = pick(10) == 0 ? -1 : static_cast<std::int32_t>(pick(tail.size()));
            made.push_back(place_on(*graph, edge, static_cast<double>(pick(5)) / 4, static_cast<Ms>(pick(3) * 40'000)));
        }
        return made;
    }

    std::mt19937_64& random;
    std::vector<double> lon, lat, length_m;
    std::vector<std::int32_t> tail, head;
    std::vector<Ms> forward, backward;
    std::unique_ptr<Graph> graph, turned;  // turned: every walk the other way round
};

struct Points {
    explicit Points(Town& town, std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) {
            lon.push_back(town.lon[0] + (static_cast<double>(town.pick(8000)) - 4000) * 1e-6);
            lat.push_back(town.lat[0] + (static_cast<double>(town.pick(8000)) - 4000) * 1e-6);
        }
    }
    std::vector<double> lon, lat;
};

void check_links(Town& town) {
    const EdgeTree tree(town.lon, town.lat, town.tail, town.head);
    const Points points(town, 60);
    std::vector<std::uint8_t> use(town.tail.size());
    std::ranges::generate(use, [&] { return static_cast<std::uint8_t>(town.pick(3)); });
    constexpr double limit_m = 120.0;
    const std::size_t n = points.lon.size();
    std::vector<std::int32_t> edge(n);
    std::vector<double> fraction(n), access_m(n);
    std::vector<std::uint8_t> skipped(n);
    Progress progress;
    tree.link(points.lon, points.lat, use, limit_m, {2, progress, [] {}}, {edge, fraction, access_m, skipped});
    const NearPlaces near = tree.near(points.lon, points.lat, use, limit_m);
    for (std::size_t i = 0; i < n; ++i) {
        const Point p{points.lon[i], points.lat[i]};
        std::size_t n_near = 0;
        double least = std::numeric_limits<double>::infinity(), island = least;
        for (std::size_t e = 0; e < use.size(); ++e) {
            const double away = away_m(p, town.at(town.tail[e]), town.at(town.head[e]));
            n_near += use[e] == 1 && away <= limit_m;
            if (use[e] == 1) least = std::min(least, away);
            if (use[e] == 2) island = std::min(island, away);
        }
        const std::size_t first = index(near.indptr[i]), end = index(near.indptr[i + 1]);
        require(end - first == n_near, "near misses a street, or has one too many");
        for (std::size_t k = first; k < end; ++k) {
            require(k == first || near.access_m[k - 1] <= near.access_m[k], "near is not sorted");
            const Point place = town.along(index(near.edge[k]), near.fraction[k]);
            require(std::abs(away_m(p, place, place) - near.access_m[k]) < 1e-6, "a place is not where it is said to be");
        }
        require((edge[i] >= 0) == (least <= limit_m), "link and a look at every street disagree");
        require(edge[i] < 0 || std::abs(access_m[i] - least) < 1e-6, "link did not find the nearest street");
        require(edge[i] < 0 || (near.edge[first] == edge[i] && near.access_m[first] == access_m[i]), "link and near disagree");
        const bool is_tie = std::abs(island - least) < 1e-6;  // the nearest node is both ones' end
        require(is_tie || (skipped[i] != 0) == (island <= limit_m && island < least), "an island is not told of rightly");
    }
}

// Twice the signed area of a triangle, in units of 1e-12 square degrees, exact for the whole micro-degrees used here.
double turn(const Point& a, const Point& b, const Point& c) {
    const auto whole = [](double degrees) { return std::round(degrees * 1e6); };
    return (whole(b.lon) - whole(a.lon)) * (whole(c.lat) - whole(a.lat)) -
           (whole(b.lat) - whole(a.lat)) * (whole(c.lon) - whole(a.lon));
}

void check_borders(Town& town) {
    const EdgeTree tree(town.lon, town.lat, town.tail, town.head);
    const Points from(town, 80), to(town, 80);
    const std::vector<std::uint8_t> crossed = tree.crosses(from.lon, from.lat, to.lon, to.lat);
    for (std::size_t i = 0; i < crossed.size(); ++i) {
        const Point a{from.lon[i], from.lat[i]}, b{to.lon[i], to.lat[i]};
        bool is_crossed = false, is_doubtful = false;
        for (std::size_t e = 0; e < town.tail.size(); ++e) {
            const Point c = town.at(town.tail[e]), d = town.at(town.head[e]);
            const double turns[] = {turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)};
            // Three points in one line: degrees in doubles are not quite whole, so either answer may be right.
            is_doubtful |= std::ranges::any_of(turns, [](double t) { return std::abs(t) < 2.0; });
            is_crossed |= turns[0] * turns[1] < 0 && turns[2] * turns[3] < 0;
        }
        require(is_doubtful || (crossed[i] != 0) == is_crossed, "borders and a look at each of them disagree");
    }
}

void check_components(const Town& town) {
    const std::size_t n = town.lon.size();
    std::vector<std::int32_t> label(n);
    for (std::size_t v = 0; v < n; ++v) {
        label[v] = static_cast<std::int32_t>(v);
    }
    for (bool is_changed = true; is_changed;) {  // the smallest node spreads
        is_changed = false;
        for (std::size_t e = 0; e < town.tail.size(); ++e) {
            std::int32_t &a = label[index(town.tail[e])], &b = label[index(town.head[e])];
            is_changed |= a != b;
            a = b = std::min(a, b);
        }
    }
    const std::vector<std::int32_t> found = components(n, town.tail, town.head);
    std::int32_t n_seen = 0;
    for (std::size_t v = 0; v < n; ++v) {
        const bool is_first = label[v] == static_cast<std::int32_t>(v);
        require(found[v] == (is_first ? n_seen : found[index(label[v])]), "components are not those of the smallest nodes");
        n_seen += is_first;
    }
}

// One area of ragged columns.
struct Area {
    const Outlines& all;
    std::size_t geometry;

    template <class Visit>
    void for_each_ring(const Visit& visit) const {
        for (std::size_t p = index(all.polygon_begin[geometry]); p < index(all.polygon_begin[geometry + 1]); ++p) {
            for (std::size_t r = index(all.ring_begin[p]); r < index(all.ring_begin[p + 1]); ++r) {
                visit(index(all.coordinate_begin[r]), index(all.coordinate_begin[r + 1]), r == index(all.ring_begin[p]));
            }
        }
    }
    [[nodiscard]] Point vertex(std::size_t k) const { return {all.lon_lat[2 * k], all.lon_lat[2 * k + 1]}; }
    [[nodiscard]] bool contains(const Point& p) const {
        bool is_inside = false;
        for_each_ring([&](std::size_t begin, std::size_t end, bool) {
            for (std::size_t k = begin; k + 1 < end; ++k) {
                const Point a = vertex(k), b = vertex(k + 1);
                if ((a.lat > p.lat) != (b.lat > p.lat) &&
                    p.lon < a.lon + (p.lat - a.lat) / (b.lat - a.lat) * (b.lon - a.lon)) {
                    is_inside = !is_inside;
                }
            }
        });
        return is_inside;
    }
    // Whether it holds the point, or is no farther from it than that.
    [[nodiscard]] bool nearly_contains(const Point& p, double metres) const {
        bool found = contains(p);
        for_each_ring([&](std::size_t begin, std::size_t end, bool) {
            for (std::size_t k = begin; k + 1 < end; ++k) {
                found = found || away_m(p, vertex(k), vertex(k + 1)) <= metres;
            }
        });
        return found;
    }
};

void check_rings(const Area& area) {
    area.for_each_ring([&](std::size_t begin, std::size_t end, bool is_shell) {
        require(end - begin >= 4, "a ring has less than three sides");
        const Point first = area.vertex(begin), last = area.vertex(end - 1);
        require(first.lon == last.lon && first.lat == last.lat, "a ring is not closed");
        double doubled = 0.0;
        for (std::size_t k = begin; k + 1 < end; ++k) {
            const Point a = area.vertex(k), b = area.vertex(k + 1);
            doubled += (a.lon - first.lon) * (b.lat - first.lat) - (b.lon - first.lon) * (a.lat - first.lat);
        }
        require((doubled > 0) == is_shell, "a shell runs clockwise, or a hole does not");
    });
}

// A straight stretch that is reached.
struct Stretch {
    Point a, b;
};

// Every reached stretch lies inside, and no vertex farther off than the buffer.
void check_buffer(const Area& area, const std::vector<Stretch>& reached) {
    for (const Stretch& s : reached) {
        for (const double t : {0.0, 0.37, 1.0}) {
            require(area.contains({s.a.lon + t * (s.b.lon - s.a.lon), s.a.lat + t * (s.b.lat - s.a.lat)}),
                    "a reached street lies outside of its area");
        }
    }
    area.for_each_ring([&](std::size_t begin, std::size_t end, bool) {
        for (std::size_t k = begin; k < end; ++k) {
            double least = std::numeric_limits<double>::infinity();
            for (const Stretch& s : reached) {
                least = std::min(least, away_m(area.vertex(k), s.a, s.b));
            }
            require(least <= kBufferM + kOutwardsM, "an area goes beyond its buffer");
            require(least >= kBufferM - kInwardsM, "an area falls short of its buffer");
        }
    });
}

std::vector<Stretch> stretches_of(const Town& town, const Graph& graph, std::span<const Place> origins, Ms cutoff) {
    Progress progress;
    const ReachedPieces pieces = reached_pieces(graph, origins, cutoff, {1, progress, [] {}});
    std::vector<Stretch> made;
    for (std::size_t k = 0; k < pieces.edge.size(); ++k) {
        const auto end = [&](float fraction) { return town.along(pieces.edge[k], static_cast<double>(fraction)); };
        made.push_back({end(pieces.from_fraction[k]), end(pieces.to_fraction[k])});
    }
    return made;
}

void check_isochrones(Town& town) {
    const std::vector<Place> origins = town.places(1 + town.pick(40));
    const OutlineRules rules{kCutoffs, kBufferM, kStepM, kToleranceM};
    Progress progress;
    const Outlines made = isochrones(*town.graph, town.positions(), origins, rules, {1, progress, [] {}});
    const Outlines again = isochrones(*town.graph, town.positions(), origins, rules, {3, progress, [] {}});
    require(made.lon_lat == again.lon_lat && made.coordinate_begin == again.coordinate_begin && made.origin == again.origin,
            "threads change an area");
    std::size_t n_expected = 0;
    for (const Place& origin : origins) {
        n_expected += origin.linked() ? std::ranges::count_if(kCutoffs, [&](Ms c) { return origin.access <= c; }) : 0U;
    }
    require(made.origin.size() == n_expected, "an area is missing, or too many");
    for (std::size_t g = 0; g < made.origin.size(); ++g) {
        const Area area{made, g};
        check_rings(area);
        const std::size_t i = index(made.origin[g]);
        check_buffer(area, stretches_of(town, *town.graph, std::span(origins).subspan(i, 1), kCutoffs[made.cutoff[g]]));
        if (g > 0 && made.origin[g - 1] == made.origin[g]) {
            const Area smaller{made, g - 1};
            smaller.for_each_ring([&](std::size_t begin, std::size_t end, bool) {
                for (std::size_t k = begin; k < end; ++k) {
                    require(area.nearly_contains(smaller.vertex(k), 1e-6), "a smaller cutoff's area lies outside");
                }
            });
        }
    }
}

void check_service_areas(Town& town) {
    const std::vector<Place> goals = town.places(1 + town.pick(5));
    const OutlineRules rules{kCutoffs, kBufferM, kStepM, kToleranceM};
    std::vector<Place> nodes(town.lon.size());
    for (std::size_t e = 0; e < town.tail.size(); ++e) {
        nodes[index(town.tail[e])] = place_on(*town.graph, static_cast<std::int32_t>(e), 0.0, 0);
        nodes[index(town.head[e])] = place_on(*town.graph, static_cast<std::int32_t>(e), 1.0, 0);
    }
    Progress progress;
    const Nearest to = nearest(*town.graph, nodes, goals, kCutoffs[2], {2, progress, [] {}});
    const Outlines made = service_area(*town.graph, town.positions(), to.time, goals, rules);
    // Who walks to a goal walks from it in the town turned round.
    std::vector<Place> starts;
    for (const Place& goal : goals) {
        starts.push_back(goal.linked() ? place_on(*town.turned, static_cast<std::int32_t>(goal.edge), goal.fraction, goal.access)
                                       : Place{});
    }
    for (std::size_t g = 0; g < made.cutoff.size(); ++g) {
        const Area area{made, g};
        check_rings(area);
        check_buffer(area, stretches_of(town, *town.turned, starts, kCutoffs[made.cutoff[g]]));
        for (std::size_t v = 0; v < nodes.size(); ++v) {
            const bool is_reached = nodes[v].linked() && to.time[v] <= kCutoffs[made.cutoff[g]];
            require(!is_reached || area.contains({town.lon[v], town.lat[v]}), "a node that is served lies outside");
        }
    }
}

// A star with a star-shaped hole over crooked pixels, some of them dented: all parts together are the star.
void check_overlay(Town& town) {
    const std::size_t n = 1 + town.pick(12), n_corners = 3 + town.pick(60);
    const auto share = [&town] { return static_cast<double>(town.pick(1000)) / 1000.0; };
    std::vector<double> corner_x, corner_y;
    for (std::size_t row = 0; row <= n; ++row) {
        for (std::size_t column = 0; column <= n; ++column) {
            const bool is_inside = row > 0 && row < n && column > 0 && column < n;
            corner_x.push_back(100.0 + (static_cast<double>(column) + (is_inside ? 0.6 * share() : 0.0)) / static_cast<double>(n));
            corner_y.push_back(30.0 + (static_cast<double>(row) + (is_inside ? 0.6 * share() : 0.0)) / static_cast<double>(n));
        }
    }
    std::vector<double> x, y;
    std::vector<std::int64_t> begin{0};
    double area = 0;
    for (const double size : {0.4, -0.1}) {
        const std::size_t first = x.size();
        for (std::size_t i = 0; i <= n_corners; ++i) {
            const double angle = (size < 0 ? -2 : 2) * std::numbers::pi * static_cast<double>(i % n_corners) / static_cast<double>(n_corners);
            const double radius = std::abs(size) * (i == n_corners ? 1.0 : 0.3 + 0.7 * share());
            x.push_back(i == n_corners ? x[first] : 100.5 + radius * std::cos(angle));
            y.push_back(i == n_corners ? y[first] : 30.5 + radius * std::sin(angle));
        }
        for (std::size_t i = first; i + 1 < x.size(); ++i) {
            area += ((x[i] - 100.5) * (y[i + 1] - 30.5) - (x[i + 1] - 100.5) * (y[i] - 30.5)) / 2;
        }
        begin.push_back(static_cast<std::int64_t>(x.size()));
    }
    const std::vector<std::uint8_t> wanted(n * n, 1);
    const std::vector<std::int32_t> one{7, 7};
    const Overlay made = overlay({x, y, begin, one}, {n, n, corner_x, corner_y, wanted});
    double sum = 0;
    for (std::size_t i = 0; i < made.area.size(); ++i) {
        sum += made.area[i];
        require(made.polygon[i] == 7 && made.share[i] > 0 && made.share[i] < 1 + 1e-9, "a pixel has more than itself");
        require(i == 0 || made.pixel[i - 1] < made.pixel[i], "pixels are not in order");
    }
    require(std::abs(sum - area) < 1e-12, "the parts of pixels are not the polygon");
    const std::vector<std::uint8_t> none(n * n, 0);
    require(overlay({x, y, begin, one}, {n, n, corner_x, corner_y, none}).pixel.empty(), "an unwanted pixel is given");
}

void check_round(std::mt19937_64& random) {
    Town town(random);
    check_overlay(town);
    check_links(town);
    check_borders(town);
    check_components(town);
    check_isochrones(town);
    check_service_areas(town);
}

}  // namespace

int main(int n_arguments, char** arguments) {
    const int n_rounds = n_arguments > 1 ? std::atoi(arguments[1]) : 30;
    const std::uint64_t seed = n_arguments > 2 ? std::stoull(arguments[2]) : 15;
    for (int round = 0; round < n_rounds; ++round) {
        std::mt19937_64 random(seed + static_cast<std::uint64_t>(round));
        try {
            check_round(random);
        } catch (const std::exception& error) {
            std::fprintf(stderr, "round %d (shapes_test 1 %llu): %s\n", round,
                         static_cast<unsigned long long>(seed) + static_cast<unsigned long long>(round), error.what());
            return 1;
        }
    }
    std::printf("%d random towns: links, borders, components, pixels and areas are those of a plain look\n", n_rounds);
    return 0;
}
