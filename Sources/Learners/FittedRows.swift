import Interfaces
import Kernels

/// Where critics are fitted, and to what: a batch by pointers, valid during one update.
struct FittedRows {
  /// Targets from elsewhere, or from how the steps went on.
  enum Targets {
    case given(UnsafePointer<Float>)
    case bootstrapped(Successors)
  }

  /// Rewards [N], next observations [N, D] and `continues` [N] of transitions.
  struct Successors {
    let rewards: UnsafePointer<Float>
    let next: UnsafePointer<Float>
    let continues: UnsafePointer<Float>
  }

  let count: Int
  let observations: UnsafePointer<Float>
  let actions: UnsafePointer<Float>
  let targets: Targets
  /// Factor of each row's error [N]; nil where all are 1.
  let weights: UnsafePointer<Float>?

  /// Observations of `observationSize` floats and actions of `actionSize`, with targets that bootstrap.
  init(_ batch: TransitionBatch, observationSize: Int, actionSize: Int) {
    precondition(
      batch.observations.columns == observationSize && batch.actions.columns == actionSize && batch.count > 0,
      "batch of another shape")
    count = batch.count
    observations = batch.observations.pointer
    actions = batch.actions.pointer
    precondition(batch.weights.count == 0 || batch.weights.count == batch.count, "weights of another batch")
    weights = batch.weights.count > 0 ? batch.weights.pointer : nil
    targets = .bootstrapped(
      Successors(
        rewards: batch.rewards.pointer, next: batch.nextObservations.pointer, continues: batch.continues.pointer))
  }

  /// Observations of `observationSize` floats and actions of `actionSize`, with targets as given.
  init(_ batch: ValueBatch, observationSize: Int, actionSize: Int) {
    precondition(
      batch.observations.columns == observationSize && batch.actions.columns == actionSize && batch.count > 0,
      "batch of another shape")
    count = batch.count
    observations = batch.observations.pointer
    actions = batch.actions.pointer
    targets = .given(batch.targets.pointer)
    weights = batch.weights.pointer
  }

  /// Writes the targets y [rows] of the rows in `range`, and gives their weights [rows] if they have any. `values`
  /// writes V'(s') [rows] of next observations [rows, D].
  func writeTargets(
    _ range: Range<Int>, observationSize: Int, discount: Float, into y: UnsafeMutablePointer<Float>,
    values: (_ next: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>) -> Void
  ) -> UnsafePointer<Float>? {
    let first = range.lowerBound
    switch targets {
    case .given(let given): y.update(from: given + first, count: range.count)
    case .bootstrapped(let successors):
      values(successors.next + first * observationSize, y)
      // y = r + discount * continues * V'(s')
      for r in range { y[r - first] = successors.rewards[r] + discount * successors.continues[r] * y[r - first] }
    }
    return weights.map { $0 + first }
  }
}
