#include "contour.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace circle15 {

namespace {

constexpr std::uint32_t kUntraced = std::numeric_limits<std::uint32_t>::max();
constexpr unsigned kLowLeft = 1, kLowRight = 2, kHighLeft = 4, kHighRight = 8;  // corners of a cell
constexpr double kDistanceUnits = 65536.0;  // per metre

// How far from an inside node towards an outside one the outline passes: 1 to step - 1 units. Falls as either distance
// grows, exactly, because both terms are rounded to integers first and the quotient is floored last.
std::int32_t offset_from_inside(double inside_m, double outside_m, double buffer_m, std::int32_t step) {
    const auto below = static_cast<std::int64_t>((buffer_m - inside_m) * kDistanceUnits);
    const auto above = static_cast<std::int64_t>((outside_m - buffer_m) * kDistanceUnits);
    const std::int64_t whole = below + above;
    const std::int64_t exact = whole > 0 ? below * step / whole : 0;
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(exact, 1, step - 1));
}

std::uint64_t lower_bits(std::int32_t n) { return (std::uint64_t{1} << static_cast<unsigned>(n)) - 1; }

}  // namespace

void Outline::clear() {
    vertices.clear();
    ring_begin.assign(1, 0);
    shell.clear();
}

const FieldTile* Tracer::tile_of(const Field& field, std::int32_t i, std::int32_t j) {
    const std::int32_t tx = i >> Field::kShiftX, ty = j >> Field::kShiftY;
    if (tile_ == nullptr || tile_->tx != tx || tile_->ty != ty) {
        const FieldTile* const found = field.find(tx, ty);
        if (found == nullptr) {
            return nullptr;
        }
        tile_ = found;
    }
    return tile_;
}

Tracer::Node Tracer::node(const Field& field, std::int32_t i, std::int32_t j) {
    const FieldTile* const tile = tile_of(field, i, j);
    if (tile == nullptr) {
        return {std::numeric_limits<float>::max(), false};
    }
    const auto row = static_cast<std::size_t>(j & (kTileHeight - 1)), column = static_cast<std::size_t>(i & (kTileWidth - 1));
    // The bit, not the distance, says what is inside: a square root may round onto the buffer from above.
    return {std::sqrt(static_cast<double>(tile->squared_m[row][column])), (tile->inside[row] >> column & 1U) != 0};
}

unsigned Tracer::corners(const Field& field, std::int32_t i, std::int32_t j) {
    const std::int32_t column = i & (kTileWidth - 1), row = j & (kTileHeight - 1);
    const FieldTile* const tile = tile_of(field, i, j);
    if (tile != nullptr && column < kTileWidth - 1 && row < kTileHeight - 1) {
        const auto low = static_cast<unsigned>(tile->inside[static_cast<std::size_t>(row)] >> column & 3U);
        const auto high = static_cast<unsigned>(tile->inside[static_cast<std::size_t>(row) + 1] >> column & 3U);
        return low | high << 2U;
    }
    const auto bit = [&](std::int32_t di, std::int32_t dj) { return node(field, i + di, j + dj).is_inside ? 1U : 0U; };
    return bit(0, 0) | bit(1, 0) << 1U | bit(0, 1) << 2U | bit(1, 1) << 3U;
}

Vertex Tracer::crossing_of_row(const Field& field, std::int32_t i, std::int32_t j) {
    const Node left = node(field, i, j), right = node(field, i + 1, j);
    const GridSteps steps = field.steps();
    const std::int32_t x =
        left.is_inside
            ? i * steps.x + offset_from_inside(left.distance_m, right.distance_m, field.buffer_m(), steps.x)
            : (i + 1) * steps.x - offset_from_inside(right.distance_m, left.distance_m, field.buffer_m(), steps.x);
    return {x, j * steps.y};
}

Vertex Tracer::crossing_of_column(const Field& field, std::int32_t i, std::int32_t j) {
    const Node low = node(field, i, j), high = node(field, i, j + 1);
    const GridSteps steps = field.steps();
    const std::int32_t y =
        low.is_inside
            ? j * steps.y + offset_from_inside(low.distance_m, high.distance_m, field.buffer_m(), steps.y)
            : (j + 1) * steps.y - offset_from_inside(high.distance_m, low.distance_m, field.buffer_m(), steps.y);
    return {i * steps.x, y};
}

