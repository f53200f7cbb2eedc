#include "field.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>
#include <utility>

namespace circle15 {

namespace {

constexpr std::uint32_t kNoTile = 0xFFFF'FFFFU;
constexpr std::size_t kMostDense = 1U << 22U;
constexpr float kFar = 1e30F;
constexpr std::int32_t kLanes = 8;
constexpr double kLongestBrushM = 64.0;  // longer segments are cut, or a diagonal one would paint a vast box

double cos_degrees(double lat) { return std::cos(lat * std::numbers::pi / 180.0); }

std::uint64_t bits_within(const std::array<float, kTileWidth>& row, float limit) {
    static_assert(std::endian::native == std::endian::little);
    std::array<std::uint8_t, kTileWidth> is_within;
    for (std::size_t k = 0; k < kTileWidth; ++k) {
        is_within[k] = row[k] <= limit;
    }
    std::uint64_t bits = 0;
    for (std::size_t group = 0; group < 8; ++group) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, &is_within[8 * group], 8);
        // Eight bytes of 0 or 1 to eight bits: each product term lands on its own bit of the top byte.
        bits |= ((eight * 0x0102'0408'1020'4080U) >> 56U) << (8 * group);
    }
    return bits;
}

// Nodes of one row, relative to the segment's start: metres to the right, and their share of the way along it.
struct Columns {
    std::array<float, kTileWidth> x, along;
};
struct RowBrush {
    float dx, dy, per_length2;
    double first_y, step_y;  // metres from the segment's start up to the first row, and from row to row
};

// Wider vectors where the machine has them; the same roundings everywhere, as nothing is contracted.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
__attribute__((target_clones("avx2", "default")))
#endif
void lower_rows(std::array<float, kTileWidth>* rows, std::int32_t n_rows, std::int32_t begin, std::int32_t n,
                const Columns& columns, const RowBrush& brush) {
    const float *const x = columns.x.data(), *const along = columns.along.data();
    const float dx = brush.dx, dy = brush.dy;
    std::array<float, kTileWidth> clamped;
    const std::int32_t whole = n / kLanes * kLanes;
    for (std::int32_t j = 0; j < n_rows; ++j) {
        const auto y = static_cast<float>(brush.first_y + j * brush.step_y);
        const float along_y = y * dy * brush.per_length2;
        float* const row = rows[j].data() + begin;
        // In two loops: in one, compilers branch on the clamp and no longer vectorise.
        for (std::int32_t i = 0; i < whole; ++i) {
            const float t = along[i] + along_y;
            const float low = t > 0.0F ? t : 0.0F;
            clamped[static_cast<std::size_t>(i)] = low < 1.0F ? low : 1.0F;
        }
        for (std::int32_t i = 0; i < whole; ++i) {
            const float t = clamped[static_cast<std::size_t>(i)];
            const float ex = x[i] - t * dx, ey = y - t * dy;
            const float squared = ex * ex + ey * ey;
            row[i] = squared < row[i] ? squared : row[i];
        }
    }
}

}  // namespace

GridSteps GridSteps::at_most(double step_m, const Box& box) {
    // A degree of longitude is longest, so the step in units shortest, nearest to the equator.
    const double lat = box.min_lat > 0 ? box.min_lat : std::min(0.0, box.max_lat);
    const auto units = [](double exact) { return static_cast<std::int32_t>(std::clamp(std::floor(exact), 2.0, 1e7)); };
    return {units(step_m / (kMetresPerUnit * std::max(cos_degrees(lat), 1e-6))), units(step_m / kMetresPerUnit)};
}

void Field::start(const Box& box, double buffer_m, GridSteps steps) {
    buffer_m_ = buffer_m;
    steps_ = steps;
    n_tiles_ = 0;
    sparse_.clear();
    const double lat = std::max(std::abs(box.min_lat), std::abs(box.max_lat));
    const double far_m = 2 * buffer_m + kMetresPerUnit * std::max(steps.x, steps.y);
    const double margin_x = far_m / (kMetresPerUnit * std::max(cos_degrees(lat), 1e-6)) + steps.x;
    const double margin_y = far_m / kMetresPerUnit + steps.y;
    const auto tile_number = [](double units, std::int32_t step, int shift) {
        return static_cast<std::int64_t>(std::floor(units / step)) >> shift;
    };
    const auto tx0 = tile_number(box.min_lon * kUnitsPerDegree - margin_x, steps.x, kShiftX);
    const auto tx1 = tile_number(box.max_lon * kUnitsPerDegree + margin_x, steps.x, kShiftX);
    const auto ty0 = tile_number(box.min_lat * kUnitsPerDegree - margin_y, steps.y, kShiftY);
    const auto ty1 = tile_number(box.max_lat * kUnitsPerDegree + margin_y, steps.y, kShiftY);
    const bool is_dense = static_cast<std::size_t>(tx1 - tx0 + 1) <= kMostDense &&
                          static_cast<std::size_t>(tx1 - tx0 + 1) * static_cast<std::size_t>(ty1 - ty0 + 1) <= kMostDense;
    first_tx_ = static_cast<std::int32_t>(tx0);
    first_ty_ = static_cast<std::int32_t>(ty0);
    n_tx_ = is_dense ? static_cast<std::int32_t>(tx1 - tx0 + 1) : 0;
    n_ty_ = is_dense ? static_cast<std::int32_t>(ty1 - ty0 + 1) : 0;
    dense_.assign(static_cast<std::size_t>(n_tx_) * static_cast<std::size_t>(n_ty_), kNoTile);
}

const FieldTile* Field::find(std::int32_t tx, std::int32_t ty) const {
    std::uint32_t index = kNoTile;
    if (n_tx_ > 0) {
        const auto column = static_cast<std::uint32_t>(tx - first_tx_), row = static_cast<std::uint32_t>(ty - first_ty_);
        if (column < static_cast<std::uint32_t>(n_tx_) && row < static_cast<std::uint32_t>(n_ty_)) {
            index = dense_[static_cast<std::size_t>(row) * static_cast<std::size_t>(n_tx_) + column];
        }
    } else if (const auto found = sparse_.find(key(tx, ty)); found != sparse_.end()) {
        index = found->second;
    }
    return index == kNoTile ? nullptr : tiles_[index].get();
}

FieldTile& Field::tile_at(std::int32_t tx, std::int32_t ty) {
    if (const FieldTile* found = find(tx, ty)) {
        return const_cast<FieldTile&>(*found);  // NOLINT(cppcoreguidelines-pro-type-const-cast): our own tile
    }
    if (n_tiles_ == tiles_.size()) {
        tiles_.push_back(std::make_unique<FieldTile>());
    }
    FieldTile& tile = *tiles_[n_tiles_];
    for (auto& row : tile.squared_m) {
        row.fill(kFar);
    }
    tile.inside.fill(0);
    tile.changed_rows = 0;
    tile.tx = tx;
    tile.ty = ty;
    const auto index = static_cast<std::uint32_t>(n_tiles_++);
    if (n_tx_ > 0) {
        dense_.at(static_cast<std::size_t>(ty - first_ty_) * static_cast<std::size_t>(n_tx_) +
                  static_cast<std::size_t>(tx - first_tx_)) = index;
    } else {
        sparse_.emplace(key(tx, ty), index);
    }
    return tile;
}

void Field::paint(const Segment& segment) {
    const double ax = segment.from_lon * kUnitsPerDegree, ay = segment.from_lat * kUnitsPerDegree;
    const double dx = segment.to_lon * kUnitsPerDegree - ax, dy = segment.to_lat * kUnitsPerDegree - ay;
    brush_.per_x = kMetresPerUnit * std::max(cos_degrees((segment.from_lat + segment.to_lat) / 2), 1e-6);
    brush_.per_y = kMetresPerUnit;
    brush_.step_x = static_cast<float>(steps_.x * brush_.per_x);
    const double east_m = dx * brush_.per_x, north_m = dy * brush_.per_y;
    const double length_m = std::sqrt(east_m * east_m + north_m * north_m);
    const int n_parts = static_cast<int>(length_m / kLongestBrushM) + 1;
    for (int k = 0; k < n_parts; ++k) {
        const double from = static_cast<double>(k) / n_parts, to = static_cast<double>(k + 1) / n_parts;
        paint_short(ax + from * dx, ay + from * dy, ax + to * dx, ay + to * dy);
    }
}

void Field::paint_short(double ax, double ay, double bx, double by) {
    brush_.ax = ax;
    brush_.ay = ay;
    const double dx = (bx - ax) * brush_.per_x, dy = (by - ay) * brush_.per_y;
    const double length2 = dx * dx + dy * dy;
    brush_.dx = static_cast<float>(dx);
    brush_.dy = static_cast<float>(dy);
    brush_.per_length2 = length2 > 1e-12 ? static_cast<float>(1.0 / length2) : 0.0F;
    // One step beyond the buffer, so that both ends of every grid edge that the outline crosses are painted.
    const double step_m = std::max(steps_.x * brush_.per_x, steps_.y * brush_.per_y);
    const double reach_m = (buffer_m_ + step_m) * 1.001;
    const double reach_x = reach_m / brush_.per_x, reach_y = reach_m / brush_.per_y;
    const auto i0 = static_cast<std::int32_t>(std::floor((std::min(ax, bx) - reach_x) / steps_.x));
    const auto i1 = static_cast<std::int32_t>(std::ceil((std::max(ax, bx) + reach_x) / steps_.x));
    const auto j0 = static_cast<std::int32_t>(std::floor((std::min(ay, by) - reach_y) / steps_.y));
    const auto j1 = static_cast<std::int32_t>(std::ceil((std::max(ay, by) + reach_y) / steps_.y));
    for (std::int32_t ty = j0 >> kShiftY; ty <= j1 >> kShiftY; ++ty) {
        for (std::int32_t tx = i0 >> kShiftX; tx <= i1 >> kShiftX; ++tx) {
            const std::int32_t left = tx * kTileWidth, low = ty * kTileHeight;
            paint_tile(tile_at(tx, ty), std::max(i0 - left, 0), std::min(i1 - left, kTileWidth - 1),
                       std::max(j0 - low, 0), std::min(j1 - low, kTileHeight - 1));
        }
    }
}

void Field::paint_tile(FieldTile& tile, std::int32_t i0, std::int32_t i1, std::int32_t j0, std::int32_t j1) {
    const std::int32_t begin = i0 / kLanes * kLanes;  // whole vectors: a node more is a true distance more
    const std::int32_t end = (i1 / kLanes + 1) * kLanes;
    const double first_x = (static_cast<double>(tile.tx * kTileWidth + begin) * steps_.x - brush_.ax) * brush_.per_x;
    Columns columns;
    for (std::int32_t i = 0; i < end - begin; ++i) {
        const float x = static_cast<float>(first_x) + static_cast<float>(i) * brush_.step_x;
        columns.x[static_cast<std::size_t>(i)] = x;
        columns.along[static_cast<std::size_t>(i)] = x * brush_.dx * brush_.per_length2;
    }
    const double first_y = (static_cast<double>(tile.ty * kTileHeight + j0) * steps_.y - brush_.ay) * brush_.per_y;
    lower_rows(&tile.squared_m[static_cast<std::size_t>(j0)], j1 - j0 + 1, begin, end - begin, columns,
               {brush_.dx, brush_.dy, brush_.per_length2, first_y, steps_.y * brush_.per_y});
    tile.changed_rows |= static_cast<std::uint32_t>((std::uint64_t{2} << j1) - (std::uint64_t{1} << j0));
}

std::size_t Field::settle() {
    const auto limit = static_cast<float>(buffer_m_ * buffer_m_);
    for (std::size_t k = 0; k < n_tiles_; ++k) {
        FieldTile& tile = *tiles_[k];
        for (std::uint32_t rows = std::exchange(tile.changed_rows, 0); rows != 0; rows &= rows - 1) {
            const auto j = static_cast<std::size_t>(std::countr_zero(rows));
            tile.inside[j] = bits_within(tile.squared_m[j], limit);
        }
    }
    order_.resize(n_tiles_);
    for (std::size_t k = 0; k < n_tiles_; ++k) {
        order_[k] = static_cast<std::uint32_t>(k);
    }
    std::ranges::sort(order_, {}, [this](std::uint32_t k) { return std::pair{tiles_[k]->ty, tiles_[k]->tx}; });
    std::size_t n_crossings = 0;
    for (const std::uint32_t k : order_) {
        FieldTile& tile = *tiles_[k];
        const FieldTile* const right = find(tile.tx + 1, tile.ty);
        for (std::size_t j = 0; j < kTileHeight; ++j) {
            const std::uint64_t neighbours = (tile.inside[j] >> 1U) | (right != nullptr ? right->inside[j] << 63U : 0U);
            tile.crossing[j] = tile.inside[j] ^ neighbours;
            tile.first_crossing[j] = static_cast<std::uint32_t>(n_crossings);
            n_crossings += static_cast<std::size_t>(std::popcount(tile.crossing[j]));
        }
    }
    return n_crossings;
}

}  // namespace circle15
