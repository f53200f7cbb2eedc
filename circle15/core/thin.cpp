#include "thin.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <numbers>

namespace circle15 {

namespace {

constexpr std::uint32_t kEmpty = 0xFFFF'FFFFU;
constexpr int kPasses = 8;
constexpr std::size_t kPinsPerRing = 4;
constexpr std::int32_t kLongestSteps = 24;

std::size_t mixed(std::int32_t a, std::int32_t b) {
    std::uint64_t h = (static_cast<std::uint64_t>(static_cast<std::uint32_t>(a)) << 32U) | static_cast<std::uint32_t>(b);
    h *= 0x9E37'79B9'7F4A'7C15U;  // Fibonacci hashing
    return static_cast<std::size_t>(h ^ (h >> 29U)) * 0xBF58'476DU >> 7U;
}

std::int64_t cross(const Vertex& a, const Vertex& b, const Vertex& c) {
    return (std::int64_t{b.x} - a.x) * (std::int64_t{c.y} - a.y) - (std::int64_t{b.y} - a.y) * (std::int64_t{c.x} - a.x);
}

std::int32_t floored(std::int32_t value, std::int32_t step) {
    return value / step - static_cast<std::int32_t>(value % step < 0);
}

// Metres from b to the segment from a to c.
double moved_m(const Vertex& a, const Vertex& b, const Vertex& c, double per_x) {
    const double cx = (c.x - a.x) * per_x, cy = (c.y - a.y) * kMetresPerUnit;
    const double bx = (b.x - a.x) * per_x, by = (b.y - a.y) * kMetresPerUnit;
    const double length2 = cx * cx + cy * cy;
    const double t = length2 > 0 ? std::clamp((bx * cx + by * cy) / length2, 0.0, 1.0) : 0.0;
    const double dx = bx - t * cx, dy = by - t * cy;
    return std::sqrt(dx * dx + dy * dy);
}

}  // namespace

std::uint32_t Thinner::node_at(Vertex at) {
    const std::size_t mask = table_.size() - 1;
    std::size_t slot = mixed(at.x, at.y) & mask;
    while (table_[slot] != kEmpty && !(nodes_[table_[slot]].at == at)) {
        slot = (slot + 1) & mask;
    }
    if (table_[slot] == kEmpty) {
        table_[slot] = static_cast<std::uint32_t>(nodes_.size());
        nodes_.push_back({at, kEmpty, kEmpty, 0.0F, 0.0F, kEmpty, false, false});
    }
    return table_[slot];
}

void Thinner::collect(std::span<Outline> outlines) {
    std::size_t n_vertices = 0;
    for (const Outline& outline : outlines) {
        n_vertices += outline.vertices.size();
    }
    table_.assign(std::bit_ceil(2 * n_vertices + 16), kEmpty);
    nodes_.clear();
    node_of_.clear();
    for (const Outline& outline : outlines) {
        const std::size_t first = node_of_.size();
        for (const Vertex& vertex : outline.vertices) {
            node_of_.push_back(node_at(vertex));
        }
        for (std::size_t ring = 0; ring < outline.n_rings(); ++ring) {
            const std::size_t begin = outline.ring_begin[ring], n = outline.ring_begin[ring + 1] - begin;
            const std::uint32_t* const of = node_of_.data() + first + begin;
            for (std::size_t k = 0; k < n; ++k) {
                Node& node = nodes_[of[k]];
                const std::uint32_t before = of[k > 0 ? k - 1 : n - 1], after = of[k + 1 < n ? k + 1 : 0];
                const bool is_new = node.before == kEmpty;
                node.is_kept |= !is_new && (node.before != before || node.after != after);
                node.before = before;
                node.after = after;
            }
            for (std::size_t pin = 0; pin < kPinsPerRing; ++pin) {
                nodes_[of[pin * n / kPinsPerRing]].is_kept = true;
            }
        }
    }
}

std::size_t Thinner::bucket(std::int32_t column, std::int32_t row) const {
    return mixed(column, row) & (heads_.size() - 1);
}

void Thinner::index(GridSteps steps) {
    cell_x_ = 2 * steps.x;
    cell_y_ = 2 * steps.y;
    heads_.assign(std::bit_ceil(nodes_.size() + 16), kEmpty);
    for (std::uint32_t k = 0; k < nodes_.size(); ++k) {
        const std::size_t b = bucket(floored(nodes_[k].at.x, cell_x_), floored(nodes_[k].at.y, cell_y_));
        nodes_[k].next_in_bucket = heads_[b];
        heads_[b] = k;
    }
}

bool Thinner::is_clear(const Node& a, const Node& b, const Node& c) const {
    const auto [min_x, max_x] = std::minmax({a.at.x, b.at.x, c.at.x});
    const auto [min_y, max_y] = std::minmax({a.at.y, b.at.y, c.at.y});
    const std::int64_t turn = cross(a.at, b.at, c.at) < 0 ? -1 : 1;
    for (std::int32_t row = floored(min_y, cell_y_); row <= floored(max_y, cell_y_); ++row) {
        for (std::int32_t column = floored(min_x, cell_x_); column <= floored(max_x, cell_x_); ++column) {
            for (std::uint32_t k = heads_[bucket(column, row)]; k != kEmpty; k = nodes_[k].next_in_bucket) {
                const Node& other = nodes_[k];
                if (other.is_gone || &other == &a || &other == &b || &other == &c || other.at.x < min_x ||
                    other.at.x > max_x || other.at.y < min_y || other.at.y > max_y) {
                    continue;
                }
                if (turn * cross(a.at, b.at, other.at) >= 0 && turn * cross(b.at, c.at, other.at) >= 0 &&
                    turn * cross(c.at, a.at, other.at) >= 0) {
                    return false;
                }
            }
        }
    }
    return true;
}

bool Thinner::drop(std::uint32_t index, double tolerance_m) {
    Node& node = nodes_[index];
    Node &before = nodes_[node.before], &after = nodes_[node.after];
    if (std::abs(before.at.y - after.at.y) > longest_ * cell_y_ || std::abs(before.at.x - after.at.x) > longest_ * cell_x_) {
        return false;
    }
    const double moved = moved_m(before.at, node.at, after.at, per_x_) + std::max(node.moved_before, node.moved_after);
    if (moved > tolerance_m || !is_clear(before, node, after)) {
        return false;
    }
    node.is_gone = true;
    // Bounds of what was dropped on either side are kept with the neighbours that may still go themselves.
    before.after = node.after;
    before.moved_after = static_cast<float>(moved);
    after.before = node.before;
    after.moved_before = static_cast<float>(moved);
    return true;
}

void Thinner::thin(std::span<Outline> outlines, double tolerance_m, GridSteps steps) {
    collect(outlines);
    index(steps);
    longest_ = kLongestSteps / 2;
    // As nearest to the equator, where a unit of longitude is longest: moves are never taken for shorter than they are.
    std::int32_t least = nodes_.empty() ? 0 : std::abs(nodes_.front().at.y);
    for (const Node& node : nodes_) {
        least = std::min(least, std::abs(node.at.y));
    }
    per_x_ = kMetresPerUnit * std::cos(least / kUnitsPerDegree * std::numbers::pi / 180.0);
    std::vector<std::uint32_t> left, again;
    for (std::uint32_t k = 0; k < nodes_.size(); ++k) {
        if (!nodes_[k].is_kept) {
            left.push_back(k);
        }
    }
    // Every pass drops at most every other vertex of a stretch, so that segments grow evenly.
    std::vector<std::uint8_t> rests(nodes_.size());
    for (int pass = 0; pass < kPasses && !left.empty(); ++pass) {
        std::ranges::fill(rests, 0);
        again.clear();
        for (const std::uint32_t k : left) {
            const std::uint32_t before = nodes_[k].before, after = nodes_[k].after;
            if (rests[k] == 0 && drop(k, tolerance_m)) {
                rests[before] = rests[after] = 1;
            }
        }
        // What could not go between its neighbours as they stand is tried again only after one of them has gone.
        std::ranges::copy_if(left, std::back_inserter(again),
                             [&](std::uint32_t k) { return !nodes_[k].is_gone && rests[k] != 0; });
        std::swap(left, again);
    }
    std::size_t at = 0;
    for (Outline& outline : outlines) {
        std::size_t kept = 0, read = 0;
        for (std::size_t ring = 0; ring < outline.n_rings(); ++ring) {
            const std::size_t end = outline.ring_begin[ring + 1];
            outline.ring_begin[ring] = kept;
            for (; read < end; ++read) {
                if (!nodes_[node_of_[at++]].is_gone) {
                    outline.vertices[kept++] = outline.vertices[read];
                }
            }
        }
        outline.ring_begin.back() = kept;
        outline.vertices.resize(kept);
    }
}

}  // namespace circle15
