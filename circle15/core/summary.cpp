#include "summary.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <numeric>

#include "cover.hpp"
#include "search.hpp"
#include "tile.hpp"

namespace circle15 {

namespace {

struct Sums {
    std::int64_t nodes = 0;
    double quanta = 0.0;
    double weight = 0.0;
};

// One origin by itself: for few or scattered origins, and for cutoffs beyond the lanes' range.
Sums add_up_one(const Graph& graph, Search& search, const Place& start, const Targets& targets, Ms cutoff) {
    Sums sums;
    const Streets& streets = graph.streets();
    search.run(start, cutoff, Way::kFrom);
    sums.nodes = static_cast<std::int64_t>(search.reached().size());
    const auto weigh = [&](std::span<const std::uint32_t> places) {
        for (const std::uint32_t j : places) {
            const bool is_in = time_to(search, streets, start, targets.places[j], Way::kFrom) <= cutoff;
            sums.weight += is_in ? targets.quanta[j] : 0.0;
        }
    };
    const auto add = [&](const Cover& cover) {
        sums.nodes += cover.nodes;
        sums.quanta += cover.quanta;
    };
    for (const std::uint32_t junction : search.reached()) {
        weigh(targets.index.at_junction(junction));
    }
    search.for_each_chain(Way::kFrom, [&](std::uint32_t chain) {
        if (chain != start.chain) {
            add(cover_chain(graph, chain, search.time(streets.left(chain)), search.time(streets.right(chain)), cutoff));
            weigh(targets.index.in_chain(chain));
        }
    });
    if (!start.at_junction()) {
        add(cover_own_chain(graph, start, search.time(streets.left(start.chain)),
                            search.time(streets.right(start.chain)), cutoff));
        weigh(targets.index.in_chain(start.chain));
    }
    return sums;
}

// The lane kernel's work space, over one tile after another.
class Lanes {
  public:
    Lanes(const Graph& graph, const Targets& targets, Ms cutoff, const LaneKernel& kernel, const Progress& progress)
        : graph_(graph), targets_(targets), cutoff_(cutoff), kernel_(kernel), progress_(progress), tile_(graph) {}

    // `search` ran from all starts of the groups to come.
    void lay(const Search& search) {
        tile_.lay(search, targets_, cutoff_);
        const LaneTile tile = tile_.view();
        times_.resize(std::max<std::size_t>(times_.size(), tile.n_nodes + 1));
        is_reached_.resize(times_.size());
        is_waiting_.resize(std::max<std::size_t>(is_waiting_.size(), tile.n_nodes / 64 + 1));
        partial_chain_.resize(std::max<std::size_t>(partial_chain_.size(), tile.n_chains + 1));
        partial_lanes_.resize(partial_chain_.size());
    }

    // Adds up for up to kLanes origins of the tile; returns how full the lanes were, 0 to 1.
    double run(std::span<const Place* const> starts, std::span<Sums> sums) {
        const LaneQuery query{tile_.view(), static_cast<std::int32_t>(cutoff_),
                              [](const void* context) {
                                  const auto* progress = static_cast<const Progress*>(context);
                                  return progress->cancelled.load(std::memory_order_relaxed);
                              },
                              &progress_};
        LaneSpace space{times_.data(), is_waiting_.data(), is_reached_.data(), partial_chain_.data(), partial_lanes_.data(), 0};
        LaneStart lane_starts[kLanes];
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            lane_starts[lane] = lane < starts.size() ? lane_start(*starts[lane]) : LaneStart{{kNoNode, kNoNode}, {0, 0}};
        }
        if (!kernel_.search(query, space, lane_starts)) {
            throw Cancelled{};
        }
        LaneSums lanes{};
        kernel_.add_up(query, space, lanes);
        for (std::uint32_t k = 0; k < space.n_partial; ++k) {
            add_partial(tile_.chain(partial_chain_[k]), partial_lanes_[k], lanes);
        }
        std::int64_t junctions = 0;
        for (std::size_t lane = 0; lane < starts.size(); ++lane) {
            sums[lane] = {lanes.junctions[lane] + lanes.nodes[lane], lanes.quanta[lane], lanes.weight[lane]};
            if (!starts[lane]->at_junction()) {
                correct_own_chain(*starts[lane], lane, sums[lane]);
            }
            junctions += lanes.junctions[lane];
        }
        return lanes.n_shared == 0 ? 1.0 : static_cast<double>(junctions) / (static_cast<double>(kLanes) * lanes.n_shared);
    }

