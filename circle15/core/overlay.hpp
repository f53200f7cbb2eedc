// What share of each pixel of a raster lies in each polygon.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace circle15 {

// Closed rings, shells counter-clockwise and holes clockwise; the rings of one polygon stand together.
struct Rings {
    std::span<const double> x, y;
    std::span<const std::int64_t> begin;  // (n_rings + 1) into x, y
    std::span<const std::int32_t> owner;  // (n_rings) the polygon of each ring, not descending
};

// Pixels as quadrilaterals that share their corners, row by row.
struct PixelMesh {
    std::size_t n_rows, n_columns;
    std::span<const double> x, y;           // ((n_rows + 1) * (n_columns + 1)) corners, finite around wanted pixels
    std::span<const std::uint8_t> is_wanted;  // (n_rows * n_columns) others are left out
};

// The parts of pixels in polygons, by polygon and pixel.
struct Overlay {
    std::vector<std::int32_t> polygon;
    std::vector<std::int64_t> pixel;  // row * n_columns + column
    std::vector<double> share;        // of the pixel's area, above 0
    std::vector<double> area;         // in squared units of x and y
    std::vector<double> x, y;         // centroid
};

[[nodiscard]] Overlay overlay(const Rings& rings, const PixelMesh& mesh);

}  // namespace circle15
