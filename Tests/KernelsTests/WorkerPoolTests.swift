import Foundation
import Kernels
import Synchronization
import TestSupport
import Testing

/// Counts how often each shard runs, and notes which workers took part.
private final class Ledger: Sendable {
  let runs: [Slot]
  let occupied: [Slot]
  let collisions = Atomic<Int>(0)

  final class Slot: Sendable { let value = Atomic<Int>(0) }

  init(shards: Int, workers: Int) {
    runs = (0..<shards).map { _ in Slot() }
    occupied = (0..<workers).map { _ in Slot() }
  }

  var counts: [Int] { runs.map { $0.value.load(ordering: .relaxed) } }
}

private struct Marking: ShardedWork {
  let ledger: Ledger

  func run(shard: Int, worker: Int) {
    // two shards at once with one worker would both raise this above 1
    let before = ledger.occupied[worker].value.add(1, ordering: .acquiringAndReleasing).oldValue
    if before != 0 { ledger.collisions.add(1, ordering: .relaxed) }
    ledger.runs[shard].value.add(1, ordering: .relaxed)
    ledger.occupied[worker].value.subtract(1, ordering: .acquiringAndReleasing)
  }
}

/// Writes a number that depends on the shard alone.
private struct Squares: ShardedWork {
  let results: UnsafeMutablePointer<Double>

  func run(shard: Int, worker: Int) {
    var sum = 0.0
    for i in 0...shard { sum += 1 / Double(i + 1) }
    results[shard] = sum
  }
}

/// Writes products of factors whose value is a denormal number.
private struct Products: ShardedWork {
  let factors: UnsafePointer<Float>
  let results: UnsafeMutablePointer<Float>

  /// Kept out of line, so that the compiler computes nothing itself.
  @inline(never) static func product(_ factors: UnsafePointer<Float>, _ shard: Int) -> Float {
    factors[2 * shard] * factors[2 * shard + 1]
  }

  func run(shard: Int, worker: Int) { results[shard] = Self.product(factors, shard) }
}

/// Every shard runs a job of its own on the pool.
private struct Nested: ShardedWork {
  let ledgers: [Ledger]
  func run(shard: Int, worker: Int) { WorkerPool.run(shards: 5, Marking(ledger: ledgers[shard])) }
}

/// Teams of their own are tested, as the process's pool is shared with tests that run at the same time; what concerns
/// the pool itself runs in a child process.
@Suite struct WorkerPoolTests {
  @Test(arguments: [1, 2, 3], [0, 1, 2, 3, 17, 100]) func everyShardRunsOnce(_ threads: Int, _ shards: Int) {
    let team = WorkerTeam(threads: threads)
    defer { team.stop() }
    for _ in 0..<20 {
      let ledger = Ledger(shards: shards, workers: threads)
      team.run(shards: shards, Marking(ledger: ledger))
      #expect(ledger.counts == Array(repeating: 1, count: shards))
      #expect(ledger.collisions.load(ordering: .relaxed) == 0)
    }
  }

  @Test(.timeLimit(.minutes(1)), arguments: [(1, 100_000), (2, 100_000), (3, 20_000)])
  func quickRunsInARowLoseNothing(_ threads: Int, _ runs: Int) {
    let team = WorkerTeam(threads: threads)
    defer { team.stop() }
    let ledger = Ledger(shards: 5, workers: threads)
    for run in 1...runs {
      team.run(shards: run % 5 + 1, Marking(ledger: ledger))
      // shard s runs when the count is above s
      if run % 1_000 == 0 {
        let expected = (0..<5).map { run - run / 5 * $0 }
        if ledger.counts != expected {
          Issue.record("after \(run) runs: \(ledger.counts), expected \(expected)")
          return
        }
      }
    }
    #expect(ledger.collisions.load(ordering: .relaxed) == 0)
  }

  @Test(.timeLimit(.minutes(1)), arguments: [2, 3]) func sleepingWorkersWakeUp(_ threads: Int) {
    let team = WorkerTeam(threads: threads)
    defer { team.stop() }
    let ledger = Ledger(shards: 8, workers: threads)
    // pauses from none to well past the time at which workers fall asleep, most near that time
    for run in 0..<300 {
      if run % 10 == 0 { usleep(2_000) } else { usleep(UInt32(run % 60) * 4) }
      team.run(shards: 8, Marking(ledger: ledger))
    }
    #expect(ledger.counts == Array(repeating: 300, count: 8))
  }

