import Archive
import Configuration
import Environments
import Interfaces
import Kernels

/// The point mass itself as a model, which notes how much data each fit had.
struct ProbeModel: LearnedDynamics {
  static let metricNames = ["probe_transitions"]

  private(set) var fits: [Int] = []
  private let model = TrueModel(PointMass(PointMassSettings()))

  var isFitted: Bool { !fits.isEmpty }
  var stateSize: Int { model.stateSize }
  var actionSize: Int { model.actionSize }
  var preferredRows: Int { model.preferredRows }

  func makeRollout(capacity: Int, keeping steps: Int) -> TrueRollout<PointMass> {
    model.makeRollout(capacity: capacity, keeping: steps)
  }

  mutating func fit(
    to data: some TransitionSource, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    fits.append(data.count)
    metrics.record("probe_transitions", Float(data.count))
  }

  func save(to writer: inout StateWriter) { writer.write("fits", fits) }

  mutating func restore(from reader: StateReader) throws(ArchiveError) { fits = try reader.integers("fits") }
}

/// Decides by the number of decisions since the last reset, and evaluates one plan.
struct CountingPlanner: Planner {
  struct Settings: Configuration {
    init() {}
    @Setting("Decisions in a plan", in: 1...1000) var horizon: Int = 3
  }

  static let name = "counting"
  static let summary = "counts its decisions"

  static func plans(_ space: ActionSpace) -> Bool { true }
  var horizon: Int { plans.columns / size }
  private let size: Int

  private var decisions = 0
  private var plans: Matrix
  private var returns: [Float] = [0]

  init(_ settings: Settings, for space: ActionSpace) {
    size = space.size
    plans = Matrix(rows: 1, columns: settings.horizon * size)
  }

  mutating func reset() { decisions = 0 }

  mutating func plan(with evaluator: inout some PlanEvaluator, using random: inout RandomStream, action: inout [Float])
  {
    evaluator.evaluate(plans, returns: &returns)
    for index in action.indices { action[index] = Float(decisions) }
    decisions += 1
  }

  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("decisions", &decisions)
  }
}

/// Always acts alike, 7 where it explores and 5 where it does not, and notes its updates.
struct ProbeLearner: OffPolicyLearner {
  static let title = "probe"
  static let metricNames = ["probe_updates"]

  init() {}
  init(_ settings: NoSettings, for spec: EnvironmentSpec, using random: RandomStream) {}

  /// Acts as the learner does.
  struct Constant: Policy {
    final class Workspace {}
    let observationSize = 4
    let actionSize = 2

    func makeWorkspace() -> Workspace { Workspace() }

    func act(
      count: Int, on observations: UnsafePointer<Float>, explore: Bool, using random: inout RandomStream,
      actions: UnsafeMutablePointer<Float>, _ workspace: Workspace
    ) {
      actions.update(repeating: explore ? 7 : 5, count: count * actionSize)
    }
  }

  let discount: Float = 0.5
  var policy: Constant { Constant() }

  private(set) var updates = 0
  /// Sum of all rewards it was shown and of the numbers it drew.
  private var digest: Float = 0

  mutating func act(
    on observations: UnsafePointer<Float>, of copies: Range<Int>, explore: Bool,
    using streams: UnsafeMutablePointer<RandomStream>, actions: UnsafeMutablePointer<Float>
  ) {
    actions.update(repeating: explore ? 7 : 5, count: copies.count * 2)
    if explore { for row in 0..<copies.count { _ = streams[row].uniform() } }
  }

  mutating func update(
    on batch: TransitionBatch, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    updates += 1
    for row in 0..<batch.count { digest += batch.rewards[row] }
    digest += random.uniform()
    metrics.record("probe_updates", Float(updates))
  }

  func save(to writer: inout StateWriter) {
    writer.write("updates", updates)
    writer.write("digest", digest)
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    updates = try reader.integer("updates")
    digest = try reader.value("digest")
  }
}

/// Reward of the point mass, which is no number for every action whose first component is above a limit.
struct PoisonedObjective: Objective {
  let limit: Float

  func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    PointMass(PointMassSettings()).objective.evaluate(
      count: count, states: states, actions: actions, next: next, rewards: rewards, terminated: terminated)
    for row in 0..<count where actions[2 * row] > limit { rewards[row] = .nan }
  }
}

/// Settings of what has none.
struct NoSettings: Configuration {
  init() {}
}
