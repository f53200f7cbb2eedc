// Random towns that the core's tests share: ties, islands, parallel edges, loops, times of nothing and of weeks.
#pragma once

#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include "graph.hpp"
#include "places.hpp"

namespace circle15::tests {

inline void require(bool holds, const char* sentence) {
    if (!holds) {
        throw std::runtime_error(sentence);
    }
}

inline std::size_t index(std::int64_t value) { return static_cast<std::size_t>(value); }

class World {
  public:
    explicit World(std::mt19937_64& random) : is_slow(random() % 4 == 0), random_(random) {
        const std::size_t n_nodes = 1 + pick(60), n_edges = pick(120);
        for (std::size_t v = 0; v < n_nodes; ++v) {
            lon.push_back(static_cast<double>(pick(100)) / 1000);
            lat.push_back(static_cast<double>(pick(100)) / 1000);
        }
        for (std::size_t e = 0; e < n_edges; ++e) {
            tail.push_back(static_cast<std::int32_t>(pick(n_nodes)));
            head.push_back(static_cast<std::int32_t>(pick(n_nodes)));
        }
        if (pick(2) == 0) {  // a ring through all nodes: long chains
            for (std::size_t v = 0; v < n_nodes; ++v) {
                tail.push_back(static_cast<std::int32_t>(v));
                head.push_back(static_cast<std::int32_t>((v + 1) % n_nodes));
            }
        }
        // In a slow world three times add up to more than 32 bits hold.
        const std::vector<Ms> times = is_slow ? std::vector<Ms>{0, 1000, 200'000'000, 2'000'000'000, kMaxMs}
                                              : std::vector<Ms>{0, 1, 2, 1000, 1000, 2000, 3001, 50'000};
        const bool is_asymmetric = pick(2) == 0;
        for (std::size_t e = 0; e < tail.size(); ++e) {
            forward.push_back(times[pick(times.size())]);
            backward.push_back(is_asymmetric ? times[pick(times.size())] : forward.back());
            if (is_asymmetric && pick(10) == 0) {
                (pick(2) == 0 ? forward : backward).back() = kUnreached;
            }
            length_m.push_back(static_cast<double>(pick(5000)) / 100);
        }
        std::vector<Ms> both(forward);
        both.insert(both.end(), backward.begin(), backward.end());
        streets = std::make_shared<Streets>(StreetArrays{lon, lat, tail, head, length_m, both});
        graph = std::make_unique<Graph>(streets, forward, backward);
    }

    std::size_t pick(std::size_t below) { return random_() % below; }

    std::vector<Place> places(std::size_t n) {
        std::vector<Place> made;
        constexpr double fractions[] = {0.0, 1.0, 0.5, 0.25, 1.0 / 3, 0.999};
        const std::vector<Ms> accesses = is_slow ? std::vector<Ms>{0, 200'000'000, 2'000'000'000, kMaxMs}
                                                 : std::vector<Ms>{0, 0, 1, 1500};
        for (std::size_t i = 0; i < n; ++i) {
            const bool is_linked = !tail.empty() && pick(10) != 0;
            const auto edge = is_linked ? static_cast<std::int32_t>(pick(tail.size())) : -1;
            made.push_back(place_on(*graph, edge, fractions[pick(6)], accesses[pick(accesses.size())]));
        }
        return made;
    }

    const bool is_slow;
    std::vector<double> lon, lat, length_m;
    std::vector<std::int32_t> tail, head;
    std::vector<Ms> forward, backward;
    std::shared_ptr<Streets> streets;
    std::unique_ptr<Graph> graph;

  private:
    std::mt19937_64& random_;
};

}  // namespace circle15::tests
