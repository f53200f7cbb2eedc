// What arrays and numbers from Python must be before the library sees them; a ValueError says what would be right.
#pragma once

#include <nanobind/nanobind.h>

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include "ms.hpp"
#include "overlay.hpp"
#include "streets.hpp"

namespace circle15 {

namespace nb = nanobind;

template <class T>
[[noreturn]] void refuse(const char* array, std::size_t index, T value, const std::string& right) {
    throw nb::value_error((std::string(array) + "[" + std::to_string(index) + "] = " +
                           nb::repr(nb::cast(value)).c_str() + ": must be " + right)
                              .c_str());
}

inline void check_size(const char* array, std::size_t size, std::size_t expected) {
    if (size != expected) {
        throw nb::value_error((std::string(array) + " has " + std::to_string(size) + " values, not " +
                               std::to_string(expected))
                                  .c_str());
    }
}

inline void check_times(const char* array, std::span<const Ms> times) {
    for (std::size_t i = 0; i < times.size(); ++i) {
        if (times[i] > kMaxMs && times[i] != kUnreached) {
            refuse(array, i, times[i], "at most 2147483647, or 4294967295 for a way that may not be walked");
        }
    }
}

inline void check_degrees(std::span<const double> lon, std::span<const double> lat) {
    check_size("lat", lat.size(), lon.size());
    for (const auto& [name, degrees, most] : {std::tuple{"lon", lon, 180}, std::tuple{"lat", lat, 90}}) {
        for (std::size_t v = 0; v < degrees.size(); ++v) {
            if (!(std::abs(degrees[v]) <= most)) {
                refuse(name, v, degrees[v], "degrees, -" + std::to_string(most) + " to " + std::to_string(most));
            }
        }
    }
}

inline void check_streets(const StreetArrays& arrays, std::size_t n_profiles) {
    const std::size_t n_edges = arrays.tail.size();
    check_degrees(arrays.lon, arrays.lat);
    check_size("head", arrays.head.size(), n_edges);
    check_size("length_m", arrays.length_m.size(), n_edges);
    check_size("walk_ms", arrays.walk_ms.size(), 2 * n_profiles * n_edges);
    if (arrays.lon.size() > 0x7FFF'FFFFU || n_edges > 0x3FFF'FFFFU) {
        throw nb::value_error("at most 2147483647 nodes and 1073741823 edges are supported");
    }
    const auto n_nodes = static_cast<std::int64_t>(arrays.lon.size());
    for (std::size_t e = 0; e < n_edges; ++e) {
        for (const auto& [name, ends] : {std::pair{"tail", arrays.tail}, std::pair{"head", arrays.head}}) {
            if (ends[e] < 0 || ends[e] >= n_nodes) {
                refuse(name, e, ends[e], "a node index, 0 to " + std::to_string(n_nodes - 1));
            }
        }
        if (!(arrays.length_m[e] >= 0.0 && arrays.length_m[e] <= 1e100)) {
            refuse("length_m", e, arrays.length_m[e], "0 to 1e100 metres");
        }
    }
    check_times("walk_ms", arrays.walk_ms);
}

inline void check_walks(const Streets& streets, std::span<const Ms> forward, std::span<const Ms> backward) {
    check_size("forward", forward.size(), streets.n_edges());
    check_size("backward", backward.size(), streets.n_edges());
    check_times("forward", forward);
    check_times("backward", backward);
    for (std::size_t e = 0; e < forward.size(); ++e) {
        // What the streets took for walkable by all, the chains run through.
        const std::size_t chain = streets.chain_of(streets.slot_of(e));
        const bool is_inside = streets.end_slot(chain) - streets.first_slot(chain) > 1;
        for (const auto& [name, times] : {std::pair{"forward", forward}, std::pair{"backward", backward}}) {
            if (is_inside && times[e] == kUnreached) {
                refuse(name, e, times[e], "walkable, as it was in the walk_ms that the streets were made with");
            }
        }
    }
}

inline void check_places(const std::string& name, std::span<const std::int32_t> edge, std::span<const double> fraction,
                         std::span<const Ms> access, std::size_t n_graph_edges) {
    check_size((name + ".fraction").c_str(), fraction.size(), edge.size());
    check_size((name + ".access_ms").c_str(), access.size(), edge.size());
    if (edge.size() > 0x7FFF'FFFFU) {
        throw nb::value_error((name + ": at most 2147483647 points are supported").c_str());
    }
    const auto n_edges = static_cast<std::int64_t>(n_graph_edges);
    for (std::size_t i = 0; i < edge.size(); ++i) {
        const std::int32_t on = edge[i];
        if (on < -1 || on >= n_edges) {
            refuse((name + ".edge").c_str(), i, on, "an edge index, -1 to " + std::to_string(n_edges - 1));
        }
        const double at = fraction[i];
        if (on >= 0 && !(at >= 0.0 && at <= 1.0)) {
            refuse((name + ".fraction").c_str(), i, at, "0 to 1");
        }
        if (on >= 0 && access[i] > kMaxMs) {
            refuse((name + ".access_ms").c_str(), i, access[i], "at most 2147483647");
        }
    }
}

inline void check_cutoff(Ms cutoff) {
    if (cutoff > kMaxMs) {
        throw nb::value_error(("cutoff_ms = " + std::to_string(cutoff) + ": must be at most 2147483647").c_str());
    }
}

inline void check_weights(std::span<const double> weights) {
    double total = 0.0;
    for (std::size_t j = 0; j < weights.size(); ++j) {
        if (!std::isfinite(weights[j])) {
            refuse("weights", j, weights[j], "finite");
        }
        total += std::abs(weights[j]);
    }
    if (!std::isfinite(total)) {
        throw nb::value_error("weights: their sum must be finite");
    }
}

inline void check_ends(std::span<const std::int32_t> tail, std::span<const std::int32_t> head, std::size_t n_nodes) {
    check_size("head", head.size(), tail.size());
    for (const auto& [name, ends] : {std::pair{"tail", tail}, std::pair{"head", head}}) {
        for (std::size_t e = 0; e < ends.size(); ++e) {
            if (ends[e] < 0 || static_cast<std::size_t>(ends[e]) >= n_nodes) {
                refuse(name, e, ends[e], "a node index, 0 to " + std::to_string(n_nodes) + " - 1");
            }
        }
    }
}

inline void check_points(std::span<const double> lon, std::span<const double> lat) {
    check_size("lat", lat.size(), lon.size());
    for (const auto& [name, degrees] : {std::pair{"lon", lon}, std::pair{"lat", lat}}) {
        for (std::size_t v = 0; v < degrees.size(); ++v) {
            if (!std::isfinite(degrees[v])) {
                refuse(name, v, degrees[v], "finite degrees");
            }
        }
    }
}

inline void check_overlay(const Rings& rings, const PixelMesh& mesh) {
    check_points(rings.x, rings.y);
    check_size("ring_begin", rings.begin.size(), rings.owner.size() + 1);
    const auto n_points = static_cast<std::int64_t>(rings.x.size());
    for (std::size_t i = 0; i < rings.begin.size(); ++i) {
        const std::int64_t least = i == 0 ? 0 : rings.begin[i - 1];
        if (rings.begin[i] < least || rings.begin[i] > n_points) {
            refuse("ring_begin", i, rings.begin[i],
                   std::to_string(least) + " to " + std::to_string(n_points) + ", not descending");
        }
    }
    for (std::size_t i = 0; i < rings.owner.size(); ++i) {
        if (rings.owner[i] < (i == 0 ? 0 : rings.owner[i - 1])) {
            refuse("owner", i, rings.owner[i], "not negative and not descending");
        }
    }
    if (mesh.n_columns == 0 || mesh.is_wanted.size() % mesh.n_columns != 0) {
        throw nb::value_error("is_wanted must be rows of n_columns");
    }
    check_size("corner_x", mesh.x.size(), (mesh.n_rows + 1) * (mesh.n_columns + 1));
    check_size("corner_y", mesh.y.size(), mesh.x.size());
    for (std::size_t pixel = 0; pixel < mesh.is_wanted.size(); ++pixel) {
        const std::size_t above = pixel + pixel / mesh.n_columns, below = above + mesh.n_columns + 1;
        for (const std::size_t corner : {above, above + 1, below, below + 1}) {
            if (mesh.is_wanted[pixel] != 0 && !(std::isfinite(mesh.x[corner]) && std::isfinite(mesh.y[corner]))) {
                refuse("is_wanted", pixel, mesh.is_wanted[pixel], "0 where a corner is not finite");
            }
        }
    }
}

inline void check_link(std::size_t n_edges, std::span<const double> lon, std::span<const double> lat,
                       std::span<const std::uint8_t> use, double max_access_m) {
    check_points(lon, lat);
    check_size("use", use.size(), n_edges);
    if (!(max_access_m >= 0.0)) {
        throw nb::value_error("max_access_m must be at least 0");
    }
}

inline void check_outline_rules(std::span<const Ms> cutoffs, double buffer_m, double step_m, double tolerance_m) {
    if (cutoffs.empty()) {
        throw nb::value_error("cutoffs_ms is empty: give at least one");
    }
    for (std::size_t c = 0; c < cutoffs.size(); ++c) {
        check_cutoff(cutoffs[c]);
        if (c > 0 && cutoffs[c] <= cutoffs[c - 1]) {
            refuse("cutoffs_ms", c, cutoffs[c], "above the one before");
        }
    }
    if (!(buffer_m > 0.0 && buffer_m <= 1e4 && step_m > 0.0 && step_m <= buffer_m / 2)) {
        throw nb::value_error("buffer_m must be above 0 and at most 10000, step_m above 0 and at most half of it");
    }
    if (!(tolerance_m >= 0.0 && tolerance_m <= buffer_m / 8)) {  // farther, an outline could cross a reached street
        throw nb::value_error("tolerance_m must be at least 0 and at most an eighth of buffer_m");
    }
}

}  // namespace circle15
