// Searches beside an oracle that shares nothing with them: edges as given, 64-bit sums, a heap, no chains, no lanes.
// Usage: oracle_test [searches] [seed]
// A search is one linked start with one cutoff: its time to every node is compared, and those to random places, the nearest
// of these, and the sums of what is reached. Starts that are linked to nothing are compared too, and do not count.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <queue>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include "nearest.hpp"
#include "random_world.hpp"
#include "summary.hpp"
#include "table.hpp"

using namespace circle15;
using namespace circle15::tests;

namespace {

using Time = std::uint64_t;
constexpr Time kNever = std::numeric_limits<Time>::max() / 4;

// An edge's place as a user gives it.
struct Spot {
    std::int64_t edge;  // -1 = unlinked
    double fraction;
    Ms access;
};

Time half_up(double fraction, Ms whole) { return static_cast<Time>(std::floor(fraction * static_cast<double>(whole) + 0.5)); }

class Oracle {
  public:
    explicit Oracle(const World& world) : world_(world), arcs_(world.lon.size()) {
        for (std::size_t e = 0; e < world.tail.size(); ++e) {
            const std::size_t tail = index(world.tail[e]), head = index(world.head[e]);
            if (world.forward[e] != kUnreached) {
                arcs_[tail].emplace_back(head, world.forward[e]);
            }
            if (world.backward[e] != kUnreached) {
                arcs_[head].emplace_back(tail, world.backward[e]);
            }
        }
    }

    // Times to all nodes from a spot.
    [[nodiscard]] std::vector<Time> times(const Spot& from) const {
        std::vector<Time> at(arcs_.size(), kNever);
        if (from.edge < 0) {
            return at;
        }
        std::priority_queue<std::pair<Time, std::size_t>, std::vector<std::pair<Time, std::size_t>>, std::greater<>> heap;
        const auto reach = [&](std::size_t node, Time time) {
            if (time < at[node]) {
                at[node] = time;
                heap.emplace(time, node);
            }
        };
        const std::size_t e = index(from.edge);
        const Ms ahead = world_.forward[e], back = world_.backward[e];
        if (from.fraction == 0.0 || (from.fraction < 1.0 && back != kUnreached)) {
            reach(index(world_.tail[e]), from.access + (from.fraction == 0.0 ? 0 : half_up(from.fraction, back)));
        }
        if (from.fraction == 1.0 || (from.fraction > 0.0 && ahead != kUnreached)) {
            reach(index(world_.head[e]), from.access + (from.fraction == 1.0 ? 0 : ahead - half_up(from.fraction, ahead)));
        }
        while (!heap.empty()) {
            const auto [time, node] = heap.top();
            heap.pop();
            if (time > at[node]) {
                continue;
            }
            for (const auto& [next, ms] : arcs_[node]) {
                reach(next, time + ms);
            }
        }
        return at;
    }

    [[nodiscard]] Time walk(const std::vector<Time>& at, const Spot& from, const Spot& to) const {
        if (from.edge < 0 || to.edge < 0) {
            return kNever;
        }
        const std::size_t e = index(to.edge);
        const Ms ahead = world_.forward[e], back = world_.backward[e];
        Time best = kNever;
        if (to.fraction == 0.0 || (to.fraction < 1.0 && ahead != kUnreached)) {
            best = std::min(best, at[index(world_.tail[e])] + (to.fraction == 0.0 ? 0 : half_up(to.fraction, ahead)));
        }
        if (to.fraction == 1.0 || (to.fraction > 0.0 && back != kUnreached)) {
            best = std::min(best, at[index(world_.head[e])] + (to.fraction == 1.0 ? 0 : back - half_up(to.fraction, back)));
        }
        const bool are_inside = from.fraction > 0.0 && from.fraction < 1.0 && to.fraction > 0.0 && to.fraction < 1.0;
        if (are_inside && from.edge == to.edge) {
            if (from.fraction == to.fraction) {
                best = std::min<Time>(best, from.access);
            } else if (from.fraction < to.fraction && ahead != kUnreached) {
                best = std::min(best, from.access + half_up(to.fraction, ahead) - half_up(from.fraction, ahead));
            } else if (from.fraction > to.fraction && back != kUnreached) {
                best = std::min(best, from.access + half_up(from.fraction, back) - half_up(to.fraction, back));
            }
        }
        return best + to.access;
    }

