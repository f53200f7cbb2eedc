// The Earth as every room takes it: a sphere.
#pragma once

#include <numbers>

namespace circle15 {

inline constexpr double kEarthRadiusM = 6371009.0;  // units.EARTH_RADIUS_M
inline constexpr double kRadians = std::numbers::pi / 180.0;
inline constexpr double kMetresPerDegree = kEarthRadiusM * std::numbers::pi / 180.0;

}  // namespace circle15
