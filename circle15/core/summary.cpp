#include "summary.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <numeric>

#include "cover.hpp"
#include "search.hpp"

namespace circle15 {

namespace {

// Destinations with their weights in quanta, in the two forms that the searches take.
class Targets {
  public:
    Targets(const Graph& graph, std::span<const Place> places, std::span<const double> weights)
        : index(graph, places), places_(places), quanta_(weights.size()) {
        double total = 0.0;
        for (const double weight : weights) {
            total += std::abs(weight);
        }
        quantum = exact_quantum(total);
        for (std::size_t j = 0; j < weights.size(); ++j) {
            quanta_[j] = std::nearbyint(weights[j] / quantum);
        }
        if (!index.empty()) {
            lay_lanes(graph);
        }
    }

    [[nodiscard]] const Place& place(std::uint32_t j) const { return places_[j]; }
    [[nodiscard]] double quanta(std::uint32_t j) const { return quanta_[j]; }
    [[nodiscard]] LaneTargets lanes() const {
        if (first_.empty()) {
            return {nullptr, nullptr, nullptr, nullptr, 0};
        }
        return {first_.data(), target_.data(), farthest_.data(), total_.data(), n_chains_};
    }

    PlaceIndex index;
    double quantum;

  private:
    void lay_lanes(const Graph& graph) {
        const auto in_lane = [](Ms ms) { return static_cast<std::int32_t>(std::min<Ms>(ms, kMostLaneMs + 1)); };
        n_chains_ = static_cast<std::uint32_t>(graph.streets().n_chains());
        const std::size_t n_rows = n_chains_ + graph.n_junctions();
        first_.reserve(n_rows + 1);
        farthest_.reserve(n_rows);
        total_.reserve(n_rows);
        first_.push_back(0);
        for (std::uint32_t row = 0; row < n_rows; ++row) {
            std::int32_t farthest = 0;
            double total = 0.0;
            for (const std::uint32_t j : index.in_chain(row)) {
                const Place& at = places_[j];
                const Ms by_left = at.at_junction() ? at.access : plus(at.from_left, at.access);
                const Ms by_right = at.at_junction() ? at.access : plus(at.from_right, at.access);
                target_.push_back({quanta_[j], in_lane(by_left), in_lane(by_right)});
                farthest = std::max({farthest, in_lane(by_left), in_lane(by_right)});
                total += quanta_[j];
            }
            first_.push_back(static_cast<std::uint32_t>(target_.size()));
            farthest_.push_back(farthest);
            total_.push_back(total);
        }
    }

    std::span<const Place> places_;
    std::vector<double> quanta_;
    std::uint32_t n_chains_ = 0;
    std::vector<std::uint32_t> first_;
    std::vector<LaneTarget> target_;
    std::vector<std::int32_t> farthest_;
    std::vector<double> total_;
};

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
            const bool is_in = time_to(search, streets, start, targets.place(j), Way::kFrom) <= cutoff;
            sums.weight += is_in ? targets.quanta(j) : 0.0;
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

// The lane kernel's work space and its query.
class Lanes {
  public:
    Lanes(const Graph& graph, const Targets& targets, Ms cutoff, const LaneKernel& kernel, const Progress& progress)
        : graph_(graph),
          targets_(targets),
          cutoff_(cutoff),
          kernel_(kernel),
          query_{graph.lanes(), targets.lanes(), static_cast<std::int32_t>(cutoff),
                 [](const void* context) {
                     return static_cast<const Progress*>(context)->cancelled.load(std::memory_order_relaxed);
                 },
                 &progress},
          times_(graph.n_junctions()),
          reached_(graph.n_junctions()),
          next_(graph.n_junctions()),
          previous_(graph.n_junctions()),
          bucket_of_(graph.n_junctions(), kUnseen),
          partial_chain_(graph.streets().n_chains()),
          partial_lanes_(graph.streets().n_chains()) {
        std::uint32_t shift = kNarrowestShift;
        while ((cutoff >> shift) >= kMostBuckets) {
            ++shift;
        }
        bucket_.assign((cutoff >> shift) + 1, kNoJunction);
        LaneTimes unreached;
        std::fill(std::begin(unreached.at), std::end(unreached.at), static_cast<std::int32_t>(cutoff) + 1);
        std::fill(times_.begin(), times_.end(), unreached);
        space_ = {times_.data(),     reached_.data(), 0,     next_.data(),          previous_.data(),      bucket_of_.data(),
                  bucket_.data(), static_cast<std::uint32_t>(bucket_.size()), shift, partial_chain_.data(),
                  partial_lanes_.data(), 0};
    }

