import Archive
import Experience
import Foundation
import Interfaces
import Kernels
import Learners
import TestSupport

/// Small on-policy learners and segments.
enum OnPolicyCases {
  static let observationSize = 3

  static func spec(_ action: ActionSpace) -> EnvironmentSpec {
    EnvironmentSpec(observationSize: observationSize, action: action, timeStep: 1, stepLimit: 100)
  }

  static let box = ActionSpace.box(low: [-1, -3], high: [2, 1])

  /// Policy settings of a small network.
  static func policy(_ change: (inout PolicySettings) -> Void = { _ in }) -> PolicySettings {
    var settings = PolicySettings()
    settings.hidden = [5, 4]
    change(&settings)
    return settings
  }

  /// A segment of `steps` steps of `copies` copies with random observations, raw actions within reach, rewards, and one
  /// step in seven an end, of either kind.
  static func segment(_ action: ActionSpace, steps: Int, copies: Int, seed: UInt64) -> RolloutSegment {
    var segment = RolloutSegment(
      copies: copies, observationSize: observationSize, actionSize: action.size, capacity: steps)
    fill(&segment, action, steps: steps, seed: seed)
    return segment
  }

  static func fill(_ segment: inout RolloutSegment, _ action: ActionSpace, steps: Int, seed: UInt64) {
    var random = RandomStream(seed: seed).child("segment")
    let copies = segment.copies
    var drawn = [Float](repeating: 0, count: action.size)
    segment.clear()
    for t in 0..<steps {
      func normals(_ count: Int) -> [Float] { (0..<count).map { _ in random.normal() } }
      let (observations, next) = (normals(copies * observationSize), normals(copies * observationSize))
      let actions = (0..<copies).flatMap { _ -> [Float] in
        if case .box = action { return normals(action.size) }
        action.draw(&drawn, using: &random)
        return drawn
      }
      let endings = (0..<copies).map { n in
        (t * copies + n) % 7 == 3 ? Ending.terminated : (t * copies + n) % 7 == 6 ? .truncated : .none
      }
      segment.append(
        observations: observations, actions: actions, rewards: normals(copies), endings: endings, next: next)
    }
  }

  /// The learner with every parameter drawn at random.
  static func drawn<Learner: OnPolicyLearner>(_ learner: Learner, seed: UInt64 = 1, scale: Float = 0.5) -> Learner {
    var (learner, random) = (learner, RandomStream(seed: seed).child("parameters"))
    learner.parameters = Vector(learner.parameters.elements.map { _ in scale * random.normal() })
    return learner
  }

  static func metrics<Learner: OnPolicyLearner>(_ type: Learner.Type) -> MetricRow {
    MetricRow(names: type.metricNames)
  }
}

/// Policy, value function and segment in double precision, row by row.
struct NaiveRollout {
  let naive: NaiveDistribution
  let policy: OraclePerceptron
  let value: OraclePerceptron?
  let observations: [[Double]]
  let actions: [[Double]]
  let rewards: [Double]
  /// What values after each step are worth, and whether the copy's next row goes on.
  private let bootstraps: [[Double]?]
  private let continues: [Bool]
  private let copies: Int

  init(_ naive: NaiveDistribution, _ segment: RolloutSegment, hidden: [Int], isShared: Bool = false) {
    self.naive = naive
    let (inputs, width) = (segment.observationSize, naive.distribution.outputs)
    policy = OraclePerceptron(widths: [inputs] + hidden + [width + (isShared ? 1 : 0)]) { tanh($0) }
    value = isShared ? nil : OraclePerceptron(widths: [inputs] + hidden + [1]) { tanh($0) }
    let rows = 0..<segment.rows
    observations = rows.map { segment.observations.row($0).map(Double.init) }
    actions = rows.map { segment.actions.row($0).map(Double.init) }
    rewards = rows.map { Double(segment.rewards[$0]) }
    copies = segment.copies
    let count = segment.rows
    bootstraps = rows.map { row in
      switch segment.endings[row] {
      case .terminated: nil
      case .truncated:
        segment.truncatedRows.firstIndex(of: row).map { segment.truncated.row($0).map(Double.init) }
      case .none:
        row >= count - segment.copies ? segment.last.row(row % segment.copies).map(Double.init) : nil
      }
    }
    continues = rows.map { segment.endings[$0] == .none && $0 < count - segment.copies }
  }

  private func sharedStart() -> Int { policy.count }
  private func valueStart() -> Int { policy.count + naive.distribution.sharedCount }

  func distribution(_ parameters: [Double], _ observation: [Double]) -> (row: [Double], shared: [Double]) {
    let row = policy(parameters[..<policy.count], observation)
    return (Array(row.prefix(naive.distribution.outputs)), Array(parameters[sharedStart()..<valueStart()]))
  }

  func value(_ parameters: [Double], _ observation: [Double]) -> Double {
    value.map { $0(parameters[valueStart()...], observation)[0] }
      ?? policy(parameters[..<policy.count], observation)[naive.distribution.outputs]
  }

  func logProbability(_ parameters: [Double], _ row: Int) -> Double {
    let (outputs, shared) = distribution(parameters, observations[row])
    return naive.logProbability(outputs, shared, actions[row])
  }

  /// The exact entropy, or where there is none what stands for it.
  func entropy(_ parameters: [Double], _ row: Int) -> Double {
    guard naive.distribution.hasEntropy else { return -logProbability(parameters, row) }
    let (outputs, shared) = distribution(parameters, observations[row])
    return naive.entropy(outputs, shared)
  }

  func divergence(from old: [Double], to new: [Double], _ row: Int) -> Double {
    let (before, after) = (distribution(old, observations[row]), distribution(new, observations[row]))
    return naive.divergence(before.row, before.shared, after.row, after.shared)
  }

  /// Generalized advantage estimates, by their definition as a sum over later errors.
  func advantages(_ parameters: [Double], discount: Double, lambda: Double) -> [Double] {
    let values = observations.map { value(parameters, $0) }
    let errors = rewards.indices.map { row in
      let next = continues[row] ? values[row + copies] : bootstraps[row].map { value(parameters, $0) } ?? 0
      return rewards[row] + discount * next - values[row]
    }
    return rewards.indices.map { first in
      var (row, total, factor) = (first, errors[first], discount * lambda)
      while continues[row] {
        row += copies
        total += factor * errors[row]
        factor *= discount * lambda
      }
      return total
    }
  }
}

/// Mean 0 and standard deviation 1 as an unbiased estimate.
func standardized(_ x: [Double]) -> [Double] {
  guard x.count > 1 else { return x }
  let mean = x.reduce(0, +) / Double(x.count)
  let deviation = (x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count - 1)).squareRoot()
  return x.map { ($0 - mean) / (deviation + 1e-8) }
}
