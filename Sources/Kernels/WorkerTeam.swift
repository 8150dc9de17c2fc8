private import CSIMD
import Foundation
import Synchronization

/// A fixed set of threads with one job slot; `WorkerPool` holds the process's one.
///
/// A job is announced by raising `generation`. Every worker sees every generation, takes shards from the shared counter
/// until there are none left, and reports itself done; the caller takes part as worker 0 and returns when all are done.
package final class WorkerTeam: Sendable {
  /// Number of threads, the caller's included.
  package let threads: Int
  private let generation = Atomic<Int>(0)
  private let next = Atomic<Int>(0)
  private let active = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private let stopping = Atomic<Bool>(false)
  private let job = Job()
  private let bell = NSCondition()

  /// The current job; written by the caller before `generation` rises, read by workers after they saw it rise.
  private final class Job: @unchecked Sendable {
    var work: (any ShardedWork)?
    var count = 0
  }

  /// Starts `threads - 1` threads, which live until `stop`; to them denormal numbers are zero.
  package init(threads: Int) {
    self.threads = threads
    for worker in 1..<Swift.max(threads, 1) {
      let thread = Thread { [weak self] in
        _ = foresight_flush_denormals()
        var seen = 0
        while let team = self, team.serve(worker: worker, seen: &seen) {}
      }
      thread.stackSize = 8 << 20
      thread.name = "foresight-\(worker)"
      thread.start()
    }
  }

  /// Ends the threads. No job may be under way, and none may follow.
  package func stop() {
    stopping.store(true, ordering: .sequentiallyConsistent)
    generation.add(1, ordering: .sequentiallyConsistent)
    ring()
  }

  /// Runs shards 0..<count of `work` and returns when all are done. One caller at a time, never from a shard.
  package func run(shards count: Int, _ work: some ShardedWork) {
    job.work = work
    job.count = count
    next.store(0, ordering: .relaxed)
    active.store(threads - 1, ordering: .relaxed)
    generation.add(1, ordering: .sequentiallyConsistent)
    // Either a worker that goes to sleep is counted here, or it sees the new generation before it waits.
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { ring() }
    claim(work, count: count, worker: 0)
    var spins = 0
    while active.load(ordering: .acquiring) > 0 {
      spins += 1
      if spins > 20_000 { sched_yield() }
    }
    job.work = nil
  }

  private func claim(_ work: some ShardedWork, count: Int, worker: Int) {
    while true {
      let shard = next.add(1, ordering: .relaxed).oldValue
      guard shard < count else { return }
      work.run(shard: shard, worker: worker)
    }
  }

  /// Waits for the next job and takes part in it; false when the team stops.
  private func serve(worker: Int, seen: inout Int) -> Bool {
    var spins = 0
    while generation.load(ordering: .acquiring) == seen {
      spins += 1
      if spins > 50_000 {
        sleep(seen: seen)
        spins = 0
      }
    }
    seen += 1
    if stopping.load(ordering: .acquiring) { return false }
    if let work = job.work { claim(work, count: job.count, worker: worker) }
    active.subtract(1, ordering: .acquiringAndReleasing)
    return true
  }

  private func sleep(seen: Int) {
    bell.lock()
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while generation.load(ordering: .sequentiallyConsistent) == seen { bell.wait() }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    bell.unlock()
  }

  private func ring() {
    bell.lock()
    bell.broadcast()
    bell.unlock()
  }
}
