// A packed Hilbert R-tree over straight edges: the places nearest to a point, and what a straight leg crosses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "workers.hpp"

namespace circle15 {

// What a search may do with an edge, one byte per edge.
enum class EdgeUse : std::uint8_t {
  kNever = 0,   // not walked by the profile: as if it were not there
  kLink = 1,    // points may be linked to it
  kIsland = 2,  // never linked to, but noted where it is nearer than the edge linked to
};

// One place per point; the columns have the points' length.
struct LinkColumns {
  std::span<std::int32_t> edge;          // -1 = no edge within the limit
  std::span<double> fraction;            // 0 at the tail, 1 at the head; NaN = unlinked
  std::span<double> access_m;            // metres from the point to the place; NaN = unlinked
  std::span<std::uint8_t> skipped_island;  // 1 = an island's edge was nearer
};

// Places of several points, each point's nearest first, of equally near ones the smallest edge first.
struct NearPlaces {
  std::vector<std::int64_t> indptr;  // point i: indptr[i] to indptr[i + 1]
  std::vector<std::int32_t> edge;
  std::vector<double> fraction, access_m;
};

// Distances are metres in the plane tangent along the point's parallel: x = R cos(lat of the point) dlon, y = R dlat.
// Edges are straight in longitude and latitude, so a fraction means the same in every such plane.
class EdgeTree {
 public:
  // Coordinates are finite degrees; tail and head index them (the caller has checked both).
  EdgeTree(std::span<const double> node_lon, std::span<const double> node_lat, std::span<const std::int32_t> tail,
           std::span<const std::int32_t> head);

  [[nodiscard]] std::size_t n_edges() const { return order_.size(); }

  // Link points to the nearest edge within `max_access_m` (inclusive); of equally near edges to the smallest index.
  void link(std::span<const double> lon, std::span<const double> lat, std::span<const std::uint8_t> use,
            double max_access_m, const Run& run, const LinkColumns& out) const;

  // All edges of use kLink within `max_access_m` (inclusive) of each point, at the place nearest to it.
  [[nodiscard]] NearPlaces near(std::span<const double> lon, std::span<const double> lat,
                                std::span<const std::uint8_t> use, double max_access_m) const;

  // Whether each straight leg crosses any edge: its ends lie on either side, and they meet. Columns of legs are
  // longitude and latitude of both ends.
  [[nodiscard]] std::vector<std::uint8_t> crosses(std::span<const double> from_lon, std::span<const double> from_lat,
                                                  std::span<const double> to_lon,
                                                  std::span<const double> to_lat) const;

 private:
  static constexpr std::size_t kFanOut = 16;

  // Sixteen boxes side by side, so that one loop over them vectorises. Unused lanes are empty (min > max).
  struct Node {
    double min_lon[kFanOut], max_lon[kFanOut], min_lat[kFanOut], max_lat[kFanOut];
  };
  struct Segment {
    double tail_lon, tail_lat, head_lon, head_lat;
  };
  struct Nearest {
    std::int32_t edge = -1;
    double fraction = 0.0;
    double squared_m;
  };

  struct Found {
    double fraction, squared_m;
  };

  void pack();
  [[nodiscard]] static Found nearest_on(const Segment& segment, double lon, double lat, double per_lon, double per_lat);
  [[nodiscard]] bool is_crossed(const Segment& leg) const;
  [[nodiscard]] std::uint64_t curve_position(double lon, double lat) const;
  // `best[0]` is the nearest edge to link to, `best[1]` the nearest of an island.
  void search(double lon, double lat, std::span<const std::uint8_t> use_in_order, Nearest (&best)[2]) const;

  std::vector<std::int32_t> order_;  // position along the curve -> edge
  std::vector<Segment> segments_;    // in that order
  std::vector<Node> nodes_;          // level by level, leaves first
  std::vector<std::size_t> level_begin_;
  double min_lon_ = 0.0, min_lat_ = 0.0, extent_ = 1.0;
};

}  // namespace circle15
