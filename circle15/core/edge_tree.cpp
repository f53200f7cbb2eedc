#include "edge_tree.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "earth.hpp"
#include "hilbert.hpp"

namespace circle15 {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr unsigned kCurveBits = 24;
constexpr std::size_t kPointsPerTurn = 256;
constexpr std::size_t kPointsAtOnce = std::size_t{1} << 20;  // sorted together, in well under a second

std::vector<std::uint32_t> sorted_along(const std::vector<std::uint64_t>& position) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> keyed(position.size());
  for (std::size_t i = 0; i < keyed.size(); ++i) keyed[i] = {position[i], static_cast<std::uint32_t>(i)};
  std::sort(keyed.begin(), keyed.end());
  std::vector<std::uint32_t> order(keyed.size());
  std::ranges::transform(keyed, order.begin(), [](const auto& k) { return k.second; });
  return order;
}

// A bound that may lie a rounding error above the exact distance must not cut off an equally near edge.
double with_slack(double squared_m) { return squared_m * (1 + 1e-9) + 1e-9; }

// On which side of a to b the point c lies: 1, -1, or 0 on the line. Differences of nearby degrees are exact or nearly
// so; where rounding of the products could turn the sign, 64 bits of mantissa decide.
int side(double ax, double ay, double bx, double by, double cx, double cy) {
  const double left = (bx - ax) * (cy - ay), right = (by - ay) * (cx - ax);
  const double difference = left - right;
  if (std::abs(difference) > 1e-15 * (std::abs(left) + std::abs(right))) return difference > 0 ? 1 : -1;
  const auto exact = (static_cast<long double>(bx) - ax) * (static_cast<long double>(cy) - ay) -
                     (static_cast<long double>(by) - ay) * (static_cast<long double>(cx) - ax);
  return exact > 0 ? 1 : exact < 0 ? -1 : 0;
}

}  // namespace

EdgeTree::EdgeTree(std::span<const double> node_lon, std::span<const double> node_lat,
                   std::span<const std::int32_t> tail, std::span<const std::int32_t> head) {
  const std::size_t n = tail.size();
  if (n == 0) return;
  double max_lon = -std::numeric_limits<double>::infinity(), max_lat = max_lon;
  min_lon_ = min_lat_ = std::numeric_limits<double>::infinity();
  for (std::size_t e = 0; e < n; ++e) {
    for (const std::int32_t v : {tail[e], head[e]}) {
      min_lon_ = std::min(min_lon_, node_lon[v]);
      max_lon = std::max(max_lon, node_lon[v]);
      min_lat_ = std::min(min_lat_, node_lat[v]);
      max_lat = std::max(max_lat, node_lat[v]);
    }
  }
  extent_ = std::max({max_lon - min_lon_, max_lat - min_lat_, 1e-9});
  std::vector<std::uint64_t> position(n);
  for (std::size_t e = 0; e < n; ++e) {
    position[e] = curve_position((node_lon[tail[e]] + node_lon[head[e]]) / 2,
                                 (node_lat[tail[e]] + node_lat[head[e]]) / 2);
  }
  const auto order = sorted_along(position);
  order_.assign(order.begin(), order.end());
  segments_.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::int32_t e = order_[i];
    segments_[i] = {node_lon[tail[e]], node_lat[tail[e]], node_lon[head[e]], node_lat[head[e]]};
  }
  pack();
}

std::uint64_t EdgeTree::curve_position(double lon, double lat) const {
  const double scale = ((1U << kCurveBits) - 1) / extent_;
  const auto at = [scale](double value) {
    return static_cast<std::uint32_t>(std::clamp(value * scale, 0.0, static_cast<double>((1U << kCurveBits) - 1)));
  };
  return hilbert_key(at(lon - min_lon_), at(lat - min_lat_), kCurveBits);
}

void EdgeTree::pack() {
  struct Box {
    double min_lon, max_lon, min_lat, max_lat;
  };
  constexpr double inf = std::numeric_limits<double>::infinity();
  std::vector<Box> below(segments_.size());
  std::ranges::transform(segments_, below.begin(), [](const Segment& s) {
    return Box{std::min(s.tail_lon, s.head_lon), std::max(s.tail_lon, s.head_lon), std::min(s.tail_lat, s.head_lat),
               std::max(s.tail_lat, s.head_lat)};
  });
  while (true) {
    level_begin_.push_back(nodes_.size());
    std::vector<Box> level((below.size() + kFanOut - 1) / kFanOut);
    for (std::size_t k = 0; k < level.size(); ++k) {
      Node node;
      Box whole{inf, -inf, inf, -inf};
      for (std::size_t lane = 0; lane < kFanOut; ++lane) {
        const std::size_t child = k * kFanOut + lane;
        const Box box = child < below.size() ? below[child] : Box{inf, -inf, inf, -inf};
        node.min_lon[lane] = box.min_lon;
        node.max_lon[lane] = box.max_lon;
        node.min_lat[lane] = box.min_lat;
        node.max_lat[lane] = box.max_lat;
        whole = {std::min(whole.min_lon, box.min_lon), std::max(whole.max_lon, box.max_lon),
                 std::min(whole.min_lat, box.min_lat), std::max(whole.max_lat, box.max_lat)};
      }
      nodes_.push_back(node);
      level[k] = whole;
    }
    if (level.size() == 1) return;
    below = std::move(level);
  }
}

