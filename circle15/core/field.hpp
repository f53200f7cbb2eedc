// Distances from the nodes of a fine grid to the nearest painted street, kept in tiles where streets are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "earth.hpp"

namespace circle15 {

// Coordinates of grid and outlines: whole ten-millionths of a degree, as OpenStreetMap keeps them (1.1 cm).
inline constexpr double kUnitsPerDegree = 1e7;
inline constexpr double kMetresPerUnit = kMetresPerDegree / kUnitsPerDegree;

struct Box {
    double min_lon, min_lat, max_lon, max_lat;
};

// Grid nodes stand at whole multiples of the steps, so that they do not depend on what is painted.
struct GridSteps {
    std::int32_t x, y;  // units; at least 2, so that an outline can pass between two nodes

    // Steps of at most `step_m` metres everywhere in `box`.
    [[nodiscard]] static GridSteps at_most(double step_m, const Box& box);
};

struct Segment {
    double from_lon, from_lat, to_lon, to_lat;
};

inline constexpr std::int32_t kTileWidth = 64;  // a row of a tile is one word of `inside`
inline constexpr std::int32_t kTileHeight = 32;

struct FieldTile {
    std::array<std::array<float, kTileWidth>, kTileHeight> squared_m;
    std::array<std::uint64_t, kTileHeight> inside;    // node within the buffer, one bit each
    std::array<std::uint64_t, kTileHeight> crossing;  // node and its right neighbour differ
    std::array<std::uint32_t, kTileHeight> first_crossing;
    std::uint32_t changed_rows;
    std::int32_t tx, ty;
};

// Reused from outline to outline by one thread; starting anew costs what was painted.
class Field {
  public:
    // Forgets what was painted; segments to come lie in `box`.
    void start(const Box& box, double buffer_m, GridSteps steps);

    // Lowers the distances around one segment.
    void paint(const Segment& segment);

    // Settles `inside` and `crossing` for what has been painted so far; returns the number of crossings of rows.
    std::size_t settle();

    [[nodiscard]] double buffer_m() const noexcept { return buffer_m_; }
    [[nodiscard]] GridSteps steps() const noexcept { return steps_; }
    // Tiles in raster order, as of the last settle().
    [[nodiscard]] const std::vector<std::uint32_t>& in_raster_order() const noexcept { return order_; }
    [[nodiscard]] const FieldTile& tile(std::uint32_t index) const { return *tiles_[index]; }
    // The tile of a node, or null where nothing was painted.
    [[nodiscard]] const FieldTile* tile_of(std::int32_t i, std::int32_t j) const {
        return find(i >> kShiftX, j >> kShiftY);
    }
    [[nodiscard]] const FieldTile* find(std::int32_t tx, std::int32_t ty) const;

    static constexpr int kShiftX = 6, kShiftY = 5;
    static_assert(1 << kShiftX == kTileWidth && 1 << kShiftY == kTileHeight);

  private:
    void paint_short(double ax, double ay, double bx, double by);
    void paint_tile(FieldTile& tile, std::int32_t i0, std::int32_t i1, std::int32_t j0, std::int32_t j1);
    FieldTile& tile_at(std::int32_t tx, std::int32_t ty);
    [[nodiscard]] static std::uint64_t key(std::int32_t tx, std::int32_t ty) {
        return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(ty)) << 32U) | static_cast<std::uint32_t>(tx);
    }

    // The segment being painted: metres per unit, the start, and the way to the end in metres.
    struct Brush {
        double per_x, per_y, ax, ay;
        float dx, dy, per_length2, step_x;
    };

    double buffer_m_ = 0.0;
    GridSteps steps_{2, 2};
    Brush brush_{};
    std::vector<std::unique_ptr<FieldTile>> tiles_;
    std::size_t n_tiles_ = 0;
    std::vector<std::uint32_t> order_;
    // The directory: a dense table where the box is small enough (any city), else a hash map.
    std::int32_t first_tx_ = 0, first_ty_ = 0, n_tx_ = 0, n_ty_ = 0;
    std::vector<std::uint32_t> dense_;
    std::unordered_map<std::uint64_t, std::uint32_t> sparse_;
};

}  // namespace circle15
