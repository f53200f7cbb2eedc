// Hilbert curve keys, so that what is near on the map is near in memory.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace circle15 {

// Distance along the Hilbert curve of that order (at most 32 bits) over the square of x and y.
[[nodiscard]] std::uint64_t hilbert_key(std::uint32_t x, std::uint32_t y, unsigned bits) noexcept;

// Key of each point on a Hilbert curve over the points' bounding square (65,536 steps a side).
[[nodiscard]] std::vector<std::uint32_t> hilbert_keys(std::span<const double> x, std::span<const double> y);

}  // namespace circle15
