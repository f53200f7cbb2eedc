// One bounded search: walking times from some nodes to every node within the cutoff.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bucket_queue.hpp"
#include "graph.hpp"
#include "places.hpp"
#include "workers.hpp"

namespace circle15 {

// Which way the walk goes: away from the start, or towards it (times to the start, for asymmetric profiles).
enum class Way : bool { kFrom, kTowards };

// Reused from search to search by one thread; resetting costs what the last search touched.
class Search {
  public:
    Search(const Graph& graph, const Progress& progress);

    // Walks from (or towards) a place, its access leg paid. Afterwards time(node) <= cutoff or kUnreached.
    void run(const Place& start, Ms cutoff, Way way);

    [[nodiscard]] Ms time(std::uint32_t node) const noexcept { return time_[node]; }
    [[nodiscard]] std::span<const std::uint32_t> reached() const noexcept { return reached_; }

  private:
    struct Entry {
        std::uint32_t node;
        Ms time;
    };
    void offer(std::uint32_t node, Ms time);

    const Graph& graph_;
    const Progress& progress_;
    std::vector<Ms> time_;
    std::vector<std::uint32_t> reached_;
    BucketQueue<Entry> queue_;
    Ms cutoff_ = 0;
};

}  // namespace circle15
