// One profile's walking graph: the street edges as given, and the arcs that the searches walk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ms.hpp"

namespace circle15 {

inline constexpr std::uint32_t kNone = 0xFFFF'FFFFU;

// The caller's arrays, checked at the door (bindings and WalkNetwork).
struct StreetArrays {
    std::span<const double> lon;
    std::span<const double> lat;
    std::span<const std::int32_t> tail;
    std::span<const std::int32_t> head;
    std::span<const Ms> forward;   // tail to head, kUnreached = may not walk
    std::span<const Ms> backward;  // head to tail
    std::span<const double> length_m;
};

struct Arc {
    std::uint32_t head;
    Ms ms;
};

class Graph {
  public:
    explicit Graph(const StreetArrays& streets);

    [[nodiscard]] std::size_t n_nodes() const noexcept { return n_nodes_; }
    [[nodiscard]] std::size_t n_edges() const noexcept { return tail_.size(); }
    [[nodiscard]] std::uint32_t tail(std::size_t edge) const noexcept { return tail_[edge]; }
    [[nodiscard]] std::uint32_t head(std::size_t edge) const noexcept { return head_[edge]; }
    [[nodiscard]] Ms forward(std::size_t edge) const noexcept { return forward_[edge]; }
    [[nodiscard]] Ms backward(std::size_t edge) const noexcept { return backward_[edge]; }
    [[nodiscard]] double length_m(std::size_t edge) const noexcept { return length_m_[edge]; }

    // Arcs out of a node, and the arcs into it turned round.
    [[nodiscard]] std::span<const Arc> out(std::uint32_t node) const noexcept {
        return {out_.arcs.data() + out_.first[node], out_.arcs.data() + out_.first[node + 1]};
    }
    [[nodiscard]] std::span<const Arc> in(std::uint32_t node) const noexcept {
        return {in_.arcs.data() + in_.first[node], in_.arcs.data() + in_.first[node + 1]};
    }
    // Edges that touch a node, each once.
    [[nodiscard]] std::span<const std::uint32_t> edges_at(std::uint32_t node) const noexcept {
        return {edges_at_.data() + first_edge_[node], edges_at_.data() + first_edge_[node + 1]};
    }

  private:
    struct Arcs {
        std::vector<std::uint32_t> first;
        std::vector<Arc> arcs;
    };
    [[nodiscard]] Arcs arcs_along(std::span<const Ms> forward, std::span<const Ms> backward) const;

    std::size_t n_nodes_;
    std::vector<std::uint32_t> tail_, head_;
    std::vector<Ms> forward_, backward_;
    std::vector<double> length_m_;
    Arcs out_, in_;
    std::vector<std::uint32_t> first_edge_, edges_at_;
};

}  // namespace circle15
