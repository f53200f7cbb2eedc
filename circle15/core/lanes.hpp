// Sixteen neighbouring starts searched together: every junction carries one time per start, side by side, so that one
// visit serves all sixteen. The kernel walks a tile: the streets that some start of a larger group reaches, copied
// together in about the order in which a walk reaches them.
// Plain data and pointers only: the kernel is compiled several times, once per instruction set, and must share no
// inline library code between those compilations.
#pragma once

#include <cstdint>

namespace circle15 {

inline constexpr int kLanes = 16;

// Lane times are signed and stay below this, so that time + arc never overflows.
inline constexpr std::int32_t kMostLaneMs = (1 << 30) - 2;

// Longest cutoff of the lanes, six days: two walkers who meet in a chain have walked at most twice that, and a chain whose
// time was cut to kMostLaneMs + 1 is longer still.
inline constexpr std::int32_t kLongestLaneCutoff = kMostLaneMs / 2;

// Times of unreached lanes are cutoff + 1.
struct alignas(64) LaneTimes {
    std::int32_t at[kLanes];
};

struct LaneArc {
    std::uint32_t head;  // node of the tile
    std::int32_t ms;     // at most kMostLaneMs + 1
};

struct LaneChain {
    double quanta;       // street length
    double ahead_rate;   // quanta per millisecond; 0 where the chain has several slots, or takes 0 ms one way
    double behind_rate;  // 0 where barred
    std::uint32_t left, right;   // nodes of the tile; an end that nobody reaches is the tile's last node
    std::int32_t ahead, behind;  // milliseconds, at most kMostLaneMs + 1; barred = kMostLaneMs + 1
    std::int32_t inner;          // nodes inside
    std::uint32_t id;            // in the graph
};

// A destination inside a chain or at a junction.
struct LaneTarget {
    double weight;                   // whole quanta of weight
    std::int32_t by_left, by_right;  // from the chain's ends, access paid; at most kMostLaneMs + 1
};

// The destinations of one chain or junction (then left = right).
struct LaneTargets {
    double total;
    const LaneTarget* target;
    std::uint32_t n;
    std::uint32_t left, right;
    std::int32_t farthest;  // a time from either end that reaches all of them
};

struct LaneTile {
    const std::uint32_t* first_out;
    const LaneArc* arc;
    std::uint32_t n_nodes;  // without the last one, which stands for all others
    const LaneChain* chain;
    std::uint32_t n_chains;
    const LaneTargets* targets;
    std::uint32_t n_targets;
    bool is_symmetric;
};

// Work space of one thread.
struct LaneSpace {
    LaneTimes* times;             // n_nodes + 1
    std::uint64_t* is_waiting;    // one bit per node, all 0 between two searches
    std::uint8_t* is_reached;     // n_nodes + 1: whether any lane reached the node
    std::uint32_t* partial_chain;  // indices of partly covered chains, left to the caller's exact scalar code
    std::uint16_t* partial_lanes;
    std::uint32_t n_partial;
};

inline constexpr std::uint32_t kNoNode = 0xFFFF'FFFF;

// Where a lane starts: up to two nodes and the time there.
struct LaneStart {
    std::uint32_t node[2];
    std::int32_t time[2];
};

struct alignas(64) LaneSums {
    std::int32_t junctions[kLanes];
    std::int32_t nodes[kLanes];  // inside chains
    double quanta[kLanes];
    double weight[kLanes];
    std::int32_t n_shared;  // junctions that any lane reached
};

struct LaneQuery {
    LaneTile tile;
    std::int32_t cutoff;
    // Returns true where the search must stop at once. Called every few thousand visits.
    bool (*stop)(const void* context);
    const void* stop_context;
};

// One instruction set's kernel.
struct LaneKernel {
    const char* name;
    // Settles all times; false where it was stopped.
    bool (*search)(const LaneQuery& query, LaneSpace& space, const LaneStart* starts);
    // Adds up what the last search reached, but for the partial chains that it lists. `sums` come as zeros.
    void (*add_up)(const LaneQuery& query, LaneSpace& space, LaneSums& sums);
};

// The fastest kernel that this processor can run, and the one for every processor.
[[nodiscard]] const LaneKernel& best_lane_kernel() noexcept;
[[nodiscard]] const LaneKernel& baseline_lane_kernel() noexcept;

}  // namespace circle15
