#include "lanes.hpp"

#if defined(CIRCLE15_HAS_AVX2) && defined(_MSC_VER)
#include <immintrin.h>
#include <intrin.h>
#endif

namespace circle15 {

extern const LaneKernel kBaselineLanes;
#if defined(CIRCLE15_HAS_AVX2)
extern const LaneKernel kAvx2Lanes;

namespace {

bool has_avx2() noexcept {
#if defined(_MSC_VER)
    int words[4];
    __cpuid(words, 1);
    constexpr int kOsSavesAndAvx = (1 << 27) | (1 << 28);
    if ((words[2] & kOsSavesAndAvx) != kOsSavesAndAvx || (_xgetbv(0) & 6) != 6) {
        return false;
    }
    __cpuidex(words, 7, 0);
    return (words[1] & (1 << 5)) != 0;
#else
    return __builtin_cpu_supports("avx2") != 0;
#endif
}

}  // namespace

const LaneKernel& best_lane_kernel() noexcept {
    static const bool is_supported = has_avx2();
    return is_supported ? kAvx2Lanes : kBaselineLanes;
}
#else
const LaneKernel& best_lane_kernel() noexcept { return kBaselineLanes; }
#endif

const LaneKernel& baseline_lane_kernel() noexcept { return kBaselineLanes; }

}  // namespace circle15
