// A bucket queue over times up to a cutoff, for searches that may correct a label after its pop.
#pragma once

#include <cstddef>
#include <vector>

#include "ms.hpp"

namespace circle15 {

// Buckets are a power of two wide. Entries of one bucket come out in any order, so a popped label may still improve;
// the search pushes it again then, and results do not depend on the order.
template <class Entry>
class BucketQueue {
  public:
    void start(Ms cutoff) {
        shift_ = kNarrowest;
        while ((cutoff >> shift_) >= kMostBuckets) {
            ++shift_;
        }
        const std::size_t needed = (cutoff >> shift_) + 1;
        if (buckets_.size() < needed) {
            buckets_.resize(needed);
        }
        last_ = needed;
        current_ = 0;
    }

    // `time` is at most the cutoff and not before the bucket being emptied.
    void push(Ms time, Entry entry) { buckets_[time >> shift_].push_back(entry); }

    [[nodiscard]] bool pop(Entry& entry) {
        while (current_ < last_) {
            auto& bucket = buckets_[current_];
            if (!bucket.empty()) {
                entry = bucket.back();
                bucket.pop_back();
                return true;
            }
            ++current_;
        }
        return false;
    }

    // Leaves the queue empty after an abandoned search.
    void clear() {
        for (auto& bucket : buckets_) {
            bucket.clear();
        }
    }

  private:
    static constexpr unsigned kNarrowest = 12;  // 4 s: a few street edges
    static constexpr std::size_t kMostBuckets = 1024;

    std::vector<std::vector<Entry>> buckets_;
    std::size_t current_ = 0, last_ = 0;
    unsigned shift_ = kNarrowest;
};

}  // namespace circle15
