#include "workers.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace circle15 {

namespace {

struct Shared {
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    std::condition_variable ended;
    std::size_t n_running = 0;
    std::exception_ptr failure;
};

void take_blocks(Shared& shared, std::size_t worker, std::size_t n, std::size_t block, Progress& progress,
                 const Block& work) {
    std::exception_ptr failure;
    try {
        while (!progress.cancelled.load(std::memory_order_relaxed)) {
            const std::size_t begin = shared.next.fetch_add(block, std::memory_order_relaxed);
            if (begin >= n) {
                break;
            }
            const std::size_t end = std::min(n, begin + block);
            work(worker, begin, end);
            progress.done.fetch_add(end - begin, std::memory_order_relaxed);
        }
    } catch (const Cancelled&) {
        // The caller who cancelled knows; run_blocks reports it once all threads have ended.
        progress.cancelled.store(true);
    } catch (...) {
        failure = std::current_exception();
        progress.cancelled.store(true);
    }
    const std::lock_guard lock(shared.mutex);
    if (failure && !shared.failure) {
        shared.failure = failure;
    }
    --shared.n_running;
    shared.ended.notify_all();
}

}  // namespace

void run_blocks(std::size_t n, std::size_t block, const Run& run, const Block& work) {
    Progress& progress = run.progress;
    progress.total.store(n);
    progress.done.store(0);
    if (n == 0) {
        return;
    }
    Shared shared;
    const std::size_t n_threads = std::max<std::size_t>(1, std::min(run.n_threads, (n + block - 1) / block));
    std::vector<std::thread> threads;
    threads.reserve(n_threads);
    std::exception_ptr stopped;
    try {
        for (std::size_t t = 0; t < n_threads; ++t) {
            const std::lock_guard lock(shared.mutex);
            threads.emplace_back([&, t] { take_blocks(shared, t, n, block, progress, work); });
            ++shared.n_running;
        }
        std::unique_lock lock(shared.mutex);
        while (!shared.ended.wait_for(lock, std::chrono::milliseconds(50), [&] { return shared.n_running == 0; })) {
            lock.unlock();
            run.poll();
            lock.lock();
        }
    } catch (...) {
        stopped = std::current_exception();
        progress.cancelled.store(true);
    }
    for (auto& thread : threads) {
        thread.join();
    }
    if (stopped) {
        std::rethrow_exception(stopped);
    }
    if (shared.failure) {
        std::rethrow_exception(shared.failure);
    }
    if (progress.cancelled.load()) {
        throw Cancelled{};
    }
}

}  // namespace circle15
