// The core's own tests: certificates and agreement of all ways of searching, on random graphs. Made to run under
// sanitizers, without Python. Usage: core_test [rounds] [seed]

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "nearest.hpp"
#include "pieces.hpp"
#include "random_world.hpp"
#include "search.hpp"
#include "summary.hpp"
#include "table.hpp"

using namespace circle15;
using namespace circle15::tests;

namespace {

// No edge would shorten any time, and every time but the start's comes in over an edge.
void check_certificate(const World& world, const Place& start, Ms cutoff) {
    const Progress progress;
    Search search(*world.graph, progress);
    search.run(start, cutoff, Way::kFrom);
    const std::vector<Ms> at = node_times(*world.graph, search, start, cutoff);
    std::vector<char> is_tight(at.size(), 0);
    const auto relax = [&](std::int32_t from, std::int32_t to, Ms ms) {
        const std::size_t u = index(from), v = index(to);
        if (ms == kUnreached || at[u] == kUnreached || at[u] + ms > cutoff) {
            return;
        }
        require(at[v] <= at[u] + ms, "an edge would shorten a time");
        is_tight[v] = static_cast<char>(is_tight[v] | (at[v] == at[u] + ms && u != v));
    };
    for (std::size_t e = 0; e < world.tail.size(); ++e) {
        relax(world.tail[e], world.head[e], world.forward[e]);
        relax(world.head[e], world.tail[e], world.backward[e]);
    }
    for (std::size_t v = 0; v < at.size(); ++v) {
        const bool is_end = start.linked() && (v == index(world.tail[start.edge]) || v == index(world.head[start.edge]));
        require(at[v] == kUnreached || is_tight[v] != 0 || is_end, "a time comes from nowhere");
        require(at[v] == kUnreached || at[v] <= cutoff, "a time is beyond the cutoff");
    }
}

void check_summaries(World& world, std::span<const Place> origins, std::span<const Place> destinations, Ms cutoff) {
    std::vector<double> weights;
    for (std::size_t j = 0; j < destinations.size(); ++j) {
        weights.push_back(static_cast<double>(world.pick(1000)) / 7);
    }
    using Mode = SummaryPlan::Mode;
    const SummaryPlan plans[] = {{Mode::kOneByOne, best_lane_kernel()}, {Mode::kLanes, baseline_lane_kernel()},
                                 {Mode::kLanes, best_lane_kernel()},    {Mode::kAuto, best_lane_kernel()}};
    Progress progress;
    std::vector<Summary> made;
    for (const SummaryPlan& plan : plans) {
        for (const std::size_t n_threads : {1U, 3U}) {
            const Run run{n_threads, progress, [] {}};
            made.push_back(reach_summary(*world.graph, origins, cutoff, destinations, weights, run, plan));
            require(made.back().nodes == made.front().nodes, "kernels disagree on nodes");
            require(made.back().length_m == made.front().length_m, "kernels disagree on length");
            require(made.back().weight == made.front().weight, "kernels disagree on weight");
        }
    }
    const Run run{2, progress, [] {}};
    const ReachedPieces pieces = reached_pieces(*world.graph, origins, cutoff, run);
    for (std::size_t i = 0; i < origins.size(); ++i) {
        double length = 0.0;
        for (std::size_t k = index(pieces.indptr[i]); k < index(pieces.indptr[i + 1]); ++k) {
            const double share = static_cast<double>(pieces.to_fraction[k]) - static_cast<double>(pieces.from_fraction[k]);
            require(share >= 0.0 && share <= 1.0, "a piece is no part of its edge");
            length += world.length_m[pieces.edge[k]] * share;
        }
        require(std::abs(length - made.front().length_m[i]) < 0.01, "pieces and summary disagree on length");
    }
}

void check_tables(const World& world, std::span<const Place> origins, std::span<const Place> destinations, Ms cutoff) {
    Progress progress;
    const Run run{3, progress, [] {}};
    const Table table = travel_times(*world.graph, origins, destinations, cutoff, run);
    const Nearest found = nearest(*world.graph, origins, destinations, cutoff, run);
    for (std::size_t i = 0; i < origins.size(); ++i) {
        const Table alone = travel_times(*world.graph, origins.subspan(i, 1), destinations, cutoff, run);
        const std::size_t first = index(table.indptr[i]), n = index(table.indptr[i + 1]) - first;
        require(n == alone.time.size(), "the two sides of the search disagree on who is reached");
        Ms least = kUnreached;
        std::int32_t who = -1;
        for (std::size_t k = 0; k < n; ++k) {
            require(table.destination[first + k] == alone.destination[k] && table.time[first + k] == alone.time[k],
                    "the two sides of the search disagree");
            require(k == 0 || alone.destination[k - 1] < alone.destination[k], "a row is not sorted");
            if (alone.time[k] < least) {
                least = alone.time[k];
                who = alone.destination[k];
            }
        }
        require(found.time[i] == least && found.destination[i] == who, "nearest disagrees with the table");
    }
}

void check_cancelling(const World& world, std::span<const Place> origins) {
    Progress progress;
    progress.cancelled.store(true);
    const Run run{2, progress, [] {}};
    bool is_stopped = origins.empty();
    try {
        static_cast<void>(reached_pieces(*world.graph, origins, 1000, run));
    } catch (const Cancelled&) {
        is_stopped = true;
    }
    require(is_stopped, "a cancelled query went on");
}

void check_round(std::mt19937_64& random) {
    World world(random);
    constexpr Ms cutoffs[] = {0, 1, 1000, 3000, 3001, 10'000, 200'000, kMaxMs};
    // About half of what a lane's time can be, where two walkers who meet add up to more.
    constexpr Ms slow_cutoffs[] = {kMaxMs, kMaxMs, 600'000'000, 1'000'000'000, kMostLaneMs / 2, kMostLaneMs / 2 + 1};
    const Ms cutoff = world.is_slow && world.pick(4) != 0 ? slow_cutoffs[world.pick(6)] : cutoffs[world.pick(8)];
    const std::vector<Place> origins = world.places(world.pick(300)), destinations = world.places(world.pick(60));
    for (std::size_t i = 0; i < origins.size(); i += 37) {
        check_certificate(world, origins[i], cutoff);
    }
    check_summaries(world, origins, destinations, cutoff);
    check_tables(world, origins, destinations, cutoff);
    check_cancelling(world, origins);
}

}  // namespace

int main(int n_arguments, char** arguments) {
    const int n_rounds = n_arguments > 1 ? std::atoi(arguments[1]) : 60;
    const std::uint64_t seed = n_arguments > 2 ? std::stoull(arguments[2]) : 15;
    for (int round = 0; round < n_rounds; ++round) {
        std::mt19937_64 random(seed + static_cast<std::uint64_t>(round));
        try {
            check_round(random);
        } catch (const std::exception& error) {
            std::fprintf(stderr, "round %d (core_test 1 %llu): %s\n", round,
                         static_cast<unsigned long long>(seed) + static_cast<unsigned long long>(round), error.what());
            return 1;
        }
    }
    std::printf("%d random worlds: every certificate holds, all ways of searching agree\n", n_rounds);
    return 0;
}
