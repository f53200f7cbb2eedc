// Outlines of a field: rings of the area within the buffer, with their holes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "field.hpp"

namespace circle15 {

struct Vertex {
    std::int32_t x, y;  // units (field.hpp)
    friend bool operator==(const Vertex&, const Vertex&) = default;
};

// Rings of one area, not closed (the first vertex is not repeated); the inside is on the left.
struct Outline {
    std::vector<Vertex> vertices;
    std::vector<std::size_t> ring_begin;  // one more than there are rings
    std::vector<std::uint32_t> shell;     // per ring: the ring that it is a hole of, or itself

    [[nodiscard]] std::size_t n_rings() const noexcept { return shell.size(); }
    void clear();
};

// Traces the outlines of what a settled field has inside.
//
// Marching squares on distances: between two grid nodes the outline passes where the distance, taken as linear, equals
// the buffer, computed in integers so that a field with smaller distances never has a smaller outline. The outline
// never passes through a node, so each grid edge carries at most one vertex, and rings neither touch nor cross.
class Tracer {
  public:
    void trace(const Field& field, std::size_t n_crossings, Outline& outline);

  private:
    // The side of a cell through which a walk along the outline enters it.
    enum class Side : std::uint8_t { kBottom, kRight, kTop, kLeft };
    struct Node {
        double distance_m;
        bool is_inside;
    };

    [[nodiscard]] const FieldTile* tile_of(const Field& field, std::int32_t i, std::int32_t j);
    [[nodiscard]] unsigned corners(const Field& field, std::int32_t i, std::int32_t j);
    [[nodiscard]] Node node(const Field& field, std::int32_t i, std::int32_t j);
    [[nodiscard]] Side leave(const Field& field, std::int32_t i, std::int32_t j, Side entered);
    [[nodiscard]] Vertex crossing_of_row(const Field& field, std::int32_t i, std::int32_t j);
    [[nodiscard]] Vertex crossing_of_column(const Field& field, std::int32_t i, std::int32_t j);
    void walk(const Field& field, std::int32_t i, std::int32_t j, std::uint32_t ring, Outline& outline);
    void mark(const Field& field, std::int32_t i, std::int32_t j, std::uint32_t ring);

    std::vector<std::uint32_t> ring_at_;  // per crossing of a row
    const FieldTile* tile_ = nullptr;     // the last one looked at
};

}  // namespace circle15