  private:
    [[nodiscard]] LaneStart lane_start(const Place& place) const {
        LaneStart start{{kNoNode, kNoNode}, {0, 0}};
        if (place.at_junction()) {
            start.node[0] = tile_.node_of(place.junction);
            start.time[0] = static_cast<std::int32_t>(place.access);
            return start;
        }
        const std::uint32_t ends[2] = {graph_.streets().left(place.chain), graph_.streets().right(place.chain)};
        const Ms times[2] = {plus(place.to_left, place.access), plus(place.to_right, place.access)};
        for (std::size_t end = 0; end < 2; ++end) {
            if (times[end] <= cutoff_) {
                start.node[end] = tile_.node_of(ends[end]);
                start.time[end] = static_cast<std::int32_t>(times[end]);
            }
        }
        return start;
    }

    // Walking time at a node of the tile; none at its last node, nor at a junction outside (kNoNode).
    [[nodiscard]] Ms time(std::uint32_t node, std::size_t lane) const {
        const auto time = node == kNoNode ? kUnreached : static_cast<Ms>(times_[node].at[lane]);
        return time <= cutoff_ ? time : kUnreached;
    }

    void add_partial(const LaneChain& chain, std::uint32_t lanes_set, LaneSums& lanes) const {
        for (std::uint32_t set = lanes_set; set != 0; set &= set - 1) {
            const auto lane = static_cast<std::size_t>(std::countr_zero(set));
            const Cover cover = cover_chain(graph_, chain.id, time(chain.left, lane), time(chain.right, lane), cutoff_);
            lanes.nodes[lane] += cover.nodes;
            lanes.quanta[lane] += cover.quanta;
        }
    }

    // The kernel knows the walk from a chain's ends only; in its own chain an origin also walks from where it stands.
    void correct_own_chain(const Place& start, std::size_t lane, Sums& sums) const {
        const Ms at_left = time(tile_.node_of(graph_.streets().left(start.chain)), lane);
        const Ms at_right = time(tile_.node_of(graph_.streets().right(start.chain)), lane);
        const Cover by_ends = cover_chain(graph_, start.chain, at_left, at_right, cutoff_);
        const Cover exact = cover_own_chain(graph_, start, at_left, at_right, cutoff_);
        sums.nodes += exact.nodes - by_ends.nodes;
        sums.quanta += exact.quanta - by_ends.quanta;
        for (const std::uint32_t j : targets_.index.in_chain(start.chain)) {
            const Place& to = targets_.places[j];
            const Ms by_end = plus(std::min(plus(at_left, to.from_left), plus(at_right, to.from_right)), to.access);
            const Ms straight = plus(plus(start.access, along_chain(start, to)), to.access);
            sums.weight += by_end > cutoff_ && straight <= cutoff_ ? targets_.quanta[j] : 0.0;
        }
    }

    const Graph& graph_;
    const Targets& targets_;
    Ms cutoff_;
    const LaneKernel& kernel_;
    const Progress& progress_;
    Tile tile_;
    std::vector<LaneTimes> times_;
    std::vector<std::uint64_t> is_waiting_;
    std::vector<std::uint8_t> is_reached_;
    std::vector<std::uint32_t> partial_chain_;
    std::vector<std::uint16_t> partial_lanes_;
};

// Origins that walk at all, neighbours next to each other: in the order of their chains.
std::vector<std::uint32_t> walking_order(const Graph& graph, std::span<const Place> origins, Ms cutoff) {
    const Streets& streets = graph.streets();
    const auto key = [&](const Place& place) {
        return place.at_junction() ? place.junction : streets.left(place.chain);
    };
    std::vector<std::uint32_t> first(graph.n_junctions() + 1, 0);
    for (const Place& place : origins) {
        if (place.linked() && place.access <= cutoff) {
            ++first[key(place) + 1];
        }
    }
    std::partial_sum(first.begin(), first.end(), first.begin());
    std::vector<std::uint32_t> order(first.back());
    for (std::size_t i = 0; i < origins.size(); ++i) {
        if (origins[i].linked() && origins[i].access <= cutoff) {
            order[first[key(origins[i])]++] = static_cast<std::uint32_t>(i);
        }
    }
    return order;
}

// One thread's searches. Lanes that are hardly shared cost more than they save; then origins go one by one for a while.
class Worker {
  public:
    Worker(const Graph& graph, const Targets& targets, Ms cutoff, const SummaryPlan& plan, const Progress& progress)
        : graph_(graph), targets_(targets), cutoff_(cutoff), plan_(plan), progress_(progress), search_(graph, progress) {}

