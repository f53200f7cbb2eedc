// Threads that take blocks of work from an atomic counter, stoppable within milliseconds.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

namespace circle15 {

// Shared between the workers, the waiting caller and whoever watches the progress.
class Progress {
  public:
    std::atomic<std::size_t> done{0};
    std::atomic<std::size_t> total{0};
    std::atomic<bool> cancelled{false};
};

// Thrown out of run_blocks when the work was cancelled.
struct Cancelled {};

// One block: worker index, first item, one past the last item.
using Block = std::function<void(std::size_t worker, std::size_t begin, std::size_t end)>;

// How a query runs.
struct Run {
    std::size_t n_threads;
    Progress& progress;
    std::function<void()> poll;  // called by the waiting thread; may throw
};

// Cuts 0..n into blocks of `block` items and runs them on the run's threads. The calling thread waits and calls
// `poll` some twenty times a second; poll may throw, which cancels the work and is passed on after all threads ended.
// A worker's own exception is passed on likewise.
void run_blocks(std::size_t n, std::size_t block, const Run& run, const Block& work);

}  // namespace circle15