  @Test func resultsDoNotDependOnTheNumberOfThreads() {
    let results = (1...3).map { threads in
      let team = WorkerTeam(threads: threads)
      defer { team.stop() }
      var values = [Double](repeating: 0, count: 200)
      values.withUnsafeMutableBufferPointer {
        if let base = $0.baseAddress { team.run(shards: 200, Squares(results: base)) }
      }
      return values
    }
    #expect(results[0] == results[1] && results[0] == results[2])
    var harmonic = 0.0
    for i in 1...200 { harmonic += 1 / Double(i) }
    #expect(results[0].last == harmonic)
  }

  /// Products below the least normal number, and of a factor below it.
  @Test func denormalNumbersAreZeroInShardsAlone() async {
    await #expect(processExitsWith: .success) {
      let pairs: [(Float, Float)] = [
        (1e-20, 1e-20), (.leastNormalMagnitude / 4, 1e10), (1e-20, 1e-10), (-1e-25, 1e-15),
      ]
      let factors = (0..<16).flatMap { _ in pairs.flatMap { [$0.0, $0.1] } }
      let expected: [Float] = (0..<16).flatMap { _ in [0, 0, 1e-20 as Float * 1e-10, 0] }
      for threads in 1...3 {
        WorkerPool.configure(threads: threads)
        for shards in [1, 64] {
          var results = [Float](repeating: .nan, count: 64)
          factors.withUnsafeBufferPointer { factors in
            results.withUnsafeMutableBufferPointer { results in
              guard let factors = factors.baseAddress, let results = results.baseAddress else { return }
              WorkerPool.run(shards: shards, Products(factors: factors, results: results))
            }
          }
          precondition(Array(results[..<shards]) == Array(expected[..<shards]), "\(threads) threads: \(results)")
          // the caller's own numbers stay as they are
          factors.withUnsafeBufferPointer { factors in
            guard let factors = factors.baseAddress else { return }
            precondition(Products.product(factors, 0) > 0 && Products.product(factors, 1) > 0.9e-30)
          }
        }
      }
    }
  }

  @Test func runsAllocateNothing() async {
    await #expect(processExitsWith: .success) {
      let team = WorkerTeam(threads: 2)
      defer { team.stop() }
      let ledger = Ledger(shards: 4, workers: 2)
      for _ in 0..<100 { team.run(shards: 4, Marking(ledger: ledger)) }
      let ofTeam = processAllocations { for _ in 0..<10 { team.run(shards: 4, Marking(ledger: ledger)) } }
      #expect(ofTeam == 0)
      #expect(allocations { WorkerPool.run(shards: 4, Marking(ledger: ledger)) } == 0)
    }
  }

  @Test func poolUsesItsThreadsAndFallsBackWhenNested() async {
    await #expect(processExitsWith: .success) {
      WorkerPool.configure(threads: 3)
      precondition(WorkerPool.threads == 3)
      let outer = (0..<40).map { _ in Ledger(shards: 5, workers: 1) }
      WorkerPool.run(shards: 40, Nested(ledgers: outer))
      precondition(outer.allSatisfy { $0.counts == [1, 1, 1, 1, 1] })
      for threads in [1, 2, 2, 3, 1, 2] {
        WorkerPool.configure(threads: threads)
        precondition(WorkerPool.threads == threads)
        let ledger = Ledger(shards: 64, workers: threads)
        for _ in 0..<50 { WorkerPool.run(shards: 64, Marking(ledger: ledger)) }
        precondition(ledger.counts.allSatisfy { $0 == 50 })
        precondition(ledger.collisions.load(ordering: .relaxed) == 0)
      }
    }
  }

  @Test func callersOnSeveralThreadsAndReconfigurationDoNotDeadlock() async {
    await #expect(processExitsWith: .success) {
      let ledgers = (0..<3).map { _ in Ledger(shards: 9, workers: 3) }
      let done = DispatchSemaphore(value: 0)
      for ledger in ledgers {
        let thread = Thread {
          for _ in 0..<2_000 { WorkerPool.run(shards: 9, Marking(ledger: ledger)) }
          done.signal()
        }
        thread.start()
      }
      for round in 0..<30 {
        WorkerPool.configure(threads: round % 3 + 1)
        usleep(500)
      }
      for _ in ledgers { precondition(done.wait(timeout: .now() + 60) == .success) }
      precondition(ledgers.allSatisfy { $0.counts.allSatisfy { $0 == 2_000 } })
      precondition(ledgers.allSatisfy { $0.collisions.load(ordering: .relaxed) == 0 })
    }
  }
}
