#include "nearest.hpp"

#include <algorithm>

#include "bucket_queue.hpp"

namespace circle15 {

namespace {

// Time and destination as one number, so that the least is the nearest and, among equals, the smallest index.
using Label = std::uint64_t;
constexpr Label kNoLabel = ~Label{0};

constexpr Label label(Ms time, std::uint32_t destination) noexcept {
    return static_cast<Label>(time) << 32 | destination;
}
constexpr Ms time_of(Label label) noexcept { return static_cast<Ms>(label >> 32); }
constexpr Label later(Label label, Ms ms) noexcept { return label + (static_cast<Label>(ms) << 32); }

// The nearest destination of every junction, walking from the junction to the destination.
class Territories {
  public:
    Territories(const Graph& graph, std::span<const Place> destinations, Ms cutoff)
        : graph_(graph), destinations_(destinations), cutoff_(cutoff), label_(graph.n_junctions(), kNoLabel) {}

    void settle(const Progress& progress) {
        queue_.start(cutoff_);
        const Streets& streets = graph_.streets();
        for (std::size_t j = 0; j < destinations_.size(); ++j) {
            const Place& place = destinations_[j];
            const auto id = static_cast<std::uint32_t>(j);
            if (!place.linked()) {
                continue;
            }
            if (place.at_junction()) {
                offer(place.junction, place.access, id);
            } else {
                offer(streets.left(place.chain), plus(place.from_left, place.access), id);
                offer(streets.right(place.chain), plus(place.from_right, place.access), id);
            }
        }
        std::size_t visits = 0;
        Entry entry{};
        while (queue_.pop(entry)) {
            if (++visits % 4096 == 0 && progress.cancelled.load(std::memory_order_relaxed)) {
                throw Cancelled{};
            }
            if (entry.label != label_[entry.junction]) {
                continue;
            }
            const auto id = static_cast<std::uint32_t>(entry.label);
            for (const Arc& arc : graph_.in(entry.junction)) {
                offer(arc.head, time_of(entry.label) + arc.ms, id);
            }
        }
    }

    [[nodiscard]] Label from(const Place& origin, const PlaceIndex& index) const {
        if (!origin.linked() || origin.access > cutoff_) {
            return kNoLabel;
        }
        Label best = kNoLabel;
        if (origin.at_junction()) {
            best = by(origin.junction, 0);
        } else {
            const Streets& streets = graph_.streets();
            best = std::min(by(streets.left(origin.chain), origin.to_left),
                            by(streets.right(origin.chain), origin.to_right));
            for (const std::uint32_t j : index.in_chain(origin.chain)) {
                const Ms time = plus(along_chain(origin, destinations_[j]), destinations_[j].access);
                if (time <= cutoff_) {
                    best = std::min(best, label(time, j));
                }
            }
        }
        return time_of(best) > cutoff_ - origin.access ? kNoLabel : later(best, origin.access);
    }

  private:
    struct Entry {
        std::uint32_t junction;
        Label label;
    };

    void offer(std::uint32_t junction, Ms time, std::uint32_t destination) {
        const Label offered = label(time, destination);
        if (time <= cutoff_ && offered < label_[junction]) {
            label_[junction] = offered;
            queue_.push(time, {junction, offered});
        }
    }

    [[nodiscard]] Label by(std::uint32_t junction, Ms ms) const {
        const Label there = label_[junction];
        return there == kNoLabel || ms == kUnreached ? kNoLabel : later(there, ms);
    }

    const Graph& graph_;
    std::span<const Place> destinations_;
    Ms cutoff_;
    std::vector<Label> label_;
    BucketQueue<Entry> queue_;
};

}  // namespace

Nearest nearest(const Graph& graph, std::span<const Place> origins, std::span<const Place> destinations, Ms cutoff,
                const Run& run) {
    const PlaceIndex index(graph, destinations);
    Territories territories(graph, destinations, cutoff);
    run_blocks(1, 1, run, [&](std::size_t, std::size_t, std::size_t) { territories.settle(run.progress); });
    Nearest best{std::vector<Ms>(origins.size(), kUnreached), std::vector<std::int32_t>(origins.size(), -1)};
    run_blocks(origins.size(), 4096, run, [&](std::size_t, std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            if (const Label found = territories.from(origins[i], index); found != kNoLabel) {
                best.time[i] = time_of(found);
                best.destination[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(found));
            }
        }
    });
    return best;
}

}  // namespace circle15
