#include "search.hpp"

#include <algorithm>

namespace circle15 {

Search::Search(const Graph& graph, const Progress& progress)
    : graph_(graph), progress_(progress), time_(graph.n_junctions(), kUnreached) {}

void Search::offer(std::uint32_t junction, Ms time) {
    if (time > cutoff_ || time >= time_[junction]) {
        return;
    }
    if (time_[junction] == kUnreached) {
        reached_.push_back(junction);
    }
    time_[junction] = time;
    queue_.push(time, {junction, time});
}

void Search::reset(Ms cutoff) {
    for (const std::uint32_t junction : reached_) {
        time_[junction] = kUnreached;
    }
    reached_.clear();
    cutoff_ = cutoff;
    queue_.start(cutoff);
}

void Search::offer_ends(const Place& start, bool from) {
    if (!start.linked() || start.access > cutoff_) {
        return;
    }
    if (start.at_junction()) {
        offer(start.junction, start.access);
    } else {
        offer(graph_.streets().left(start.chain), plus(start.access, from ? start.to_left : start.from_left));
        offer(graph_.streets().right(start.chain), plus(start.access, from ? start.to_right : start.from_right));
    }
}

void Search::run(const Place& start, Ms cutoff, Way way) {
    reset(cutoff);
    offer_ends(start, way == Way::kFrom);
    settle(way == Way::kFrom);
}

void Search::run_from_all(std::span<const Place* const> starts, Ms cutoff) {
    reset(cutoff);
    for (const Place* start : starts) {
        offer_ends(*start, true);
    }
    settle(true);
}

void Search::settle(bool from) {
    constexpr std::size_t kLookEvery = 4096;
    std::size_t until_look = kLookEvery;
    Entry entry{};
    while (queue_.pop(entry)) {
        if (--until_look == 0) {
            until_look = kLookEvery;
            if (progress_.cancelled.load(std::memory_order_relaxed)) {
                queue_.clear();
                throw Cancelled{};
            }
        }
        if (entry.time != time_[entry.junction]) {
            continue;
        }
        for (const Arc& arc : from ? graph_.out(entry.junction) : graph_.in(entry.junction)) {
            offer(arc.head, entry.time + arc.ms);
        }
    }
}

Ms time_to(const Search& search, const Streets& streets, const Place& start, const Place& to, Way way) noexcept {
    if (to.at_junction()) {
        return plus(search.time(to.junction), to.access);
    }
    const bool from = way == Way::kFrom;
    const Ms by_left = plus(search.time(streets.left(to.chain)), from ? to.from_left : to.to_left);
    const Ms by_right = plus(search.time(streets.right(to.chain)), from ? to.from_right : to.to_right);
    const Ms straight = plus(start.access, from ? along_chain(start, to) : along_chain(to, start));
    return plus(std::min({by_left, by_right, straight}), to.access);
}

std::vector<Ms> node_times(const Graph& graph, const Search& search, const Place& start, Ms cutoff) {
    const Streets& streets = graph.streets();
    std::vector<Ms> times(graph.n_nodes(), kUnreached);
    if (!start.linked() || start.access > cutoff) {
        return times;
    }
    for (std::size_t node = 0; node < times.size(); ++node) {
        Place at;
        at.edge = 0;
        if (const std::uint32_t junction = streets.junction_of(node); junction != kNone) {
            at.junction = junction;
        } else if (const std::uint32_t slot = streets.inner_slot_of(node); slot != kNone) {
            at = node_inside_chain(graph, slot);
        } else {
            continue;
        }
        const Ms time = time_to(search, streets, start, at, Way::kFrom);
        times[node] = time <= cutoff ? time : kUnreached;
    }
    return times;
}

}  // namespace circle15
