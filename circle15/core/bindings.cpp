// All Python bindings of the core. Arrays are checked at this door (checks.hpp), once; the library behind trusts them.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "checks.hpp"
#include "components.hpp"
#include "edge_tree.hpp"
#include "graph.hpp"
#include "isochrone.hpp"
#include "nearest.hpp"
#include "overlay.hpp"
#include "pieces.hpp"
#include "places.hpp"
#include "search.hpp"
#include "streets.hpp"
#include "summary.hpp"
#include "table.hpp"

namespace nb = nanobind;
using namespace circle15;

namespace {

template <class T>
using In = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

template <class T>
std::span<const T> view(const In<T>& array) {
    return {array.data(), array.size()};
}

// Hands a vector over to numpy without copying.
template <class T>
nb::object to_numpy(std::vector<T>&& values) {
    auto* kept = new std::vector<T>(std::move(values));
    nb::capsule owner(kept, [](void* pointer) noexcept { delete static_cast<std::vector<T>*>(pointer); });
    return nb::cast(nb::ndarray<nb::numpy, T, nb::ndim<1>>(kept->data(), {kept->size()}, owner));
}

using Times = nb::ndarray<const Ms, nb::ndim<3>, nb::c_contig, nb::device::cpu>;

std::shared_ptr<Streets> make_streets(const In<double>& lon, const In<double>& lat, const In<std::int32_t>& tail,
                                      const In<std::int32_t>& head, const In<double>& length_m, const Times& walk_ms) {
    const StreetArrays arrays{view(lon),  view(lat),      view(tail),
                              view(head), view(length_m), {walk_ms.data(), walk_ms.size()}};
    check_streets(arrays, walk_ms.shape(0));
    const nb::gil_scoped_release released;
    return std::make_shared<Streets>(arrays);
}

Graph make_graph(std::shared_ptr<Streets> streets, const In<Ms>& forward, const In<Ms>& backward) {
    check_walks(*streets, view(forward), view(backward));
    const nb::gil_scoped_release released;
    return Graph(std::move(streets), view(forward), view(backward));
}

// Runs a query without the GIL; Ctrl-C raises KeyboardInterrupt, Progress.cancel() a RuntimeError.
template <class Query>
auto run_query(std::size_t threads, Progress* progress, const Query& query) {
    if (threads == 0) {
        throw nb::value_error("threads = 0: must be at least 1");
    }
    Progress own;
    Progress& shared = progress != nullptr ? *progress : own;
    const Run run{threads, shared, [] {
                      const nb::gil_scoped_acquire held;
                      if (PyErr_CheckSignals() != 0) {
                          throw nb::python_error();
                      }
                  }};
    try {
        const nb::gil_scoped_release released;
        return query(run);
    } catch (const Cancelled&) {
        throw std::runtime_error("the search was cancelled");
    }
}

// Places are numbers of one graph's streets: the Python object keeps that graph alive.
struct Places {
    const Graph* graph;
    std::vector<Place> places;
};

Places make_places(const Graph& graph, const std::string& side, const In<std::int32_t>& edge,
                   const In<double>& fraction, const In<Ms>& access, std::size_t threads) {
    check_places(side, view(edge), view(fraction), view(access), graph.n_edges());
    return {&graph, run_query(threads, nullptr, [&](const Run& run) {
                return places_on(graph, view(edge), view(fraction), view(access), run);
            })};
}

std::span<const Place> places_of(const Graph& graph, const char* side, const Places& bound) {
    if (bound.graph != &graph) {
        throw nb::value_error((std::string(side) + " are places of another graph than the one searched").c_str());
    }
    return bound.places;
}

// "auto"; or, for tests and benchmarks, one way of searching.
SummaryPlan plan_of(const std::string& kernel) {
    using Mode = SummaryPlan::Mode;
    if (kernel == "auto") {
        return {};
    }
    if (kernel == "one") {
        return {Mode::kOneByOne, best_lane_kernel()};
    }
    for (const LaneKernel* lanes : {&best_lane_kernel(), &baseline_lane_kernel()}) {
        if (kernel == lanes->name) {
            return {Mode::kLanes, *lanes};
        }
    }
    throw nb::value_error(("kernel = " + kernel + ": must be auto, one, " + baseline_lane_kernel().name + " or " +
                           best_lane_kernel().name)
                              .c_str());
}

// A tree is made of arrays that WalkNetwork has checked but for what would lead outside of them.
EdgeTree make_edge_tree(const In<double>& lon, const In<double>& lat, const In<std::int32_t>& tail,
                        const In<std::int32_t>& head) {
    check_points(view(lon), view(lat));
    check_ends(view(tail), view(head), lon.size());
    const nb::gil_scoped_release released;
    return EdgeTree(view(lon), view(lat), view(tail), view(head));
}

nb::tuple link_points(const EdgeTree& tree, const In<double>& lon, const In<double>& lat, const In<std::uint8_t>& use,
                      double max_access_m, std::size_t threads) {
    check_link(tree.n_edges(), view(lon), view(lat), view(use), max_access_m);
    std::vector<std::int32_t> edge(lon.size());
    std::vector<double> fraction(lon.size()), access_m(lon.size());
    std::vector<std::uint8_t> skipped_island(lon.size());
    run_query(threads, nullptr, [&](const Run& run) {
        tree.link(view(lon), view(lat), view(use), max_access_m, run, {edge, fraction, access_m, skipped_island});
    });
    return nb::make_tuple(to_numpy(std::move(edge)), to_numpy(std::move(fraction)), to_numpy(std::move(access_m)),
                          to_numpy(std::move(skipped_island)));
}

nb::tuple near_points(const EdgeTree& tree, const In<double>& lon, const In<double>& lat, const In<std::uint8_t>& use,
                      double max_access_m) {
    check_link(tree.n_edges(), view(lon), view(lat), view(use), max_access_m);
    NearPlaces made;
    {
        const nb::gil_scoped_release released;
        made = tree.near(view(lon), view(lat), view(use), max_access_m);
    }
    return nb::make_tuple(to_numpy(std::move(made.indptr)), to_numpy(std::move(made.edge)),
                          to_numpy(std::move(made.fraction)), to_numpy(std::move(made.access_m)));
}

nb::object crossed_legs(const EdgeTree& tree, const In<double>& from_lon, const In<double>& from_lat,
                        const In<double>& to_lon, const In<double>& to_lat) {
    check_points(view(from_lon), view(from_lat));
    check_points(view(to_lon), view(to_lat));
    check_size("to_lon", to_lon.size(), from_lon.size());
    const auto search = [&] {
        const nb::gil_scoped_release released;
        return tree.crosses(view(from_lon), view(from_lat), view(to_lon), view(to_lat));
    };
    return to_numpy(search());
}

nb::tuple outline_columns(Outlines&& made) {
    return nb::make_tuple(to_numpy(std::move(made.origin)), to_numpy(std::move(made.cutoff)),
                          to_numpy(std::move(made.polygon_begin)), to_numpy(std::move(made.ring_begin)),
                          to_numpy(std::move(made.coordinate_begin)), to_numpy(std::move(made.lon_lat)));
}

nb::tuple overlay_columns(const In<double>& x, const In<double>& y, const In<std::int64_t>& ring_begin,
                          const In<std::int32_t>& owner, const In<double>& corner_x, const In<double>& corner_y,
                          const In<std::uint8_t>& is_wanted, std::size_t n_columns) {
    const Rings rings{view(x), view(y), view(ring_begin), view(owner)};
    const PixelMesh mesh{n_columns == 0 ? 0 : is_wanted.size() / n_columns, n_columns, view(corner_x), view(corner_y),
                         view(is_wanted)};
    check_overlay(rings, mesh);
    Overlay made;
    {
        const nb::gil_scoped_release released;
        made = overlay(rings, mesh);
    }
    return nb::make_tuple(to_numpy(std::move(made.polygon)), to_numpy(std::move(made.pixel)),
                          to_numpy(std::move(made.share)), to_numpy(std::move(made.area)), to_numpy(std::move(made.x)),
                          to_numpy(std::move(made.y)));
}

EdgePositions edge_positions(const Graph& graph, const In<double>& lon, const In<double>& lat,
                             const In<std::int32_t>& tail, const In<std::int32_t>& head) {
    check_size("lon", lon.size(), graph.n_nodes());
    check_size("tail", tail.size(), graph.n_edges());
    check_degrees(view(lon), view(lat));
    check_ends(view(tail), view(head), lon.size());
    return {view(lon), view(lat), view(tail), view(head)};
}

// Compiler and kind of build, for bug reports and the manifest of a run.
std::string build_info() {
#if defined(__clang__)
    std::string compiler = "clang " __clang_version__;
#elif defined(__GNUC__)
    std::string compiler = "gcc " __VERSION__;
#elif defined(_MSC_VER)
    std::string compiler = "msvc " + std::to_string(_MSC_VER);
#else
    std::string compiler = "unknown compiler";
#endif
#if defined(NDEBUG)
    return compiler + ", release";
#else
    return compiler + ", debug";
#endif
}

}  // namespace