    // Adds up for up to kLanes origins; returns how full the lanes were, 0 to 1.
    double run(std::span<const Place* const> starts, std::span<Sums> sums) {
        LaneStart lane_starts[kLanes];
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            lane_starts[lane] = lane < starts.size() ? lane_start(*starts[lane]) : LaneStart{{kNoJunction, kNoJunction}, {0, 0}};
        }
        if (!kernel_.search(query_, space_, lane_starts)) {
            throw Cancelled{};
        }
        LaneSums lanes{};
        kernel_.add_up(query_, space_, lanes);
        for (std::uint32_t k = 0; k < space_.n_partial; ++k) {
            const std::uint32_t chain = space_.partial_chain[k];
            for (std::uint32_t set = space_.partial_lanes[k]; set != 0; set &= set - 1) {
                const int lane = std::countr_zero(set);
                const Cover cover = cover_chain(graph_, chain, left_time(chain, lane), right_time(chain, lane), cutoff_);
                lanes.nodes[lane] += cover.nodes;
                lanes.quanta[lane] += cover.quanta;
            }
        }
        std::int64_t junctions = 0;
        for (std::size_t lane = 0; lane < starts.size(); ++lane) {
            sums[lane] = {lanes.junctions[lane] + lanes.nodes[lane], lanes.quanta[lane], lanes.weight[lane]};
            if (!starts[lane]->at_junction()) {
                correct_own_chain(*starts[lane], static_cast<int>(lane), sums[lane]);
            }
            junctions += lanes.junctions[lane];
        }
        const double fullness = space_.n_reached == 0 ? 1.0 : static_cast<double>(junctions) / (kLanes * static_cast<double>(space_.n_reached));
        kernel_.reset(query_, space_);
        return fullness;
    }

  private:
    static constexpr std::uint32_t kNarrowestShift = 13;
    static constexpr std::uint32_t kMostBuckets = 1024;

    [[nodiscard]] LaneStart lane_start(const Place& place) const {
        if (place.at_junction()) {
            return {{place.junction, kNoJunction}, {static_cast<std::int32_t>(place.access), 0}};
        }
        LaneStart start{{kNoJunction, kNoJunction}, {0, 0}};
        const std::uint32_t ends[2] = {graph_.streets().left(place.chain), graph_.streets().right(place.chain)};
        const Ms times[2] = {plus(place.to_left, place.access), plus(place.to_right, place.access)};
        for (std::size_t end = 0; end < 2; ++end) {
            if (times[end] <= cutoff_) {
                start.junction[end] = ends[end];
                start.time[end] = static_cast<std::int32_t>(times[end]);
            }
        }
        return start;
    }

    [[nodiscard]] Ms time(std::uint32_t junction, int lane) const {
        const auto time = static_cast<Ms>(times_[junction].at[lane]);
        return time <= cutoff_ ? time : kUnreached;
    }
    [[nodiscard]] Ms left_time(std::uint32_t chain, int lane) const { return time(graph_.streets().left(chain), lane); }
    [[nodiscard]] Ms right_time(std::uint32_t chain, int lane) const { return time(graph_.streets().right(chain), lane); }

    // The kernel knows the walk from a chain's ends only; in its own chain an origin also walks from where it stands.
    void correct_own_chain(const Place& start, int lane, Sums& sums) const {
        const Ms at_left = left_time(start.chain, lane), at_right = right_time(start.chain, lane);
        const Cover by_ends = cover_chain(graph_, start.chain, at_left, at_right, cutoff_);
        const Cover exact = cover_own_chain(graph_, start, at_left, at_right, cutoff_);
        sums.nodes += exact.nodes - by_ends.nodes;
        sums.quanta += exact.quanta - by_ends.quanta;
        for (const std::uint32_t j : targets_.index.in_chain(start.chain)) {
            const Place& to = targets_.place(j);
            const Ms by_end = plus(std::min(plus(at_left, to.from_left), plus(at_right, to.from_right)), to.access);
            const Ms straight = plus(plus(start.access, along_chain(start, to)), to.access);
            sums.weight += by_end > cutoff_ && straight <= cutoff_ ? targets_.quanta(j) : 0.0;
        }
    }

    const Graph& graph_;
    const Targets& targets_;
    Ms cutoff_;
    const LaneKernel& kernel_;
    LaneQuery query_;
    std::vector<LaneTimes> times_;
    std::vector<std::uint32_t> reached_, next_, previous_;
    std::vector<std::uint16_t> bucket_of_;
    std::vector<std::uint32_t> bucket_, partial_chain_;
    std::vector<std::uint16_t> partial_lanes_;
    LaneSpace space_{};
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
        : graph_(graph), targets_(targets), cutoff_(cutoff), plan_(plan), progress_(progress) {}

    void run(std::span<const Place* const> starts, std::span<Sums> sums) {
        if (wants_lanes(starts.size())) {
            if (!lanes_) {
                lanes_ = std::make_unique<Lanes>(graph_, targets_, cutoff_, plan_.kernel, progress_);
            }
            if (lanes_->run(starts, sums) < kSharedEnough) {
                one_by_one_ = kGroupsBeforeRetry;
            }
            return;
        }
        if (!search_) {
            search_ = std::make_unique<Search>(graph_, progress_);
        }
        for (std::size_t i = 0; i < starts.size(); ++i) {
            sums[i] = add_up_one(graph_, *search_, *starts[i], targets_, cutoff_);
        }
    }

  private:
    static constexpr double kSharedEnough = 0.25;
    static constexpr int kGroupsBeforeRetry = 15;

    [[nodiscard]] bool wants_lanes(std::size_t n_starts) {
        if (plan_.mode == SummaryPlan::Mode::kOneByOne || cutoff_ > static_cast<Ms>(kMostLaneMs)) {
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
    std::unique_ptr<Lanes> lanes_;
    std::unique_ptr<Search> search_;
    int one_by_one_ = 0;
};

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
    run_blocks(order.size(), kLanes, run, [&](std::size_t w, std::size_t begin, std::size_t end) {
        if (!workers[w]) {
            workers[w] = std::make_unique<Worker>(graph, targets, cutoff, plan, run.progress);
        }
        const Place* starts[kLanes];
        Sums sums[kLanes];
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