Tracer::Side Tracer::leave(const Field& field, std::int32_t i, std::int32_t j, Side entered) {
    const unsigned inside = corners(field, i, j);
    if (inside == (kLowLeft | kHighRight) || inside == (kLowRight | kHighLeft)) {
        // A saddle: the insides are joined where the middle is inside by the mean of the corners.
        const double sum = (node(field, i, j).distance_m + node(field, i + 1, j).distance_m) +
                           (node(field, i + 1, j + 1).distance_m + node(field, i, j + 1).distance_m);
        const bool is_joined = sum <= 4 * field.buffer_m();
        switch (entered) {
            case Side::kBottom: return is_joined ? Side::kRight : Side::kLeft;
            case Side::kTop: return is_joined ? Side::kLeft : Side::kRight;
            case Side::kRight: return is_joined ? Side::kTop : Side::kBottom;
            case Side::kLeft: return is_joined ? Side::kBottom : Side::kTop;
        }
    }
    const auto differ = [inside](unsigned a, unsigned b) { return ((inside & a) != 0) != ((inside & b) != 0); };
    if (entered != Side::kBottom && differ(kLowLeft, kLowRight)) {
        return Side::kBottom;
    }
    if (entered != Side::kRight && differ(kLowRight, kHighRight)) {
        return Side::kRight;
    }
    return entered != Side::kTop && differ(kHighLeft, kHighRight) ? Side::kTop : Side::kLeft;
}

void Tracer::mark(const Field& field, std::int32_t i, std::int32_t j, std::uint32_t ring) {
    const FieldTile& tile = *field.tile_of(i, j);
    const auto row = static_cast<std::size_t>(j - tile.ty * kTileHeight);
    const std::int32_t column = i - tile.tx * kTileWidth;
    const auto before = static_cast<std::size_t>(std::popcount(tile.crossing[row] & lower_bits(column)));
    ring_at_[tile.first_crossing[row] + before] = ring;
}

void Tracer::walk(const Field& field, std::int32_t i, std::int32_t j, std::uint32_t ring, Outline& outline) {
    const std::int32_t first_i = i, first_j = j;
    // With the inside on the left, a walk crosses a row upwards where the left node is inside. (i, j) is the cell.
    Side entered = node(field, i, j).is_inside ? Side::kBottom : Side::kTop;
    const Side first_entered = entered;
    if (entered == Side::kTop) {
        --j;
    }
    while (true) {
        if (entered == Side::kBottom || entered == Side::kTop) {
            const std::int32_t row = entered == Side::kBottom ? j : j + 1;
            mark(field, i, row, ring);
            outline.vertices.push_back(crossing_of_row(field, i, row));
        } else {
            outline.vertices.push_back(crossing_of_column(field, entered == Side::kLeft ? i : i + 1, j));
        }
        switch (leave(field, i, j, entered)) {
            case Side::kBottom: --j, entered = Side::kTop; break;
            case Side::kRight: ++i, entered = Side::kLeft; break;
            case Side::kTop: ++j, entered = Side::kBottom; break;
            case Side::kLeft: --i, entered = Side::kRight; break;
        }
        if (entered == first_entered && i == first_i && j == (entered == Side::kTop ? first_j - 1 : first_j)) {
            return;
        }
    }
}

void Tracer::trace(const Field& field, std::size_t n_crossings, Outline& outline) {
    outline.clear();
    ring_at_.assign(n_crossings, kUntraced);
    tile_ = nullptr;
    const auto& order = field.in_raster_order();
    for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
        const std::int32_t ty = field.tile(order[begin]).ty;
        while (end < order.size() && field.tile(order[end]).ty == ty) {
            ++end;
        }
        for (std::int32_t row = 0; row < kTileHeight; ++row) {
            std::uint32_t ring_on_left = kUntraced;
            for (std::size_t k = begin; k < end; ++k) {
                const FieldTile& tile = field.tile(order[k]);
                std::uint32_t at = tile.first_crossing[static_cast<std::size_t>(row)];
                for (std::uint64_t left = tile.crossing[static_cast<std::size_t>(row)]; left != 0; left &= left - 1, ++at) {
                    if (ring_at_[at] == kUntraced) {
                        const auto ring = static_cast<std::uint32_t>(outline.n_rings());
                        const std::int32_t column = std::countr_zero(left);
                        const bool is_hole = (tile.inside[static_cast<std::size_t>(row)] >> column & 1U) != 0;
                        // A ring is first met at its lowest row: from outside it is a shell, from inside a hole of
                        // the shell that the ring on its left belongs to, which has been met before.
                        outline.shell.push_back(is_hole ? outline.shell[ring_on_left] : ring);
                        walk(field, tile.tx * kTileWidth + column, ty * kTileHeight + row, ring, outline);
                        outline.ring_begin.push_back(outline.vertices.size());
                    }
                    ring_on_left = ring_at_[at];
                }
            }
        }
    }
}

}  // namespace circle15
