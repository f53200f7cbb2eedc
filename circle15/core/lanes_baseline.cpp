// The lane kernel for every processor of the platform.
#define CIRCLE15_KERNEL kBaselineLanes
#define CIRCLE15_KERNEL_NAME "baseline"
#include "lane_kernel.inc"
