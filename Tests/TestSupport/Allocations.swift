import CAllocationCounter

/// Heap allocations that the calling thread makes in `body`: the least of `repetitions` runs, after one that is not
/// counted (the first use of anything may allocate).
///
/// Work handed to other threads is not counted; see `processAllocations(in:)`.
package func allocations(repetitions: Int = 3, in body: () throws -> Void) rethrows -> Int {
  try body()
  var least = Int.max
  for _ in 0..<repetitions {
    let before = foresight_thread_allocation_count()
    try body()
    least = min(least, foresight_thread_allocation_count() - before)
  }
  return least
}

/// Heap allocations that all threads of the process make while `body` runs: the least of at most `repetitions` runs,
/// ending early at none. To be called in a child process (`processExitsWith`), where no other test runs.
package func processAllocations(repetitions: Int = 50, in body: () throws -> Void) rethrows -> Int {
  try body()
  var least = Int.max
  for _ in 0..<repetitions where least > 0 {
    let before = foresight_allocation_count()
    try body()
    least = min(least, foresight_allocation_count() - before)
  }
  return least
}
