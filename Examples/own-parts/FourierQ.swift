import Archive
import Configuration
import Foundation
import Interfaces
import Kernels
import Laboratory
import Methods

/// Q-learning over a grid of actions, with values that are linear in random Fourier features (Rahimi and Recht 2007):
/// Q(s, k) = w_k . phi(s), phi_i(s) = sqrt(2 / F) cos(omega_i . s + b_i).
struct FourierQ: OffPolicyLearner {
  /// Settings of the learner.
  struct Settings: Configuration {
    init() {}
    @Setting("Features, F", in: 1...100_000) var features: Int = 200
    @Setting("Distance of observations at which features differ", in: 1e-3...1e3) var width: Float = 0.7
    @Setting("Actions of the grid, K", in: 2...1000) var choices: Int = 11
    @Setting("Step size of each transition", in: 1e-6...1) var learningRate: Float = 0.2
    @Setting("Discount of a step", in: 0...1) var discount: Float = 0.9
    @Setting("Probability of a random action while collecting", in: 0...1) var epsilon: Float = 0.1
  }

  static let title = "Q-learning with random features"
  static let metricNames = ["td_error"]

  let discount: Float
  private let settings: Settings
  private(set) var policy: FourierPolicy
  /// Scratch of one state and its successor.
  private let (scratch, nextScratch): (FourierPolicy.Workspace, FourierPolicy.Workspace)

  static func objection(to space: ActionSpace) -> String? {
    if case .box(let low, _) = space, low.count == 1 { nil } else { "needs a single continuous action" }
  }

  init(_ settings: Settings, for spec: EnvironmentSpec, using random: RandomStream) {
    self.settings = settings
    discount = settings.discount
    policy = FourierPolicy(settings, for: spec, using: random)
    (scratch, nextScratch) = (policy.makeWorkspace(), policy.makeWorkspace())
  }

  mutating func act(
    on observations: UnsafePointer<Float>, of copies: Range<Int>, explore: Bool,
    using streams: UnsafeMutablePointer<RandomStream>, actions: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<copies.count {
      actions[row] =
        explore && streams[row].uniform() < settings.epsilon
        ? policy.action(streams[row].index(below: settings.choices))
        : policy.action(policy.best(observations + row * policy.observationSize, scratch).choice)
    }
  }

  func predictedValue(of observation: UnsafePointer<Float>) -> Float? { policy.best(observation, scratch).value }

  mutating func update(
    on batch: TransitionBatch, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    let size = policy.observationSize
    var total: Float = 0
    for row in 0..<batch.count {
      let next = policy.best(batch.nextObservations.pointer + row * size, nextScratch).value
      let target = batch.rewards.pointer[row] + discount * batch.continues.pointer[row] * next
      policy.writeFeatures(batch.observations.pointer + row * size, scratch)
      let choice = policy.choice(batch.actions.pointer[row])
      let error = target - policy.value(of: choice, scratch)
      policy.add(settings.learningRate * error, to: choice, scratch)
      total += error * error
    }
    let mean = total / Float(max(batch.count, 1))
    guard mean.isFinite else { throw NumericalFailure(metric: "td_error", value: mean) }
    metrics.record("td_error", mean)
  }

  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) { try fields.field("policy", &policy) }
}

extension FourierQ: Archived {}

/// The greedy policy of `FourierQ`, with its values.
struct FourierPolicy: Policy, Archived {
  /// The features of one state, [F].
  final class Workspace {
    var features: Vector
    init(_ count: Int) { features = Vector(count: count) }
  }

  let observationSize: Int
  private let (low, high): (Float, Float)
  private var frequencies: Matrix  // [F, D]
  private var phases: Vector  // [F]
  private var weights: Matrix  // [K, F]

  init(_ settings: FourierQ.Settings, for spec: EnvironmentSpec, using random: RandomStream) {
    observationSize = spec.observationSize
    let bounds = spec.action.bounds
    (low, high) = (bounds.low[0], bounds.high[0])
    frequencies = Matrix(rows: settings.features, columns: spec.observationSize)
    phases = Vector(count: settings.features)
    weights = Matrix(rows: settings.choices, columns: settings.features)
    var random = random.child("features")
    let entries = frequencies.mutablePointer
    for i in 0..<frequencies.count { entries[i] = random.normal() / settings.width }
    random.fillUniform(&phases, low: 0, high: 2 * .pi)
  }

  var actionSize: Int { 1 }

  func makeWorkspace() -> Workspace { Workspace(phases.count) }

  func act(
    count: Int, on observations: UnsafePointer<Float>, explore: Bool, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    for row in 0..<count { actions[row] = action(best(observations + row * observationSize, workspace).choice) }
  }

  /// The action of a choice, and the choice that is nearest to an action.
  func action(_ choice: Int) -> Float { low + (high - low) * Float(choice) / Float(weights.rows - 1) }
  func choice(_ action: Float) -> Int {
    let share = (min(max(action, low), high) - low) / (high - low)
    return Int((share * Float(weights.rows - 1)).rounded())
  }

  /// Leaves phi(s) in the workspace.
  func writeFeatures(_ observation: UnsafePointer<Float>, _ workspace: Workspace) {
    let (features, scale) = (workspace.features.mutablePointer, (2 / Float(phases.count)).squareRoot())
    for i in 0..<phases.count {
      var angle = phases.pointer[i]
      for j in 0..<observationSize { angle += frequencies.pointer[i * observationSize + j] * observation[j] }
      features[i] = scale * cos(angle)
    }
  }

  /// Q of the state whose features the workspace holds.
  func value(of choice: Int, _ workspace: Workspace) -> Float {
    let (row, features) = (weights.pointer + choice * weights.columns, workspace.features.pointer)
    var sum: Float = 0
    for i in 0..<weights.columns { sum += row[i] * features[i] }
    return sum
  }

  /// The best choice and its value.
  func best(_ observation: UnsafePointer<Float>, _ workspace: Workspace) -> (choice: Int, value: Float) {
    writeFeatures(observation, workspace)
    var best = (choice: 0, value: -Float.infinity)
    for choice in 0..<weights.rows {
      let value = value(of: choice, workspace)
      if value > best.value { best = (choice, value) }
    }
    return best
  }

  /// Moves the weights of `choice` by `amount` times the features.
  mutating func add(_ amount: Float, to choice: Int, _ workspace: Workspace) {
    let (row, features) = (weights.mutablePointer + choice * weights.columns, workspace.features.pointer)
    for i in 0..<weights.columns { row[i] += amount * features[i] }
  }

  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("frequencies", &frequencies)
    try fields.field("phases", &phases)
    try fields.field("weights", &weights)
  }
}

extension AgentEntry {
  /// `FourierQ` on replayed steps.
  static let fourierQ = offPolicy(
    "fourier-q", FourierQ.title, FourierQ.self,
    tiny: TinyRun(in: "Pendulum-v1", ["agent.random_steps=20", "agent.batch_size=8", "learner.features=16"]))
}