    // Street length within the cutoff from a node, metres.
    [[nodiscard]] double length(const std::vector<Time>& at, Ms cutoff) const {
        double total = 0.0;
        for (std::size_t e = 0; e < world_.tail.size(); ++e) {
            const auto share = [&](std::int32_t node, Ms whole) {
                const Time time = at[index(node)];
                if (time > cutoff || whole == kUnreached) {
                    return 0.0;
                }
                return whole == 0 ? 1.0 : std::min(1.0, static_cast<double>(cutoff - time) / static_cast<double>(whole));
            };
            total += world_.length_m[e] * std::min(1.0, share(world_.tail[e], world_.forward[e]) + share(world_.head[e], world_.backward[e]));
        }
        return total;
    }

  private:
    const World& world_;
    std::vector<std::vector<std::pair<std::size_t, Ms>>> arcs_;
};

std::vector<Spot> spots(World& world, std::size_t n) {
    constexpr double fractions[] = {0.0, 1.0, 0.5, 0.25, 1.0 / 3, 0.999, 1e-9};
    const std::vector<Ms> accesses = world.is_slow ? std::vector<Ms>{0, 200'000'000, kMaxMs} : std::vector<Ms>{0, 0, 1, 1500};
    std::vector<Spot> made;
    for (std::size_t i = 0; i < n; ++i) {
        const bool is_linked = !world.tail.empty() && world.pick(12) != 0;
        made.push_back({is_linked ? static_cast<std::int64_t>(world.pick(world.tail.size())) : -1, fractions[world.pick(7)],
                        accesses[world.pick(accesses.size())]});
    }
    return made;
}

std::vector<Place> placed(const World& world, const std::vector<Spot>& spots) {
    std::vector<Place> made;
    for (const Spot& spot : spots) {
        made.push_back(place_on(*world.graph, static_cast<std::int32_t>(spot.edge), spot.fraction, spot.access));
    }
    return made;
}

// Every node that a street touches, once, by one of its edges; the others cannot be reached.
std::vector<Spot> nodes_of(const World& world) {
    std::vector<Spot> made;
    std::vector<bool> is_there(world.lon.size(), false);
    const auto add = [&](std::size_t edge, std::int32_t node, double fraction) {
        if (!is_there[index(node)]) {
            is_there[index(node)] = true;
            made.push_back({static_cast<std::int64_t>(edge), fraction, 0});
        }
    };
    for (std::size_t e = 0; e < world.tail.size(); ++e) {
        add(e, world.tail[e], 0.0);
        add(e, world.head[e], 1.0);
    }
    return made;
}

SummaryPlan any_plan(World& world) {
    constexpr SummaryPlan::Mode modes[] = {SummaryPlan::Mode::kAuto, SummaryPlan::Mode::kOneByOne, SummaryPlan::Mode::kLanes};
    const LaneKernel& kernel = world.pick(2) == 0 ? best_lane_kernel() : baseline_lane_kernel();
    return {modes[world.pick(3)], kernel};
}

void compare_nodes(const World& world, const Table& found, std::size_t origin, const std::vector<Spot>& nodes,
                   const std::vector<Time>& at, Ms cutoff) {
    std::size_t k = index(found.indptr[origin]);
    const std::size_t end = index(found.indptr[origin + 1]);
    for (std::size_t j = 0; j < nodes.size(); ++j) {
        const std::size_t e = index(nodes[j].edge);
        const Time time = at[index(nodes[j].fraction == 0.0 ? world.tail[e] : world.head[e])];
        if (time <= cutoff) {
            require(k < end && index(found.destination[k]) == j, "a node within the cutoff is missing");
            require(found.time[k] == time, "the time to a node differs");
            ++k;
        }
    }
    require(k == end, "a node beyond the cutoff is there");
}

// Give the number of searches.
std::size_t compare(std::mt19937_64& random) {
    World world(random);
    constexpr Ms cutoffs[] = {0, 1, 3000, 3001, 10'000, 200'000, kMaxMs};
    constexpr Ms slow_cutoffs[] = {200'000, 600'000'000, 1'000'000'000, kMostLaneMs / 2, kMostLaneMs / 2 + 1, kMostLaneMs, kMaxMs};
    const Ms cutoff = world.is_slow ? slow_cutoffs[world.pick(7)] : cutoffs[world.pick(7)];
    const std::vector<Spot> from = spots(world, world.pick(120)), to = spots(world, world.pick(80));
    const std::vector<Place> origins = placed(world, from), destinations = placed(world, to);
    const std::vector<double> weights(destinations.size(), 1.0);
    Progress progress;
    const Run run{1 + world.pick(3), progress, [] {}};
    const Table table = travel_times(*world.graph, origins, destinations, cutoff, run);
    const Nearest found = nearest(*world.graph, origins, destinations, cutoff, run);
    const Summary sums = reach_summary(*world.graph, origins, cutoff, destinations, weights, run, any_plan(world));
    const std::vector<Spot> nodes = nodes_of(world);
    const Table to_nodes = travel_times(*world.graph, origins, placed(world, nodes), cutoff, run);
    const Oracle oracle(world);
    std::size_t n_searches = 0;
    for (std::size_t i = 0; i < from.size(); ++i) {
        const std::vector<Time> at = oracle.times(from[i]);
        n_searches += from[i].edge >= 0 ? 1 : 0;
        compare_nodes(world, to_nodes, i, nodes, at, cutoff);
        std::size_t k = index(table.indptr[i]);
        Time least = kNever;
        std::int32_t who = -1;
        double weight = 0.0;
        for (std::size_t j = 0; j < to.size(); ++j) {
            const Time time = oracle.walk(at, from[i], to[j]);
            if (time > cutoff) {
                continue;
            }
            weight += 1.0;
            require(k < index(table.indptr[i + 1]) && index(table.destination[k]) == j, "a pair within the cutoff is missing");
            require(table.time[k] == time, "a time differs");
            ++k;
            if (time < least) {
                least = time;
                who = static_cast<std::int32_t>(j);
            }
        }
        require(k == index(table.indptr[i + 1]), "a pair beyond the cutoff is there");
        require(found.destination[i] == who && (who < 0 || found.time[i] == least), "the nearest differs");
        const auto n_nodes = std::count_if(at.begin(), at.end(), [&](Time time) { return time <= cutoff; });
        require(sums.nodes[i] == n_nodes, "the number of nodes differs");
        require(std::abs(sums.weight[i] - weight) < 1e-6, "the weight differs");
        const bool is_at_node = from[i].fraction == 0.0 || from[i].fraction == 1.0;
        if (from[i].edge >= 0 && from[i].access <= cutoff && is_at_node) {
            require(std::abs(sums.length_m[i] - oracle.length(at, cutoff)) < 0.01, "the length differs");
        }
    }
    return n_searches;
}

}  // namespace

int main(int n_arguments, char** arguments) {
    const std::uint64_t n_searches = n_arguments > 1 ? std::stoull(arguments[1]) : 10'000;
    std::uint64_t seed = n_arguments > 2 ? std::stoull(arguments[2]) : 15;
    std::uint64_t done = 0;
    for (; done < n_searches; ++seed) {
        std::mt19937_64 random(seed);
        try {
            done += compare(random);
        } catch (const std::exception& error) {
            std::fprintf(stderr, "oracle_test 1 %llu: %s\n", static_cast<unsigned long long>(seed), error.what());
            return 1;
        }
    }
    std::printf("%llu random searches beside the oracle: 0 differ\n", static_cast<unsigned long long>(done));
    return 0;
}
