// The street network of all profiles: edges as given, contracted to chains between junctions.
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
    std::span<const double> length_m;  // of street: 0 where an edge is a way to walk across a square
    std::span<const Ms> walk_ms;  // [profile][tail to head, head to tail][edge]
};

// A chain runs from a left to a right junction over nodes that touch two edges each. Its edges are its slots; slots are
// numbered through, chain by chain. An edge that some profile may not walk one way or the other is a chain of its own,
// so that every longer chain can be walked from end to end both ways by every profile.
// Junctions are numbered along a Hilbert curve, chains by their left junction.
class Streets {
  public:
    explicit Streets(const StreetArrays& arrays);

    [[nodiscard]] std::size_t n_nodes() const noexcept { return home_.size(); }
    [[nodiscard]] std::size_t n_edges() const noexcept { return tail_.size(); }
    [[nodiscard]] std::size_t n_junctions() const noexcept { return node_of_junction_.size(); }
    [[nodiscard]] std::size_t n_chains() const noexcept { return left_.size(); }

    // Edges as given.
    [[nodiscard]] std::uint32_t tail(std::size_t edge) const noexcept { return tail_[edge]; }
    [[nodiscard]] std::uint32_t head(std::size_t edge) const noexcept { return head_[edge]; }
    [[nodiscard]] double length_m(std::size_t edge) const noexcept { return length_m_[edge]; }
    [[nodiscard]] std::uint32_t slot_of(std::size_t edge) const noexcept { return slot_of_[edge]; }

    // Chains.
    [[nodiscard]] std::uint32_t left(std::size_t chain) const noexcept { return left_[chain]; }
    [[nodiscard]] std::uint32_t right(std::size_t chain) const noexcept { return right_[chain]; }
    [[nodiscard]] std::uint32_t first_slot(std::size_t chain) const noexcept { return first_slot_[chain]; }
    [[nodiscard]] std::uint32_t end_slot(std::size_t chain) const noexcept { return first_slot_[chain + 1]; }

    // Slots.
    [[nodiscard]] std::uint32_t chain_of(std::size_t slot) const noexcept { return chain_of_[slot]; }
    [[nodiscard]] std::uint32_t edge_of(std::size_t slot) const noexcept { return edge_of_[slot] >> 1; }
    // The edge's tail is on the chain's right.
    [[nodiscard]] bool is_turned(std::size_t slot) const noexcept { return (edge_of_[slot] & 1U) != 0; }
    // Street length in whole quanta, and the sum over the chain's slots before this one. Sums of quanta are exact in
    // double, whatever their order.
    [[nodiscard]] double quanta(std::size_t slot) const noexcept { return quanta_[slot]; }
    [[nodiscard]] double quanta_before(std::size_t slot) const noexcept { return quanta_before_[slot]; }
    [[nodiscard]] double chain_quanta(std::size_t chain) const noexcept {
        const std::size_t last = end_slot(chain) - 1;
        return quanta_before_[last] + quanta_[last];
    }
    [[nodiscard]] double quantum_m() const noexcept { return quantum_m_; }

    // Nodes as given. A node without edges has neither junction nor inner slot.
    [[nodiscard]] std::uint32_t junction_of(std::size_t node) const noexcept {
        return (home_[node] & kInner) == 0 ? home_[node] : kNone;
    }
    // The slot whose left end the node is, for a node inside a chain.
    [[nodiscard]] std::uint32_t inner_slot_of(std::size_t node) const noexcept {
        return home_[node] != kNone && (home_[node] & kInner) != 0 ? home_[node] & ~kInner : kNone;
    }

  private:
    static constexpr std::uint32_t kInner = 0x8000'0000U;

    struct Touching {
        std::vector<std::uint32_t> first, edge;
    };
    [[nodiscard]] Touching touching() const;
    [[nodiscard]] std::uint32_t other_end(std::uint32_t edge, std::uint32_t node) const noexcept {
        return tail_[edge] == node ? head_[edge] : tail_[edge];
    }
    [[nodiscard]] std::vector<char> find_junctions(const StreetArrays& arrays, const Touching& touching) const;
    void number_junctions(const StreetArrays& arrays, const std::vector<char>& is_junction, const Touching& touching);
    void lay_chains(const std::vector<char>& is_junction, const Touching& touching);
    void measure();

    std::vector<std::uint32_t> tail_, head_;
    std::vector<double> length_m_;
    std::vector<std::uint32_t> home_, node_of_junction_;
    std::vector<std::uint32_t> left_, right_, first_slot_;
    std::vector<std::uint32_t> chain_of_, edge_of_, slot_of_;
    std::vector<double> quanta_, quanta_before_;
    double quantum_m_ = 1.0;
};

// The largest power of two in which a sum of `total` still counts exactly in double.
[[nodiscard]] double exact_quantum(double total) noexcept;

}  // namespace circle15
