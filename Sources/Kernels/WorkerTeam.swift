private import CSIMD
import Foundation
import Synchronization

/// A fixed set of threads with one job slot; `WorkerPool` holds the process's one.
///
/// A job is announced by a new ticket: its generation, its number of shards and the next shard that nobody has taken.
/// Whoever raises the ticket by one owns that shard, of whatever job the ticket is of by then. The caller takes part as
/// worker 0 and returns when all shards are done: it waits for shards, not for workers, of which the system may have
/// left some without a processor. Of such a worker nothing is needed, unless it was taken off in the middle of a shard.
package final class WorkerTeam: Sendable {
  /// Number of threads, the caller's included.
  package let threads: Int
  /// Generation (32 bits), shards (16) and the next shard (16): see `Ticket`.
  private let ticket = Atomic<UInt64>(0)
  /// Shards of the current job that are not done.
  private let unfinished = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private let stopping = Atomic<Bool>(false)
  private let job = Job()
  private let bell = NSCondition()

  /// The current job. Written by the caller while no shard is unfinished, read by whoever owns a shard of it.
  private final class Job: @unchecked Sendable {
    var work: (any ShardedWork)?
    /// First shard of the part of the job that the ticket is about.
    var first = 0
  }

  private struct Ticket {
    /// Most shards a ticket can be about.
    static let most = 0xFFFF
    var bits: UInt64

    var generation: UInt64 { bits >> 32 }
    var count: UInt64 { bits >> 16 & 0xFFFF }
    var next: UInt64 { bits & 0xFFFF }
    var hasShards: Bool { next < count }
    func following(count: Int) -> Ticket { Ticket(bits: (generation &+ 1) << 32 | UInt64(count) << 16) }
  }

  /// A worker's time on its processor. Between shards it is given up now and then, to whoever waits for it: the system
  /// would take it away all the same, but most likely in the middle of a shard, for which the caller then waits some
  /// milliseconds.
  private struct Turn {
    private static let longest = Duration.microseconds(500)
    private var began = ContinuousClock.now

    mutating func endIfLong() {
      guard ContinuousClock.now - began > Self.longest else { return }
      sched_yield()
      began = ContinuousClock.now
    }
  }

  /// Starts `threads - 1` threads, which live until `stop`; to them denormal numbers are zero.
  package init(threads: Int) {
    self.threads = threads
    for worker in 1..<Swift.max(threads, 1) {
      let thread = Thread { [weak self] in
        _ = foresight_flush_denormals()
        var (seen, turn) = (UInt64(0), Turn())
        while let team = self, team.serve(worker: worker, seen: &seen, &turn) {}
      }
      thread.stackSize = 8 << 20
      thread.name = "foresight-\(worker)"
      thread.start()
    }
  }

  /// Ends the threads. No job may be under way, and none may follow.
  package func stop() {
    stopping.store(true, ordering: .sequentiallyConsistent)
    announce(count: 0)
    ring()
  }

  /// Runs shards 0..<count of `work` and returns when all are done. One caller at a time, never from a shard.
  package func run(shards count: Int, _ work: some ShardedWork) {
    job.work = work
    var first = 0
    while first < count {
      let part = Swift.min(count - first, Ticket.most)
      job.first = first
      unfinished.store(part, ordering: .relaxed)
      announce(count: part)
      // Either a worker that goes to sleep is counted here, or it sees the new ticket before it waits.
      if sleepers.load(ordering: .sequentiallyConsistent) > 0 { ring() }
      while let shard = take() {
        work.run(shard: first + shard, worker: 0)
        unfinished.subtract(1, ordering: .acquiringAndReleasing)
      }
      var spins = 0
      while unfinished.load(ordering: .acquiring) > 0 {
        spins += 1
        if spins > 2_000 { sched_yield() }
      }
      first += part
    }
    job.work = nil
  }

  private func announce(count: Int) {
    // only the caller changes a ticket that has no shards left
    let old = Ticket(bits: ticket.load(ordering: .relaxed))
    ticket.store(old.following(count: count).bits, ordering: .sequentiallyConsistent)
  }

  /// The number of a shard, which from now on nobody else takes; nil if there is none.
  private func take() -> Int? {
    var seen = Ticket(bits: ticket.load(ordering: .acquiring))
    while seen.hasShards {
      let (exchanged, original) = ticket.compareExchange(
        expected: seen.bits, desired: seen.bits + 1, ordering: .acquiringAndReleasing)
      if exchanged { return Int(seen.next) }
      seen = Ticket(bits: original)
    }
    return nil
  }

  /// Does a shard of the current job. A function of its own, so that the work is let go of before the shard counts as
  /// done.
  @inline(never)
  private func perform(_ shard: Int, worker: Int) {
    if let work = job.work { work.run(shard: job.first + shard, worker: worker) }
  }

  /// Waits for the next job and takes part in it; false when the team stops.
  private func serve(worker: Int, seen: inout UInt64, _ turn: inout Turn) -> Bool {
    var spins = 0
    while true {
      let now = Ticket(bits: ticket.load(ordering: .acquiring))
      if now.generation != seen {
        seen = now.generation
        break
      }
      spins += 1
      if spins > 50_000 {
        sleep(seen: seen)
        spins = 0
      }
    }
    if stopping.load(ordering: .acquiring) { return false }
    while let shard = take() {
      perform(shard, worker: worker)
      unfinished.subtract(1, ordering: .acquiringAndReleasing)
      turn.endIfLong()
    }
    turn.endIfLong()
    return true
  }

  private func sleep(seen: UInt64) {
    bell.lock()
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while Ticket(bits: ticket.load(ordering: .sequentiallyConsistent)).generation == seen { bell.wait() }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    bell.unlock()
  }

  private func ring() {
    bell.lock()
    bell.broadcast()
    bell.unlock()
  }
}
