#include "table.hpp"

#include <algorithm>
#include <memory>
#include <numeric>

#include "search.hpp"

namespace circle15 {

namespace {

constexpr std::size_t kBlock = 32;

struct Found {
    std::int32_t other;
    Ms time;
};

// Rows of one block of searches.
struct Rows {
    std::vector<std::size_t> end;  // per search
    std::vector<Found> found;
};

void search_one(const Graph& graph, Search& search, const Place& start, std::span<const Place> others,
                const PlaceIndex& index, Ms cutoff, Way way, std::vector<Found>& found) {
    if (!start.linked() || start.access > cutoff) {
        return;
    }
    const Streets& streets = graph.streets();
    search.run(start, cutoff, way);
    const auto look = [&](std::span<const std::uint32_t> places) {
        for (const std::uint32_t i : places) {
            const Ms time = time_to(search, streets, start, others[i], way);
            if (time <= cutoff) {
                found.push_back({static_cast<std::int32_t>(i), time});
            }
        }
    };
    for (const std::uint32_t junction : search.reached()) {
        look(index.at_junction(junction));
    }
    search.for_each_chain(way, [&](std::uint32_t chain) {
        if (chain != start.chain) {
            look(index.in_chain(chain));
        }
    });
    if (!start.at_junction()) {
        look(index.in_chain(start.chain));
    }
}

std::vector<Rows> search_all(const Graph& graph, std::span<const Place> starts, std::span<const Place> others,
                             Ms cutoff, Way way, bool sorted, const Run& run) {
    const PlaceIndex index(graph, others);
    std::vector<Rows> blocks((starts.size() + kBlock - 1) / kBlock);
    std::vector<std::unique_ptr<Search>> searches(run.n_threads);
    run_blocks(starts.size(), kBlock, run, [&](std::size_t worker, std::size_t begin, std::size_t end) {
        if (!searches[worker]) {
            searches[worker] = std::make_unique<Search>(graph, run.progress);
        }
        Rows& rows = blocks[begin / kBlock];
        for (std::size_t i = begin; i < end; ++i) {
            const auto row = static_cast<std::ptrdiff_t>(rows.found.size());
            search_one(graph, *searches[worker], starts[i], others, index, cutoff, way, rows.found);
            if (sorted) {
                std::sort(rows.found.begin() + row, rows.found.end(),
                          [](const Found& a, const Found& b) { return a.other < b.other; });
            }
            rows.end.push_back(rows.found.size());
        }
    });
    return blocks;
}

Table from_origin_rows(std::vector<Rows> blocks, std::size_t n_origins) {
    Table table;
    std::size_t total = 0;
    for (const Rows& rows : blocks) {
        total += rows.found.size();
    }
    table.indptr.reserve(n_origins + 1);
    table.destination.reserve(total);
    table.time.reserve(total);
    table.indptr.push_back(0);
    for (Rows& rows : blocks) {
        const auto before = static_cast<std::int64_t>(table.time.size());
        for (const Found& one : rows.found) {
            table.destination.push_back(one.other);
            table.time.push_back(one.time);
        }
        for (const std::size_t end : rows.end) {
            table.indptr.push_back(before + static_cast<std::int64_t>(end));
        }
        rows = {};
    }
    return table;
}

// Turns rows by destination into rows by origin; taking destinations in order leaves every row sorted.
Table from_destination_rows(std::vector<Rows> blocks, std::size_t n_origins) {
    Table table;
    table.indptr.assign(n_origins + 1, 0);
    for (const Rows& rows : blocks) {
        for (const Found& one : rows.found) {
            ++table.indptr[static_cast<std::size_t>(one.other) + 1];
        }
    }
    std::partial_sum(table.indptr.begin(), table.indptr.end(), table.indptr.begin());
    table.destination.resize(static_cast<std::size_t>(table.indptr.back()));
    table.time.resize(table.destination.size());
    std::vector<std::int64_t> next(table.indptr.begin(), table.indptr.end() - 1);
    std::int32_t destination = 0;
    for (Rows& rows : blocks) {
        std::size_t k = 0;
        for (const std::size_t end : rows.end) {
            for (; k < end; ++k) {
                const auto at = static_cast<std::size_t>(next[static_cast<std::size_t>(rows.found[k].other)]++);
                table.destination[at] = destination;
                table.time[at] = rows.found[k].time;
            }
            ++destination;
        }
        rows = {};
    }
    return table;
}

std::size_t n_linked(std::span<const Place> places) {
    return static_cast<std::size_t>(std::ranges::count_if(places, [](const Place& place) { return place.linked(); }));
}

}  // namespace

Table travel_times(const Graph& graph, std::span<const Place> origins, std::span<const Place> destinations, Ms cutoff,
                   const Run& run) {
    if (n_linked(destinations) < n_linked(origins)) {
        return from_destination_rows(search_all(graph, destinations, origins, cutoff, Way::kTowards, false, run),
                                     origins.size());
    }
    return from_origin_rows(search_all(graph, origins, destinations, cutoff, Way::kFrom, true, run), origins.size());
}

}  // namespace circle15
