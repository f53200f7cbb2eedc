// Sixteen neighbouring starts searched together: every junction carries one time per start, side by side, so that one
// visit serves all sixteen. Plain data and pointers only: the kernel is compiled several times, once per instruction
// set, and must share no inline library code between those compilations.
#pragma once

#include <cstdint>

namespace circle15 {

inline constexpr int kLanes = 16;

// Lane times are signed and stay below this, so that time + arc never overflows.
inline constexpr std::int32_t kMostLaneMs = (1 << 30) - 2;

struct alignas(64) LaneTimes {
    std::int32_t at[kLanes];
};

// An arc out of a junction with all that the kernel needs of its chain.
struct LaneArc {
    std::uint32_t head;
    std::int32_t ms;
};

// The chain behind an arc, seen from its own left end.
struct LaneChain {
    double quanta;       // street length
    double ahead_rate;   // quanta per millisecond; 0 where the chain has several slots, or takes 0 ms one way
    double behind_rate;  // 0 where barred
    std::uint32_t left, right;
    std::int32_t ahead, behind;    // milliseconds, at most kMostLaneMs + 1; barred = kMostLaneMs + 1
    std::int32_t inner;            // nodes inside
    std::int32_t is_barred_ahead;  // no arc leaves its left end
};

// A destination inside a chain or at a junction.
struct LaneTarget {
    double weight;                    // whole quanta of weight
    std::int32_t by_left, by_right;   // from the chain's ends, access paid; at most kMostLaneMs + 1
};

struct LaneTargets {
    const std::uint32_t* first;  // per chain, then per junction; null where there are no destinations
    const LaneTarget* target;
    // Per row of `first`: a time from either end that reaches every target of the row, and the sum of their weights.
    const std::int32_t* farthest;
    const double* total;
    std::uint32_t n_chains;
};

struct LaneGraph {
    const std::uint32_t* first_out;
    const LaneArc* arc;
    const std::uint32_t* arc_chain;  // chain << 1 | 1 where the arc starts at the chain's right end
    const LaneChain* chain;
    bool is_symmetric;
};

// Work space of one thread. All times are cutoff + 1 and no junction is queued between two searches.
struct LaneSpace {
    LaneTimes* times;
    std::uint32_t* reached;     // junctions that some lane reached
    std::uint32_t n_reached;
    std::uint32_t* next;        // bucket lists: junction after, junction before
    std::uint32_t* previous;
    std::uint16_t* bucket_of;   // kNotQueued; kUnseen where no lane was there yet
    std::uint32_t* bucket;      // first junction of each bucket
    std::uint32_t n_buckets;
    std::uint32_t shift;        // milliseconds to buckets
    // Partly covered chains, left to the caller's exact scalar code.
    std::uint32_t* partial_chain;
    std::uint16_t* partial_lanes;
    std::uint32_t n_partial;
};

inline constexpr std::uint16_t kNotQueued = 0xFFFE;
inline constexpr std::uint16_t kUnseen = 0xFFFF;
inline constexpr std::uint32_t kNoJunction = 0xFFFF'FFFF;

// Where a lane starts: up to two junctions and the time there.
struct LaneStart {
    std::uint32_t junction[2];
    std::int32_t time[2];
};

struct alignas(64) LaneSums {
    std::int32_t junctions[kLanes];
    std::int32_t nodes[kLanes];  // inside chains
    double quanta[kLanes];
    double weight[kLanes];
};

struct LaneQuery {
    LaneGraph graph;
    LaneTargets targets;
    std::int32_t cutoff;
    // Returns true where the search must stop at once. Called every few thousand visits.
    bool (*stop)(const void* context);
    const void* stop_context;
};

// One instruction set's kernel.
struct LaneKernel {
    const char* name;
    // Settles all times; false where it was stopped (the space is then unusable).
    bool (*search)(const LaneQuery& query, LaneSpace& space, const LaneStart* starts);
    // Adds up what the last search reached, but for the partial chains that it lists.
    void (*add_up)(const LaneQuery& query, LaneSpace& space, LaneSums& sums);
    void (*reset)(const LaneQuery& query, LaneSpace& space);
};

// The fastest kernel that this processor can run.
[[nodiscard]] const LaneKernel& best_lane_kernel() noexcept;
[[nodiscard]] const LaneKernel& baseline_lane_kernel() noexcept;

}  // namespace circle15
