#include "hilbert.hpp"

#include <algorithm>

namespace circle15 {

namespace {

constexpr std::uint32_t kSide = 1U << 16;

// The classic conversion by quadrants (Hamilton and Rau-Chaplin 2008, section 2).
std::uint32_t hilbert_key(std::uint32_t x, std::uint32_t y) {
    std::uint32_t key = 0;
    for (std::uint32_t half = kSide / 2; half > 0; half /= 2) {
        const std::uint32_t right = (x & half) != 0 ? 1 : 0;
        const std::uint32_t upper = (y & half) != 0 ? 1 : 0;
        key += half * half * ((3 * right) ^ upper);
        if (upper == 0) {
            if (right == 1) {
                x = kSide - 1 - x;
                y = kSide - 1 - y;
            }
            std::swap(x, y);
        }
    }
    return key;
}

}  // namespace

std::vector<std::uint32_t> hilbert_keys(std::span<const double> x, std::span<const double> y) {
    std::vector<std::uint32_t> keys(x.size());
    if (keys.empty()) {
        return keys;
    }
    const auto [west, east] = std::minmax_element(x.begin(), x.end());
    const auto [south, north] = std::minmax_element(y.begin(), y.end());
    const double width = std::max({*east - *west, *north - *south, 1e-9});
    const double scale = (kSide - 1) / width;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        keys[i] = hilbert_key(static_cast<std::uint32_t>((x[i] - *west) * scale),
                              static_cast<std::uint32_t>((y[i] - *south) * scale));
    }
    return keys;
}

}  // namespace circle15
