#include "cover.hpp"

#include <algorithm>

namespace circle15 {

namespace {

// What one walker covers of a chain: slots from end to end, and a part of the next.
struct Walked {
    std::size_t slots = 0;
    double quanta = 0.0;
};

// Two walkers from both ends. Where they do not meet their parts are disjoint; where they do the sum passes the total.
Cover meet(std::size_t n_slots, double total, const Walked& from_left, const Walked& from_right) noexcept {
    return {static_cast<std::int32_t>(std::min(n_slots - 1, from_left.slots + from_right.slots)),
            std::min(total, from_left.quanta + from_right.quanta)};
}

// How many of the ascending times lie before `time`. Chains are short: counting all guesses no branch wrong.
std::size_t n_before(std::span<const Ms> times, std::uint64_t time) noexcept {
    constexpr std::size_t kShort = 16;
    if (times.size() > kShort) {
        return static_cast<std::size_t>(std::ranges::lower_bound(times, time) - times.begin());
    }
    std::size_t n = 0;
    for (const Ms each : times) {
        n += each < time ? 1 : 0;
    }
    return n;
}

Walked walk_ahead(const Graph& graph, std::uint32_t chain, Ms start, Ms cutoff) noexcept {
    const Streets& streets = graph.streets();
    const Ms whole_chain = graph.chain_ahead(chain);
    if (start > cutoff || whole_chain == kUnreached) {
        return {};
    }
    const Ms left = cutoff - start;
    const std::size_t first = streets.first_slot(chain), end = streets.end_slot(chain);
    if (left >= whole_chain) {
        return {end - first, graph.lane_chain(chain).quanta};
    }
    // The slot in which the walk ends: the last one whose left end is reached.
    const auto before = graph.all_ahead_before().subspan(first, end - first);
    const std::size_t ends_in = n_before(before, std::uint64_t{left} + 1) - 1;
    const std::size_t slot = first + ends_in;
    return {ends_in, streets.quanta_before(slot) + whole((left - before[ends_in]) * graph.ahead_rate(slot))};
}

Walked walk_behind(const Graph& graph, std::uint32_t chain, Ms start, Ms cutoff) noexcept {
    const Streets& streets = graph.streets();
    const Ms whole_chain = graph.chain_behind(chain);
    if (start > cutoff || whole_chain == kUnreached) {
        return {};
    }
    const Ms left = cutoff - start;
    const std::size_t first = streets.first_slot(chain), end = streets.end_slot(chain);
    if (left >= whole_chain) {
        return {end - first, graph.lane_chain(chain).quanta};
    }
    // The slot in which the walk ends: the first one whose right end is reached. Slots of 0 ms beside that end count.
    const Ms not_reached = whole_chain - left;
    const auto before = graph.all_behind_before().subspan(first, end - first);
    const std::size_t reached = n_before(before, not_reached);
    const std::size_t slot = first + reached - 1;
    const Ms slot_end = before[reached - 1] + graph.behind(slot);
    const double beyond = graph.lane_chain(chain).quanta - streets.quanta_before(slot) - streets.quanta(slot);
    return {end - first - reached, beyond + whole((slot_end - not_reached) * graph.behind_rate(slot))};
}

// One slot, or the part of it on one side of a start.
struct Link {
    Ms ahead, behind;
    double quanta;
};

// Some slots in a row; the outermost may be cut short.
struct Row {
    std::size_t first, end;
    Link front, back;
};

Link link_of(const Graph& graph, const Row& row, std::size_t slot) noexcept {
    if (slot == row.first) {
        return row.front;
    }
    if (slot + 1 == row.end) {
        return row.back;
    }
    return {graph.ahead(slot), graph.behind(slot), graph.streets().quanta(slot)};
}

void step(Walked& walked, Ms& left, Ms ms, double quanta) noexcept {
    if (ms <= left) {
        left -= ms;
        ++walked.slots;
        walked.quanta += quanta;
    } else {
        walked.quanta += ms == kUnreached ? 0.0 : whole(left * (quanta / ms));
        left = kUnreached;  // the walk has ended
    }
}

Cover cover_row(const Graph& graph, const Row& row, Ms at_left, Ms at_right, Ms cutoff) noexcept {
    Walked ahead, behind;
    double total = 0.0;
    Ms left = at_left <= cutoff ? cutoff - at_left : kUnreached;
    for (std::size_t slot = row.first; slot < row.end; ++slot) {
        const Link link = link_of(graph, row, slot);
        total += link.quanta;
        if (left != kUnreached) {
            step(ahead, left, link.ahead, link.quanta);
        }
    }
    left = at_right <= cutoff ? cutoff - at_right : kUnreached;
    for (std::size_t slot = row.end; left != kUnreached && slot-- > row.first;) {
        const Link link = link_of(graph, row, slot);
        step(behind, left, link.behind, link.quanta);
    }
    return meet(row.end - row.first, total, ahead, behind);
}

// a - b, where a way that may not be walked stays so.
Ms less(Ms a, Ms b) noexcept { return a == kUnreached ? kUnreached : a - b; }

}  // namespace

Cover cover_chain(const Graph& graph, std::uint32_t chain, Ms at_left, Ms at_right, Ms cutoff) noexcept {
    const Streets& streets = graph.streets();
    const std::size_t n_slots = streets.end_slot(chain) - streets.first_slot(chain);
    // Walkers who meet cover all, though each one's part is rounded by itself; the lane kernel says so from the times.
    if (graph.is_symmetric() && at_left <= cutoff && at_right <= cutoff &&
        (cutoff - at_left) + (cutoff - at_right) >= graph.chain_ahead(chain)) {
        return {static_cast<std::int32_t>(n_slots - 1), graph.lane_chain(chain).quanta};
    }
    return meet(n_slots, graph.lane_chain(chain).quanta,
                walk_ahead(graph, chain, at_left, cutoff), walk_behind(graph, chain, at_right, cutoff));
}

Cover cover_own_chain(const Graph& graph, const Place& start, Ms at_left, Ms at_right, Ms cutoff) noexcept {
    const Streets& streets = graph.streets();
    const std::size_t first = streets.first_slot(start.chain), end = streets.end_slot(start.chain);
    const std::size_t slot = start.slot;
    const Link own{graph.ahead(slot), graph.behind(slot), streets.quanta(slot)};
    const double quanta_left = whole(own.quanta * start.share);
    const Link left_part{less(start.from_left, graph.ahead_before(slot)), less(start.to_left, graph.behind_before(slot)),
                         quanta_left};
    const Link right_part{less(own.ahead, left_part.ahead), less(own.behind, left_part.behind),
                          own.quanta - quanta_left};
    const auto front_of = [&](std::size_t other) {
        return Link{graph.ahead(other), graph.behind(other), streets.quanta(other)};
    };
    const Row left{first, slot + 1, slot == first ? left_part : front_of(first), left_part};
    const Row right{slot, end, right_part, slot + 1 == end ? right_part : front_of(end - 1)};
    const Cover before = cover_row(graph, left, at_left, start.access, cutoff);
    const Cover after = cover_row(graph, right, start.access, at_right, cutoff);
    return {before.nodes + after.nodes, before.quanta + after.quanta};
}

}  // namespace circle15
