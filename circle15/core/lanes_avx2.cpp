// The lane kernel for x86 processors with AVX2; CMakeLists.txt compiles this file alone with that option.
#define CIRCLE15_KERNEL kAvx2Lanes
#define CIRCLE15_KERNEL_NAME "avx2"
#include "lane_kernel.inc"
