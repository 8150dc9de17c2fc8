private import CSIMD
import Foundation
import Synchronization

/// Work cut into shards that are independent of one another and of the number of threads.
///
/// Conforming values are small (at most three words, typically one pointer to their owner), so that handing one to the
/// pool allocates nothing.
public protocol ShardedWork {
  /// Does shard `shard`. `worker` (0..<`WorkerPool.threads`) names the scratch this thread may use; two shards of one
  /// `run` call never run with the same worker at once. A call made from a shard, or while another thread's is under
  /// way, uses worker 0 throughout, so its work needs scratch that the outer work does not share.
  func run(shard: Int, worker: Int)
}

/// The process's threads for numeric work. BLAS itself runs single-threaded; parallelism is here, over shards.
///
/// Results do not depend on the number of threads as long as each shard's result goes to a place of its own and is
/// combined in shard order. Idle workers spin briefly, then sleep.
///
/// Within shards denormal numbers (below 1.2e-38 as `Float`) count as zero. Networks that have trained for long produce
/// them, in slopes of saturated units above all, and the processor takes a hundred times as long for each.
public enum WorkerPool {
  private static let team = Mutex<WorkerTeam>(WorkerTeam(threads: 1))
  private static let size = Atomic<Int>(1)
  private static let busy = Atomic<Bool>(false)

  /// Number of threads that share the work, the caller's included.
  public static var threads: Int { size.load(ordering: .relaxed) }

  /// Sets the number of threads. Call it at start-up, before scratch is made for `threads` workers. It waits for work
  /// that is under way, and so must not be called from a shard.
  public static func configure(threads: Int) {
    precondition(threads >= 1, "\(threads) threads; at least 1 is needed")
    BLAS.initialize()
    while !claim() { sched_yield() }
    defer { busy.store(false, ordering: .releasing) }
    team.withLock { team in
      guard team.threads != threads else { return }
      team.stop()
      team = WorkerTeam(threads: threads)
    }
    size.store(threads, ordering: .relaxed)
  }

  /// Runs shards 0..<count of `work` and returns when all are done. Called while the pool is busy (from a shard, or
  /// from another thread), it runs them in the calling thread. Allocates nothing.
  public static func run<Work: ShardedWork>(shards count: Int, _ work: Work) {
    precondition(MemoryLayout<Work>.size <= 24, "work values must fit three words")
    let mode = foresight_flush_denormals()
    defer { foresight_restore_mode(mode) }
    guard count > 1, threads > 1, claim() else {
      for shard in 0..<count { work.run(shard: shard, worker: 0) }
      return
    }
    // The team is read after the claim: `configure` replaces it only while it holds the claim itself.
    team.withLock { $0 }.run(shards: count, work)
    busy.store(false, ordering: .releasing)
  }

  /// Runs `body` with denormal numbers as they are outside of shards: for a shard whose results must be those of the
  /// same work done alone.
  @inline(__always)
  public static func keepingDenormals<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
    let mode = foresight_keep_denormals()
    defer { foresight_restore_mode(mode) }
    try body()
  }

  /// Calls `body` with 0..<count, which may run side by side: for passes of some microseconds a call and more, whose
  /// context would not fit `run`. Allocates the closure.
  public static func forEach(_ count: Int, _ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { run(shards: count, Closure(body: $0)) }
  }

  private struct Closure: ShardedWork {
    let body: (Int) -> Void
    func run(shard: Int, worker: Int) { body(shard) }
  }

  private static func claim() -> Bool {
    busy.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
  }
}
