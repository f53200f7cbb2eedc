// Walking time: whole milliseconds, so that sums are exact and "<= cutoff" has one meaning.
#pragma once

#include <cstdint>

namespace circle15 {

using Ms = std::uint32_t;

// A time that does not exist. Equal to circle15.units.UNREACHED.
inline constexpr Ms kUnreached = 0xFFFF'FFFFU;

// Longest cutoff, edge or access leg: the sum of two stays below kUnreached.
inline constexpr Ms kMaxMs = 0x7FFF'FFFFU;

// Adds two times of which either may be missing. A sum that 32 bits cannot hold is beyond every cutoff, thus missing too.
[[nodiscard]] constexpr Ms plus(Ms a, Ms b) noexcept {
    const Ms sum = a + b;
    return sum < a ? kUnreached : sum;
}

}  // namespace circle15
