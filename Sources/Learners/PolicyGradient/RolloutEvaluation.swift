import Experience
import Interfaces
import Kernels
import Networks

/// What the policy and the value function say of a segment before an update: distributions, log-probabilities, values,
/// and from them advantages and targets. Rows in blocks of fixed size over the threads.
package final class RolloutEvaluation: PhasedWork {
  enum Phase { case rows, finals }

  private let networks: PolicyValueNetworks
  private let workers: [Worker]
  /// Rows of the segment, M.
  private(set) var count = 0
  private var segment: RolloutSegment?
  private var parameters: UnsafePointer<Float>?
  /// Distributions [M, P] and what they share [S].
  private(set) var outputs: Matrix
  private(set) var shared: Vector
  /// One number a row [M].
  package private(set) var logProbabilities: Vector
  package private(set) var values: Vector
  private(set) var following: Vector
  private(set) var continues: Vector
  package var advantages: Vector
  package var targets: Vector
  /// Values of truncated episodes' last observations, then of those after the segment.
  private var finalValues: Vector

  /// Scratch of one thread.
  private struct Worker {
    let policy: PerceptronWorkspace
    let value: PerceptronWorkspace?
  }

  /// Room for segments of `rows` rows.
  package init(_ networks: PolicyValueNetworks, rows: Int) {
    self.networks = networks
    workers = (0..<WorkerPool.threads).map { _ in
      Worker(
        policy: PerceptronWorkspace(for: networks.policy, capacity: RowBlocks.size, keepsActivations: false),
        value: networks.value.map {
          PerceptronWorkspace(for: $0, capacity: RowBlocks.size, keepsActivations: false)
        })
    }
    outputs = Matrix(rows: rows, columns: networks.distribution.outputs)
    shared = Vector(count: networks.distribution.sharedCount)
    logProbabilities = Vector(count: rows)
    values = Vector(count: rows)
    following = Vector(count: rows)
    continues = Vector(count: rows)
    advantages = Vector(count: rows)
    targets = Vector(count: rows)
    finalValues = Vector(count: 64)
  }

  /// Whether it can serve that many rows with the threads there are now.
  func fits(rows: Int) -> Bool { rows <= values.count && workers.count >= WorkerPool.threads }

  /// Evaluates `segment` under `parameters`.
  package func evaluate(_ segment: RolloutSegment, _ parameters: UnsafePointer<Float>) {
    precondition(fits(rows: segment.rows) && segment.rows > 0, "\(segment.rows) rows")
    count = segment.rows
    self.segment = segment
    self.parameters = parameters
    let kept = networks.distribution.sharedCount
    shared.mutablePointer.update(from: parameters + networks.sharedOffset, count: kept)
    run(.rows, shards: RowBlocks(rows: count).count)
    let finals = segment.truncatedRows.count + segment.copies
    if finals > finalValues.count { finalValues = Vector(count: 2 * finals) }
    let parts = [RowBlocks(rows: segment.truncatedRows.count).count, RowBlocks(rows: segment.copies).count]
    run(.finals, shards: parts[0] + parts[1])
    link(segment)
    self.segment = nil
    self.parameters = nil
  }

  /// Makes every value 0, those after steps too, for estimates without a value function.
  func ignoreValues() {
    values.fill(0)
    following.fill(0)
  }

  /// What estimates of returns need; pointers into `segment`, the one evaluated last, and into this.
  func outlook(of segment: borrowing RolloutSegment) -> SegmentOutlook {
    SegmentOutlook(
      steps: segment.steps, copies: segment.copies, rewards: segment.rewards.pointer, values: values.pointer,
      following: following.pointer, continues: continues.pointer)
  }

  /// Values after each step, and which steps go on.
  private func link(_ segment: RolloutSegment) {
    let copies = segment.copies
    let (after, goesOn, own, final) = (
      following.mutablePointer, continues.mutablePointer, values.pointer, finalValues.pointer
    )
    let cut = segment.truncatedRows.count
    for row in 0..<count {
      let isLast = row >= count - copies
      goesOn[row] = segment.endings[row] == .none && !isLast ? 1 : 0
      after[row] =
        segment.endings[row] != .none ? 0 : isLast ? final[cut + row - (count - copies)] : own[row + copies]
    }
    for (index, row) in segment.truncatedRows.enumerated() { after[row] = final[index] }
  }

  func run(_ phase: Phase, shard: Int, worker: Int) {
    guard let segment, let parameters else { return }
    let size = networks.observationSize
    switch phase {
    case .rows:
      let range = RowBlocks(rows: count)[shard]
      let (first, rows) = (range.lowerBound, range.count)
      let observations = segment.observations.pointer + first * size
      let values = values.storage.pointer + first
      let kept = outputs.storage.pointer + first * networks.distribution.outputs
      evaluateValues(parameters, observations, rows, workers[worker], into: values, distributions: kept)
      networks.distribution.logProbabilities(
        DistributionRows(kept, shared: parameters + networks.sharedOffset, count: rows),
        actions: segment.actions.pointer + first * segment.actionSize, into: logProbabilities.storage.pointer + first)
    case .finals:
      let cut = RowBlocks(rows: segment.truncatedRows.count)
      let isCut = shard < cut.count
      let range = isCut ? cut[shard] : RowBlocks(rows: segment.copies)[shard - cut.count]
      let source = (isCut ? segment.truncated : segment.last).pointer + range.lowerBound * size
      let place = (isCut ? 0 : segment.truncatedRows.count) + range.lowerBound
      evaluateValues(
        parameters, source, range.count, workers[worker], into: finalValues.storage.pointer + place, distributions: nil)
    }
  }

  /// Values of `rows` observations, and their distributions unless nil.
  private func evaluateValues(
    _ parameters: UnsafePointer<Float>, _ observations: UnsafePointer<Float>, _ rows: Int, _ worker: Worker,
    into values: UnsafeMutablePointer<Float>, distributions: UnsafeMutablePointer<Float>?
  ) {
    let width = networks.distribution.outputs
    if let network = networks.value, let pass = worker.value {
      let output = network.forward(parameters + networks.valueOffset, observations, rows: rows, pass)
      values.update(from: output, count: rows)
      guard let distributions else { return }
      let heads = networks.policy.forward(parameters, observations, rows: rows, worker.policy)
      distributions.update(from: heads, count: rows * width)
    } else {
      let output = networks.policy.forward(parameters, observations, rows: rows, worker.policy)
      for r in 0..<rows {
        let row = output + r * (width + 1)
        values[r] = row[width]
        if let distributions { (distributions + r * width).update(from: row, count: width) }
      }
    }
  }
}