EdgeTree::Found EdgeTree::nearest_on(const Segment& s, double lon, double lat, double per_lon, double per_lat) {
  const double ax = (s.tail_lon - lon) * per_lon, ay = (s.tail_lat - lat) * per_lat;
  const double bx = (s.head_lon - lon) * per_lon, by = (s.head_lat - lat) * per_lat;
  const double dx = bx - ax, dy = by - ay;
  const double length2 = dx * dx + dy * dy;
  const double t = length2 > 0 ? -(ax * dx + ay * dy) / length2 : 0.0;
  // Ends are taken as they are, so that edges which share a nearest node tie exactly.
  const double x = t <= 0 ? ax : t >= 1 ? bx : ax + t * dx;
  const double y = t <= 0 ? ay : t >= 1 ? by : ay + t * dy;
  return {std::clamp(t, 0.0, 1.0), x * x + y * y};
}

void EdgeTree::search(double lon, double lat, std::span<const std::uint8_t> use_in_order, Nearest (&best)[2]) const {
  struct Waiting {
    double squared_m;
    std::uint32_t level, index;
  };
  const double per_lon = kMetresPerDegree * std::cos(lat * kRadians), per_lat = kMetresPerDegree;
  // 32-bit edge counts give at most 8 levels of 16; each leaves at most 15 siblings waiting.
  Waiting waiting[8 * kFanOut];
  std::size_t n_waiting = 0;
  waiting[n_waiting++] = {0.0, static_cast<std::uint32_t>(level_begin_.size() - 1), 0};
  while (n_waiting > 0) {
    const Waiting next = waiting[--n_waiting];
    // An island's edge matters only while it is nearer than the edge linked to.
    if (next.squared_m > with_slack(best[0].squared_m)) continue;
    const Node& node = nodes_[level_begin_[next.level] + next.index];
    double squared[kFanOut];
    for (std::size_t k = 0; k < kFanOut; ++k) {
      const double dx = std::max(0.0, std::max(node.min_lon[k] - lon, lon - node.max_lon[k])) * per_lon;
      const double dy = std::max(0.0, std::max(node.min_lat[k] - lat, lat - node.max_lat[k])) * per_lat;
      squared[k] = dx * dx + dy * dy;
    }
    if (next.level > 0) {
      const double limit = with_slack(best[0].squared_m);
      const std::size_t first = n_waiting;
      for (std::size_t k = 0; k < kFanOut; ++k) {
        if (!(squared[k] <= limit)) continue;
        std::size_t at = n_waiting++;  // farthest first, so that the nearest is taken first
        for (; at > first && waiting[at - 1].squared_m < squared[k]; --at) waiting[at] = waiting[at - 1];
        waiting[at] = {squared[k], next.level - 1, static_cast<std::uint32_t>(next.index * kFanOut + k)};
      }
      continue;
    }
    const std::size_t begin = next.index * kFanOut, end = std::min(begin + kFanOut, segments_.size());
    for (std::size_t i = begin; i < end; ++i) {
      const auto use = static_cast<EdgeUse>(use_in_order[i]);
      if (use == EdgeUse::kNever || squared[i - begin] > with_slack(best[0].squared_m)) continue;
      const Found place = nearest_on(segments_[i], lon, lat, per_lon, per_lat);
      Nearest& found = best[use == EdgeUse::kIsland];
      if (place.squared_m < found.squared_m ||
          (place.squared_m == found.squared_m && (found.edge < 0 || order_[i] < found.edge))) {
        found = {order_[i], place.fraction, place.squared_m};
      }
    }
  }
}

void EdgeTree::link(std::span<const double> lon, std::span<const double> lat, std::span<const std::uint8_t> use,
                    double max_access_m, const Run& run, const LinkColumns& out) const {
  std::vector<std::uint8_t> use_in_order(order_.size());
  std::ranges::transform(order_, use_in_order.begin(), [use](std::int32_t e) { return use[e]; });
  const double limit = with_slack(max_access_m * max_access_m);
  const auto link_one = [&](std::size_t i) {
    Nearest best[2] = {{-1, kNan, limit}, {-1, kNan, limit}};
    if (!order_.empty()) search(lon[i], lat[i], use_in_order, best);
    const double access_m = std::sqrt(best[0].squared_m), island_m = std::sqrt(best[1].squared_m);
    const bool is_linked = best[0].edge >= 0 && access_m <= max_access_m;
    const bool is_near_island = best[1].edge >= 0 && island_m <= max_access_m;
    out.edge[i] = is_linked ? best[0].edge : -1;
    out.fraction[i] = is_linked ? best[0].fraction : kNan;
    out.access_m[i] = is_linked ? access_m : kNan;
    out.skipped_island[i] = is_near_island && (!is_linked || island_m < access_m);
  };
  for (std::size_t first = 0; first < lon.size(); first += kPointsAtOnce) {
    std::vector<std::uint64_t> position(std::min(kPointsAtOnce, lon.size() - first));
    for (std::size_t k = 0; k < position.size(); ++k) position[k] = curve_position(lon[first + k], lat[first + k]);
    const auto turn = sorted_along(position);  // neighbours one after another find the tree's nodes in the cache
    run_blocks(turn.size(), kPointsPerTurn, run, [&](std::size_t, std::size_t begin, std::size_t end) {
      for (std::size_t k = begin; k < end; ++k) link_one(first + turn[k]);
    });
  }
}

