// One bounded search: walking times from, or to, a place at every junction within the cutoff.
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

    // Walks from (or towards) a place, its access leg paid. Afterwards time(junction) <= cutoff or kUnreached.
    void run(const Place& start, Ms cutoff, Way way);

    // Walks from several places at once: the least time over all of them.
    void run_from_all(std::span<const Place* const> starts, Ms cutoff);

    [[nodiscard]] Ms time(std::uint32_t junction) const noexcept { return time_[junction]; }
    [[nodiscard]] std::span<const std::uint32_t> reached() const noexcept { return reached_; }

    // Calls visit(chain) once for every chain that the last search, `way`, enters from a reached junction.
    template <class Visit>
    void for_each_chain(Way way, const Visit& visit) const {
        const bool from = way == Way::kFrom;
        const Streets& streets = graph_.streets();
        for (const std::uint32_t junction : reached_) {
            for (const ArcChain arc : from ? graph_.out_chains(junction) : graph_.in_chains(junction)) {
                const std::uint32_t chain = arc.chain();
                // From its right a chain is visited only where it is not from its left.
                const Ms from_left = from ? graph_.chain_ahead(chain) : graph_.chain_behind(chain);
                if (arc.from_left() || from_left == kUnreached || time_[streets.left(chain)] == kUnreached) {
                    visit(chain);
                }
            }
        }
    }

  private:
    struct Entry {
        std::uint32_t junction;
        Ms time;
    };
    void reset(Ms cutoff);
    void offer(std::uint32_t junction, Ms time);
    void offer_ends(const Place& start, bool from);
    void settle(bool from);

    const Graph& graph_;
    const Progress& progress_;
    std::vector<Ms> time_;
    std::vector<std::uint32_t> reached_;
    BucketQueue<Entry> queue_;
    Ms cutoff_ = 0;
};

// From the last search, kFrom `start`, or kTowards it: walking time to (from) another place, both access legs paid.
[[nodiscard]] Ms time_to(const Search& search, const Streets& streets, const Place& start, const Place& to,
                         Way way) noexcept;

// Walking time to every node of the network as given, from one place.
[[nodiscard]] std::vector<Ms> node_times(const Graph& graph, const Search& search, const Place& start, Ms cutoff);

}  // namespace circle15
