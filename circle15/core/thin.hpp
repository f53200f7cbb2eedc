// Fewer vertices for nested outlines, without a crossing between or within them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "contour.hpp"

namespace circle15 {

// Drops vertices whose absence moves the outline by at most a tolerance.
//
// A vertex goes from all outlines that pass through it at once, and only where they share both of its neighbours and no
// other vertex lies in the triangle that it makes with them. So segments that did not cross before do not cross after,
// and what was nested stays nested; the test is exact, as coordinates are integers. Where outlines part, and at four
// places of each ring, vertices stay.
class Thinner {
  public:
    void thin(std::span<Outline> outlines, double tolerance_m, GridSteps steps);

  private:
    struct Node {
        Vertex at;
        std::uint32_t before, after;        // neighbours; of no use where the vertex is kept
        float moved_before, moved_after;    // how far the outline has moved on either side, metres
        std::uint32_t next_in_bucket;
        bool is_kept, is_gone;
    };

    void collect(std::span<Outline> outlines);
    void index(GridSteps steps);
    [[nodiscard]] std::uint32_t node_at(Vertex at);
    [[nodiscard]] std::size_t bucket(std::int32_t column, std::int32_t row) const;
    [[nodiscard]] bool is_clear(const Node& a, const Node& b, const Node& c) const;
    bool drop(std::uint32_t index, double tolerance_m);

    std::vector<Node> nodes_;
    std::vector<std::uint32_t> node_of_;  // per vertex of all outlines, one outline after another
    std::vector<std::uint32_t> table_;    // vertex to node, open addressing
    std::vector<std::uint32_t> heads_;    // buckets of the plane
    std::int32_t cell_x_ = 1, cell_y_ = 1;
    std::int32_t longest_ = 0;  // cells that a new segment may span
    double per_x_ = 0.0;        // metres per unit of longitude
};

}  // namespace circle15