NearPlaces EdgeTree::near(std::span<const double> lon, std::span<const double> lat, std::span<const std::uint8_t> use,
                          double max_access_m) const {
  struct Candidate {
    double squared_m;
    std::int32_t edge;
    double fraction;
  };
  NearPlaces made{{0}, {}, {}, {}};
  std::vector<Candidate> candidates;
  std::vector<std::pair<std::size_t, std::size_t>> waiting;  // level, node in it
  for (std::size_t i = 0; i < lon.size(); ++i) {
    const double per_lat = kMetresPerDegree, per_lon = per_lat * std::cos(lat[i] * kRadians);
    const double limit = with_slack(max_access_m * max_access_m);
    candidates.clear();
    if (!order_.empty()) waiting.emplace_back(level_begin_.size() - 1, 0);
    while (!waiting.empty()) {
      const auto [level, index] = waiting.back();
      waiting.pop_back();
      const Node& node = nodes_[level_begin_[level] + index];
      for (std::size_t k = 0; k < kFanOut; ++k) {
        const double dx = std::max(0.0, std::max(node.min_lon[k] - lon[i], lon[i] - node.max_lon[k])) * per_lon;
        const double dy = std::max(0.0, std::max(node.min_lat[k] - lat[i], lat[i] - node.max_lat[k])) * per_lat;
        if (!(dx * dx + dy * dy <= limit)) continue;
        const std::size_t child = index * kFanOut + k;
        if (level > 0) {
          waiting.emplace_back(level - 1, child);
        } else if (static_cast<EdgeUse>(use[order_[child]]) == EdgeUse::kLink) {
          const Found place = nearest_on(segments_[child], lon[i], lat[i], per_lon, per_lat);
          if (std::sqrt(place.squared_m) <= max_access_m) {
            candidates.push_back({place.squared_m, order_[child], place.fraction});
          }
        }
      }
    }
    std::ranges::sort(candidates, {}, [](const Candidate& c) { return std::pair{c.squared_m, c.edge}; });
    for (const Candidate& c : candidates) {
      made.edge.push_back(c.edge);
      made.fraction.push_back(c.fraction);
      made.access_m.push_back(std::sqrt(c.squared_m));
    }
    made.indptr.push_back(static_cast<std::int64_t>(made.edge.size()));
  }
  return made;
}

bool EdgeTree::is_crossed(const Segment& leg) const {
  if (order_.empty()) return false;
  const double west = std::min(leg.tail_lon, leg.head_lon), east = std::max(leg.tail_lon, leg.head_lon);
  const double south = std::min(leg.tail_lat, leg.head_lat), north = std::max(leg.tail_lat, leg.head_lat);
  std::pair<std::size_t, std::size_t> waiting[8 * kFanOut];  // level, node in it; as many as in `search`
  std::size_t n_waiting = 0;
  waiting[n_waiting++] = {level_begin_.size() - 1, 0};
  while (n_waiting > 0) {
    const auto [level, index] = waiting[--n_waiting];
    const Node& node = nodes_[level_begin_[level] + index];
    for (std::size_t k = 0; k < kFanOut; ++k) {
      if (!(node.min_lon[k] <= east && node.max_lon[k] >= west && node.min_lat[k] <= north && node.max_lat[k] >= south)) {
        continue;
      }
      const std::size_t child = index * kFanOut + k;
      if (level > 0) {
        waiting[n_waiting++] = {level - 1, child};
        continue;
      }
      const Segment& s = segments_[child];
      const auto beside = [](const Segment& line, double lon, double lat) {
        return side(line.tail_lon, line.tail_lat, line.head_lon, line.head_lat, lon, lat);
      };
      // The end of an edge counts as inside of it, lest a leg slip through where two edges join.
      if (beside(leg, s.tail_lon, s.tail_lat) * beside(leg, s.head_lon, s.head_lat) <= 0 &&
          beside(s, leg.tail_lon, leg.tail_lat) * beside(s, leg.head_lon, leg.head_lat) < 0) {
        return true;
      }
    }
  }
  return false;
}

std::vector<std::uint8_t> EdgeTree::crosses(std::span<const double> from_lon, std::span<const double> from_lat,
                                            std::span<const double> to_lon, std::span<const double> to_lat) const {
  std::vector<std::uint8_t> crossed(from_lon.size());
  for (std::size_t i = 0; i < crossed.size(); ++i) {
    crossed[i] = is_crossed({from_lon[i], from_lat[i], to_lon[i], to_lat[i]});
  }
  return crossed;
}

}  // namespace circle15
