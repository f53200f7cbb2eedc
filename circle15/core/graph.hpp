// One profile's walking graph over the shared streets.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "lanes.hpp"
#include "ms.hpp"
#include "streets.hpp"

namespace circle15 {

// A chain seen from one of its ends, walkable from there.
struct Arc {
    std::uint32_t head;  // junction
    Ms ms;
};

// Which chain an arc walks, and from which end.
struct ArcChain {
    std::uint32_t chain_and_side;
    [[nodiscard]] std::uint32_t chain() const noexcept { return chain_and_side >> 1; }
    [[nodiscard]] bool from_left() const noexcept { return (chain_and_side & 1U) == 0; }
};

class Graph {
  public:
    // forward: tail to head, backward: head to tail, both by edge; kUnreached = may not walk.
    Graph(std::shared_ptr<const Streets> streets, std::span<const Ms> forward, std::span<const Ms> backward);

    [[nodiscard]] const Streets& streets() const noexcept { return *streets_; }
    [[nodiscard]] std::size_t n_nodes() const noexcept { return streets_->n_nodes(); }
    [[nodiscard]] std::size_t n_edges() const noexcept { return streets_->n_edges(); }
    [[nodiscard]] std::size_t n_junctions() const noexcept { return streets_->n_junctions(); }
    // Every edge takes the same time both ways.
    [[nodiscard]] bool is_symmetric() const noexcept { return is_symmetric_; }

    // Edges as given.
    [[nodiscard]] Ms forward(std::size_t edge) const noexcept {
        const std::size_t slot = streets_->slot_of(edge);
        return streets_->is_turned(slot) ? behind(slot) : ahead(slot);
    }
    [[nodiscard]] Ms backward(std::size_t edge) const noexcept {
        const std::size_t slot = streets_->slot_of(edge);
        return streets_->is_turned(slot) ? ahead(slot) : behind(slot);
    }

    // Slots: left to right and back; from the chain's left end to the slot's left end and back.
    [[nodiscard]] Ms ahead(std::size_t slot) const noexcept { return ahead_[slot]; }
    [[nodiscard]] Ms behind(std::size_t slot) const noexcept { return behind_[slot]; }
    [[nodiscard]] Ms ahead_before(std::size_t slot) const noexcept { return ahead_before_[slot]; }
    [[nodiscard]] Ms behind_before(std::size_t slot) const noexcept { return behind_before_[slot]; }
    // Street length in quanta per millisecond of walking; of no use where the slot takes 0 ms or may not be walked.
    [[nodiscard]] double ahead_rate(std::size_t slot) const noexcept { return ahead_rate_[slot]; }
    [[nodiscard]] double behind_rate(std::size_t slot) const noexcept {
        return is_symmetric_ ? ahead_rate_[slot] : behind_rate_[slot];
    }
    [[nodiscard]] std::span<const Ms> all_ahead_before() const noexcept { return ahead_before_; }
    [[nodiscard]] std::span<const Ms> all_behind_before() const noexcept { return behind_before_; }
    // Whole chains.
    [[nodiscard]] Ms chain_ahead(std::size_t chain) const noexcept { return chain_ahead_[chain]; }
    [[nodiscard]] Ms chain_behind(std::size_t chain) const noexcept { return chain_behind_[chain]; }

    // Arcs out of a junction, and the arcs into it turned round (heads are where they come from).
    [[nodiscard]] std::span<const Arc> out(std::uint32_t junction) const noexcept { return out_.at(junction); }
    [[nodiscard]] std::span<const Arc> in(std::uint32_t junction) const noexcept { return in().at(junction); }
    [[nodiscard]] std::span<const ArcChain> out_chains(std::uint32_t junction) const noexcept {
        return {out_.chains.data() + out_.first[junction], out_.chains.data() + out_.first[junction + 1]};
    }
    [[nodiscard]] std::span<const ArcChain> in_chains(std::uint32_t junction) const noexcept {
        const Arcs& arcs = in();
        return {arcs.chains.data() + arcs.first[junction], arcs.chains.data() + arcs.first[junction + 1]};
    }
    // A chain as the lane kernel takes it; its ends are junctions.
    [[nodiscard]] const LaneChain& lane_chain(std::size_t chain) const noexcept { return lane_chains_[chain]; }

  private:
    struct Arcs {
        std::vector<std::uint32_t> first;
        std::vector<Arc> arcs;
        std::vector<ArcChain> chains;
        [[nodiscard]] std::span<const Arc> at(std::uint32_t junction) const noexcept {
            return {arcs.data() + first[junction], arcs.data() + first[junction + 1]};
        }
    };
    [[nodiscard]] const Arcs& in() const noexcept { return is_symmetric_ ? out_ : in_; }
    [[nodiscard]] Arcs arcs_along(std::span<const Ms> from_left, std::span<const Ms> from_right) const;

    void lay_lanes();

    std::shared_ptr<const Streets> streets_;
    bool is_symmetric_;
    std::vector<Ms> ahead_, behind_, ahead_before_, behind_before_;
    std::vector<double> ahead_rate_, behind_rate_;
    std::vector<Ms> chain_ahead_, chain_behind_;
    Arcs out_, in_;
    std::vector<LaneChain> lane_chains_;
};

}  // namespace circle15
