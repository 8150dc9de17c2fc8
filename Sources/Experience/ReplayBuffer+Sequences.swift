import Interfaces
import Kernels

extension ReplayBuffer {
  /// Whether the `steps` transitions that begin with number `index` (0 is the oldest held) are successive ones of one
  /// episode, in a buffer that keeps times and to which single steps of `copies` copies are appended in turn.
  package func isSequence(from index: Int, steps: Int, copies: Int) -> Bool {
    precondition(keepsTimes, "the buffer keeps no times")
    guard index >= 0, index + (steps - 1) * copies < count else { return false }
    let first = times.pointer[(firstSlot + index) % capacity]
    for step in stride(from: 1, to: steps, by: 1) {
      let slot = (firstSlot + index + step * copies) % capacity
      guard times.pointer[slot] == first + step else { return false }
    }
    return true
  }

  /// Fills `batch` with stretches drawn uniformly, with replacement, from all that there are; false if a thousand draws
  /// for one found none. O(N H) on average, no allocation.
  public func sample(_ batch: inout SequenceBatch, copies: Int, using random: inout RandomStream) -> Bool {
    precondition(
      batch.observations.columns == observationSize && batch.actions.columns == actionSize && image == nil,
      "batch of another shape")
    guard count > 0 else { return false }
    let (n, steps) = (batch.count, batch.steps)
    let (o, a) = (batch.observations.mutablePointer, batch.actions.mutablePointer)
    let (r, c) = (batch.rewards.mutablePointer, batch.continues.mutablePointer)
    for b in 0..<n {
      var (index, tries) = (random.index(below: count), 1)
      while !isSequence(from: index, steps: steps, copies: copies) {
        guard tries < 1000 else { return false }
        index = random.index(below: count)
        tries += 1
      }
      for step in 0..<steps {
        let (slot, row) = ((firstSlot + index + step * copies) % capacity, step * n + b)
        if step == 0 {
          (o + row * observationSize).update(
            from: observations.pointer + slot * observationSize, count: observationSize)
        }
        copyNextObservation(ofSlot: slot, to: o + (row + n) * observationSize)
        (a + row * actionSize).update(from: actions.pointer + slot * actionSize, count: actionSize)
        r[row] = rewards.pointer[slot]
        c[row] = continues.pointer[slot]
      }
    }
    return true
  }
}