NB_MODULE(_core, module) {
    module.doc() = "Compiled search core of circle15; private, use circle15.reach.";
    module.def("build_info", &build_info, "Compiler and kind of build.");

    module.attr("lane_kernel") = best_lane_kernel().name;

    nb::class_<Progress>(module, "Progress", "Counts finished origins of a running query; another thread may read it.")
        .def(nb::init<>())
        .def_prop_ro("done", [](const Progress& p) { return p.done.load(); })
        .def_prop_ro("total", [](const Progress& p) { return p.total.load(); })
        .def("cancel", [](Progress& p) { p.cancelled.store(true); });

    nb::class_<Streets>(module, "Streets", "The street network of all profiles, contracted.")
        .def(nb::new_(&make_streets), nb::arg("lon"), nb::arg("lat"), nb::arg("tail"), nb::arg("head"),
             nb::arg("length_m"), nb::arg("walk_ms"));

    nb::class_<Graph>(module, "Graph", "One profile's walking graph.")
        .def(
            "__init__",
            [](Graph* self, std::shared_ptr<Streets> streets, const In<Ms>& forward, const In<Ms>& backward) {
                new (self) Graph(make_graph(std::move(streets), forward, backward));
            },
            nb::arg("streets"), nb::arg("forward"), nb::arg("backward"))
        .def_prop_ro("n_nodes", &Graph::n_nodes)
        .def_prop_ro("n_edges", &Graph::n_edges);

    nb::class_<Places>(module, "Places", "Linked points in one profile's milliseconds.")
        .def(
            "__init__",
            [](Places* self, const Graph& graph, const std::string& side, const In<std::int32_t>& edge,
               const In<double>& fraction, const In<Ms>& access, std::size_t threads) {
                new (self) Places(make_places(graph, side, edge, fraction, access, threads));
            },
            nb::keep_alive<1, 2>(), nb::arg("graph"), nb::arg("side"), nb::arg("edge"), nb::arg("fraction"), nb::arg("access_ms"),
            nb::arg("threads") = 1)
        .def("__len__", [](const Places& places) { return places.places.size(); });

    module.def(
        "reach_summary",
        [](const Graph& graph, const Places& origins, Ms cutoff, const Places& destinations, const In<double>& weights,
           std::size_t threads, Progress* progress, const std::string& kernel) {
            check_cutoff(cutoff);
            const auto from = places_of(graph, "origins", origins), to = places_of(graph, "destinations", destinations);
            check_size("weights", weights.size(), to.size());
            check_weights(view(weights));
            const SummaryPlan plan = plan_of(kernel);
            auto made = run_query(threads, progress, [&](const Run& run) {
                return reach_summary(graph, from, cutoff, to, view(weights), run, plan);
            });
            return nb::make_tuple(to_numpy(std::move(made.nodes)), to_numpy(std::move(made.length_m)),
                                  to_numpy(std::move(made.weight)));
        },
        nb::arg("graph"), nb::arg("origins"), nb::arg("cutoff_ms"), nb::arg("destinations"), nb::arg("weights"),
        nb::arg("threads"), nb::arg("progress").none() = nb::none(), nb::arg("kernel") = "auto",
        "Return nodes int64, length_m float64 and weight float64 per origin.");

    module.def(
        "nearest",
        [](const Graph& graph, const Places& origins, const Places& destinations, Ms cutoff, std::size_t threads,
           Progress* progress) {
            check_cutoff(cutoff);
            const auto from = places_of(graph, "origins", origins), to = places_of(graph, "destinations", destinations);
            auto made =
                run_query(threads, progress, [&](const Run& run) { return nearest(graph, from, to, cutoff, run); });
            return nb::make_tuple(to_numpy(std::move(made.time)), to_numpy(std::move(made.destination)));
        },
        nb::arg("graph"), nb::arg("origins"), nb::arg("destinations"), nb::arg("cutoff_ms"), nb::arg("threads"),
        nb::arg("progress").none() = nb::none(), "Return time uint32 ms and destination int32 per origin.");

    module.def(
        "travel_times",
        [](const Graph& graph, const Places& origins, const Places& destinations, Ms cutoff, std::size_t threads,
           Progress* progress) {
            check_cutoff(cutoff);
            const auto from = places_of(graph, "origins", origins), to = places_of(graph, "destinations", destinations);
            auto made =
                run_query(threads, progress, [&](const Run& run) { return travel_times(graph, from, to, cutoff, run); });
            return nb::make_tuple(to_numpy(std::move(made.indptr)), to_numpy(std::move(made.destination)),
                                  to_numpy(std::move(made.time)));
        },
        nb::arg("graph"), nb::arg("origins"), nb::arg("destinations"), nb::arg("cutoff_ms"), nb::arg("threads"),
        nb::arg("progress").none() = nb::none(), "Return CSR: indptr int64, destination int32, time uint32 ms.");

    module.def(
        "reached",
        [](const Graph& graph, const Places& origins, Ms cutoff, std::size_t threads, Progress* progress) {
            check_cutoff(cutoff);
            const auto from = places_of(graph, "origins", origins);
            auto made =
                run_query(threads, progress, [&](const Run& run) { return reached_pieces(graph, from, cutoff, run); });
            return nb::make_tuple(to_numpy(std::move(made.indptr)), to_numpy(std::move(made.edge)),
                                  to_numpy(std::move(made.from_fraction)), to_numpy(std::move(made.to_fraction)),
                                  to_numpy(std::move(made.from_ms)), to_numpy(std::move(made.to_ms)));
        },
        nb::arg("graph"), nb::arg("origins"), nb::arg("cutoff_ms"), nb::arg("threads"),
        nb::arg("progress").none() = nb::none(),
        "Return the reached street pieces per origin as CSR: indptr int64, edge uint32, from_fraction and to_fraction "
        "float32, from_ms and to_ms uint32. Along a piece the time changes evenly.");

    nb::class_<EdgeTree>(module, "EdgeTree", "Finds the place on the nearest edge.")
        .def(
            "__init__",
            [](EdgeTree* self, const In<double>& lon, const In<double>& lat, const In<std::int32_t>& tail,
               const In<std::int32_t>& head) { new (self) EdgeTree(make_edge_tree(lon, lat, tail, head)); },
            nb::arg("lon"), nb::arg("lat"), nb::arg("tail"), nb::arg("head"))
        .def("link", &link_points, nb::arg("lon"), nb::arg("lat"), nb::arg("use"), nb::arg("max_access_m"),
             nb::arg("threads"),
             "Return edge int32, fraction float64, access_m float64 and skipped_island uint8 per point; use is 0 = "
             "never, 1 = link, 2 = island per edge.")
        .def("near", &near_points, nb::arg("lon"), nb::arg("lat"), nb::arg("use"), nb::arg("max_access_m"),
             "Return the places on all edges of use 1 within the limit, per point nearest first, as CSR: indptr int64, "
             "edge int32, fraction and access_m float64.")
        .def("crosses", &crossed_legs, nb::arg("from_lon"), nb::arg("from_lat"), nb::arg("to_lon"), nb::arg("to_lat"),
             "Return uint8 per straight leg: 1 where it crosses an edge.");

    module.def(
        "components",
        [](std::size_t n_nodes, const In<std::int32_t>& tail, const In<std::int32_t>& head) {
            if (n_nodes > 0x7FFF'FFFFU) {
                throw nb::value_error("at most 2147483647 nodes are supported");
            }
            check_ends(view(tail), view(head), n_nodes);
            return to_numpy(components(n_nodes, view(tail), view(head)));
        },
        nb::arg("n_nodes"), nb::arg("tail"), nb::arg("head"),
        "Return each node's connected component, int32, numbered by the components' smallest nodes.");

    module.def("overlay", &overlay_columns, nb::arg("x"), nb::arg("y"), nb::arg("ring_begin"), nb::arg("owner"),
               nb::arg("corner_x"), nb::arg("corner_y"), nb::arg("is_wanted"), nb::arg("n_columns"),
               "Return the parts of wanted pixels in polygons: polygon int32, pixel int64, share of the pixel, area, and "
               "x and y of the centroid float64. Rings are closed, shells counter-clockwise, holes clockwise.");

    module.def(
        "isochrones",
        [](const Graph& graph, const In<double>& lon, const In<double>& lat, const In<std::int32_t>& tail,
           const In<std::int32_t>& head, const Places& origins, const In<Ms>& cutoffs, double buffer_m, double step_m,
           double tolerance_m, std::size_t threads, Progress* progress) {
            check_outline_rules(view(cutoffs), buffer_m, step_m, tolerance_m);
            const EdgePositions edges = edge_positions(graph, lon, lat, tail, head);
            const auto from = places_of(graph, "origins", origins);
            return outline_columns(run_query(threads, progress, [&](const Run& run) {
                return isochrones(graph, edges, from, {view(cutoffs), buffer_m, step_m, tolerance_m}, run);
            }));
        },
        nb::arg("graph"), nb::arg("lon"), nb::arg("lat"), nb::arg("tail"), nb::arg("head"), nb::arg("origins"),
        nb::arg("cutoffs_ms"), nb::arg("buffer_m"), nb::arg("step_m"), nb::arg("tolerance_m"), nb::arg("threads"),
        nb::arg("progress").none() = nb::none(),
        "Return areas as ragged columns: origin int32, cutoff int32 (index), polygon_begin, ring_begin and "
        "coordinate_begin int64, and interleaved lon_lat float64.");

    module.def(
        "service_area",
        [](const Graph& graph, const In<double>& lon, const In<double>& lat, const In<std::int32_t>& tail,
           const In<std::int32_t>& head, const In<Ms>& time_to, const Places& destinations, const In<Ms>& cutoffs,
           double buffer_m, double step_m, double tolerance_m) {
            check_outline_rules(view(cutoffs), buffer_m, step_m, tolerance_m);
            check_size("time_to", time_to.size(), graph.n_nodes());
            const EdgePositions edges = edge_positions(graph, lon, lat, tail, head);
            const auto to = places_of(graph, "destinations", destinations);
            Outlines made;
            {
                const nb::gil_scoped_release released;
                made = service_area(graph, edges, view(time_to), to, {view(cutoffs), buffer_m, step_m, tolerance_m});
            }
            return outline_columns(std::move(made));
        },
        nb::arg("graph"), nb::arg("lon"), nb::arg("lat"), nb::arg("tail"), nb::arg("head"), nb::arg("time_to"),
        nb::arg("destinations"), nb::arg("cutoffs_ms"), nb::arg("buffer_m"), nb::arg("step_m"), nb::arg("tolerance_m"),
        "Return the areas from which any destination is reached, in the columns of isochrones; time_to is each node's "
        "milliseconds to the nearest destination.");

    module.def(
        "node_times",
        [](const Graph& graph, const Places& origin, Ms cutoff) {
            check_cutoff(cutoff);
            const auto from = places_of(graph, "origin", origin);
            if (from.size() != 1) {
                throw nb::value_error("origin: must be one place");
            }
            const Progress progress;
            Search search(graph, progress);
            search.run(from[0], cutoff, Way::kFrom);
            return to_numpy(node_times(graph, search, from[0], cutoff));
        },
        nb::arg("graph"), nb::arg("origin"), nb::arg("cutoff_ms"), "Return uint32 ms to every node from one place.");
}
