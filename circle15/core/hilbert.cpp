#include "hilbert.hpp"

#include <algorithm>
#include <utility>

namespace circle15 {

// The classic conversion by quadrants (Hamilton and Rau-Chaplin 2008, section 2).
std::uint64_t hilbert_key(std::uint32_t x, std::uint32_t y, unsigned bits) noexcept {
    std::uint64_t key = 0;
    for (std::uint32_t half = 1U << (bits - 1); half > 0; half /= 2) {
        const std::uint32_t right = (x & half) != 0 ? 1 : 0;
        const std::uint32_t upper = (y & half) != 0 ? 1 : 0;
        key += std::uint64_t{half} * half * ((3 * right) ^ upper);
        if (upper == 0) {
            if (right == 1) {
                x = ~x;
                y = ~y;
            }
            std::swap(x, y);
        }
    }
    return key;
}

std::vector<std::uint32_t> hilbert_keys(std::span<const double> x, std::span<const double> y) {
    constexpr unsigned kBits = 16;
    std::vector<std::uint32_t> keys(x.size());
    if (keys.empty()) {
        return keys;
    }
    const auto [west, east] = std::minmax_element(x.begin(), x.end());
    const auto [south, north] = std::minmax_element(y.begin(), y.end());
    const double width = std::max({*east - *west, *north - *south, 1e-9});
    const double scale = ((1U << kBits) - 1) / width;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        keys[i] = static_cast<std::uint32_t>(hilbert_key(static_cast<std::uint32_t>((x[i] - *west) * scale),
                                                         static_cast<std::uint32_t>((y[i] - *south) * scale), kBits));
    }
    return keys;
}

}  // namespace circle15
