#include "search.hpp"

namespace circle15 {

Search::Search(const Graph& graph, const Progress& progress)
    : graph_(graph), progress_(progress), time_(graph.n_nodes(), kUnreached) {}

void Search::offer(std::uint32_t node, Ms time) {
    if (time > cutoff_ || time >= time_[node]) {
        return;
    }
    if (time_[node] == kUnreached) {
        reached_.push_back(node);
    }
    time_[node] = time;
    queue_.push(time, {node, time});
}

void Search::run(const Place& start, Ms cutoff, Way way) {
    for (const std::uint32_t node : reached_) {
        time_[node] = kUnreached;
    }
    reached_.clear();
    if (!start.linked() || start.access > cutoff) {
        return;
    }
    cutoff_ = cutoff;
    queue_.start(cutoff);
    const bool from = way == Way::kFrom;
    offer(graph_.tail(start.edge), plus(start.access, from ? start.to_tail : start.from_tail));
    offer(graph_.head(start.edge), plus(start.access, from ? start.to_head : start.from_head));
    std::size_t until_look = 4096;
    Entry entry{};
    while (queue_.pop(entry)) {
        if (--until_look == 0) {
            until_look = 4096;
            if (progress_.cancelled.load(std::memory_order_relaxed)) {
                queue_.clear();
                throw Cancelled{};
            }
        }
        if (entry.time != time_[entry.node]) {
            continue;
        }
        for (const Arc& arc : from ? graph_.out(entry.node) : graph_.in(entry.node)) {
            offer(arc.head, entry.time + arc.ms);
        }
    }
}

}  // namespace circle15