    void run(std::span<const Place* const> starts, std::span<Sums> sums) {
        std::size_t done = 0;
        if (wants_lanes(starts.size())) {
            if (!lanes_) {
                lanes_ = std::make_unique<Lanes>(graph_, targets_, cutoff_, plan_.kernel, progress_);
            }
            search_.run_from_all(starts, cutoff_);
            lanes_->lay(search_);
            while (done < starts.size() && one_by_one_ == 0) {
                const std::size_t n = std::min<std::size_t>(kLanes, starts.size() - done);
                const double fullness = lanes_->run(starts.subspan(done, n), sums.subspan(done, n));
                if (plan_.mode == SummaryPlan::Mode::kAuto && fullness < kSharedEnough) {
                    one_by_one_ = kTilesBeforeRetry;
                }
                done += n;
            }
        }
        for (; done < starts.size(); ++done) {
            sums[done] = add_up_one(graph_, search_, *starts[done], targets_, cutoff_);
        }
    }

  private:
    static constexpr double kSharedEnough = 0.15;
    static constexpr int kTilesBeforeRetry = 3;

    [[nodiscard]] bool wants_lanes(std::size_t n_starts) {
        if (plan_.mode == SummaryPlan::Mode::kOneByOne || cutoff_ > static_cast<Ms>(kLongestLaneCutoff)) {
            return false;
        }
        if (plan_.mode == SummaryPlan::Mode::kLanes) {
            return true;
        }
        if (one_by_one_ > 0) {
            --one_by_one_;
            return false;
        }
        return n_starts >= kLanes / 2;
    }

    const Graph& graph_;
    const Targets& targets_;
    Ms cutoff_;
    SummaryPlan plan_;
    const Progress& progress_;
    Search search_;
    std::unique_ptr<Lanes> lanes_;
    int one_by_one_ = 0;
};

// Origins of one tile, a multiple of kLanes.
constexpr std::size_t kTile = 128;

}  // namespace

Summary reach_summary(const Graph& graph, std::span<const Place> origins, Ms cutoff,
                      std::span<const Place> destinations, std::span<const double> weights, const Run& run,
                      const SummaryPlan& plan) {
    const Targets targets(graph, destinations, weights);
    Summary summary{std::vector<std::int64_t>(origins.size()), std::vector<double>(origins.size()),
                    std::vector<double>(origins.size())};
    const std::vector<std::uint32_t> order = walking_order(graph, origins, cutoff);
    const double quantum_m = graph.streets().quantum_m();
    std::vector<std::unique_ptr<Worker>> workers(run.n_threads);
    run_blocks(order.size(), kTile, run, [&](std::size_t w, std::size_t begin, std::size_t end) {
        if (!workers[w]) {
            workers[w] = std::make_unique<Worker>(graph, targets, cutoff, plan, run.progress);
        }
        const Place* starts[kTile];
        Sums sums[kTile];
        const std::size_t n = end - begin;
        for (std::size_t k = 0; k < n; ++k) {
            starts[k] = &origins[order[begin + k]];
        }
        workers[w]->run({starts, n}, {sums, n});
        for (std::size_t k = 0; k < n; ++k) {
            const std::size_t i = order[begin + k];
            summary.nodes[i] = sums[k].nodes;
            summary.length_m[i] = sums[k].quanta * quantum_m;
            summary.weight[i] = sums[k].weight * targets.quantum;
        }
    });
    return summary;
}

}  // namespace circle15
