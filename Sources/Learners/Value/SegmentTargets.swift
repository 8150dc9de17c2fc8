import Interfaces
import Kernels
import Networks

/// How much of what followed a later action of a segment a target takes over.
public enum TraceRule: Sendable, Equatable {
  /// All while actions are the best ones, nothing from the first other one on (Watkins 1989).
  case greedy
  /// lambda min(1, pi / mu): Retrace (Munos et al. 2016).
  case retrace(lambda: Float)
  /// lambda pi / mu: importance sampling of each decision, unbiased where lambda is 1.
  case importance(lambda: Float)

  /// The factor c of an action that the target policy takes with probability pi, and behaviour took with mu.
  func factor(isBest: Bool, target pi: Float, behaviour mu: Float) -> Float {
    switch self {
    case .greedy: isBest ? 1 : 0
    case .retrace(let lambda): lambda * min(1, pi / mu)
    case .importance(let lambda): lambda * pi / mu
    }
  }
}

/// Targets of several steps corrected for the policy having changed since they were taken.
package enum SegmentTargets {
  /// G_0 of one segment of `length` steps (Munos et al. 2016, equation 3, unrolled from the end):
  ///
  ///     G_t = r_t + discount * continues_t * (V(s_{t+1}) + c_{t+1} (G_{t+1} - Q(s_{t+1}, a_{t+1}))),
  ///
  /// the last step without the second term. V is the target policy's value [length]; `chosen` Q and `factors` c are at
  /// t what belongs to t + 1.
  package static func target(
    length: Int, rewards: UnsafePointer<Float>, continues: UnsafePointer<Float>, values: UnsafePointer<Float>,
    chosen: UnsafePointer<Float>, factors: UnsafePointer<Float>, discount: Float
  ) -> Float {
    var target: Float = 0
    for t in stride(from: length - 1, through: 0, by: -1) {
      let follow = t == length - 1 ? 0 : factors[t] * (target - chosen[t])
      target = rewards[t] + discount * continues[t] * (values[t] + follow)
    }
    return target
  }
}

/// Values, factors and targets of segments under a value network, in blocks of rows over the worker pool.
final class SegmentScratch: PhasedWork {
  enum Phase { case values }

  /// The pass under way.
  struct Pass {
    let head: DiscreteValues
    let network: ConvolutionalNetwork
    let parameters: UnsafePointer<Float>
    let targets: UnsafePointer<Float>
    let rule: TraceRule
    /// The target policy's probability of a uniform action.
    let epsilon: Float
    let rows: Int
    let next: UnsafePointer<Float>
    let actions: UnsafePointer<Float>
    let probabilities: UnsafePointer<Float>
  }

  private let workers: [ValueWorkspace]
  private let values: UnsafeMutablePointer<Float>
  private let chosen: UnsafeMutablePointer<Float>
  private let factors: UnsafeMutablePointer<Float>
  private let storage: Vector
  private let capacity: Int
  private var pass: Pass?

  init(_ head: DiscreteValues, _ network: ConvolutionalNetwork, rows: Int) {
    capacity = rows
    workers = (0..<WorkerPool.threads).map { _ in ValueWorkspace(head, network, gradients: false) }
    var storage = Vector(count: 3 * rows)
    values = storage.mutablePointer
    (chosen, factors) = (values + rows, values + 2 * rows)
    self.storage = storage
  }

  /// Whether it can serve that many rows with the threads there are now.
  func fits(rows: Int) -> Bool { rows <= capacity && workers.count >= WorkerPool.threads }

  /// Writes the targets [B] of `segments`.
  func write(_ pass: Pass, _ segments: SegmentBatch, discount: Float, into targets: UnsafeMutablePointer<Float>) {
    self.pass = pass
    run(.values, shards: RowBlocks(rows: pass.rows, size: pass.network.blockSize).count)
    self.pass = nil
    withExtendedLifetime(segments) {
      for b in 0..<segments.count {
        let first = b * segments.steps
        targets[b] = SegmentTargets.target(
          length: segments.lengths[b], rewards: segments.rewards.pointer + first,
          continues: segments.continues.pointer + first, values: values + first, chosen: chosen + first,
          factors: factors + first, discount: discount)
      }
    }
  }

  func run(_ phase: Phase, shard: Int, worker: Int) {
    guard let pass else { return }
    let range = RowBlocks(rows: pass.rows, size: pass.network.blockSize)[shard]
    let (first, rows, head, workspace) = (range.lowerBound, range.count, pass.head, workers[worker])
    let (x, q) = (pass.next + first * pass.network.inputs, workspace.scratch.mutablePointer)
    let best = q + rows * head.count
    let output = pass.network.forward(pass.targets, x, rows: rows, workspace.pass)
    let online = workspace.second.map { pass.network.forward(pass.parameters, x, rows: rows, $0) } ?? output
    head.best(online, rows: rows, actions: best, scratch: q)
    head.actionValues(output, rows: rows, into: q, scratch: q)
    let uniform = pass.epsilon / Float(head.count)
    for r in 0..<rows {
      let (row, greedy, taken) = (q + r * head.count, Int(best[r]), Int(pass.actions[first + r]))
      var value = (1 - pass.epsilon) * row[greedy]
      if uniform > 0 { for k in 0..<head.count { value += uniform * row[k] } }
      values[first + r] = value
      chosen[first + r] = row[taken]
      factors[first + r] = pass.rule.factor(
        isBest: greedy == taken, target: uniform + (greedy == taken ? 1 - pass.epsilon : 0),
        behaviour: pass.probabilities[first + r])
    }
  }
}
