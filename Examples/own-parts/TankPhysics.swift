import Archive
import Configuration
import Interfaces
import Kernels
import Laboratory
import Methods
import Planners

/// Dynamics of `Tank` whose physics are known but for the outlet c, which is fitted by least squares:
/// h' - h - dt u = -c dt sqrt(h).
///
/// With the task's objective it makes a world: `KnownRewards(TankPhysics(...), TankObjective())`.
struct TankPhysics: LearnedDynamics {
  static let metricNames = ["outlet"]

  let timeStep: Float
  private(set) var outlet: Float = 0
  private(set) var isFitted = false

  init(timeStep: Float) { self.timeStep = timeStep }

  var stateSize: Int { 2 }
  var actionSize: Int { 1 }
  var preferredRows: Int { 512 }

  mutating func fit(
    to data: some TransitionSource, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    var batch = TransitionBatch(count: data.count, observationSize: 2, actionSize: 1)
    (0..<Int32(data.count)).map { $0 }.withUnsafeBufferPointer { data.gather($0, into: &batch) }
    var (products, squares) = (0.0, 1e-9)
    for row in 0..<batch.count {
      let (level, next) = (batch.observations.pointer[2 * row], batch.nextObservations.pointer[2 * row])
      guard next > 0 && next < 2 else { continue }  // at the rims the level says nothing about the outlet
      let valve = min(max(batch.actions.pointer[row], 0), 1)
      let slope = Double(-timeStep * level.squareRoot())
      products += slope * Double(next - level - timeStep * valve)
      squares += slope * slope
    }
    outlet = Float(products / squares)
    guard outlet.isFinite else { throw NumericalFailure(metric: "outlet", value: outlet) }
    isFitted = true
    metrics.record("outlet", outlet)
  }

  func makeRollout(capacity: Int, keeping steps: Int) -> Rollout { Rollout(self, capacity: capacity) }

  /// Imagined tanks, advanced together.
  struct Rollout: ModelRollout {
    private let physics: TankPhysics
    private var levels: Vector  // [capacity, 2]
    private(set) var count = 0
    private(set) var steps = 0

    init(_ physics: TankPhysics, capacity: Int) {
      self.physics = physics
      levels = Vector(count: 2 * capacity)
    }

    var states: UnsafePointer<Float> { levels.pointer }

    mutating func reset(_ starts: RolloutStarts, using random: RandomStream) {
      (count, steps) = (starts.count, 0)
      levels.mutablePointer.update(from: starts.states, count: 2 * count)
    }

    mutating func advance(_ actions: UnsafePointer<Float>) {
      let rows = levels.mutablePointer
      for row in 0..<count {
        let (level, valve) = (rows[2 * row], min(max(actions[row], 0), 1))
        let next = level + physics.timeStep * (valve - physics.outlet * level.squareRoot())
        rows[2 * row] = min(max(next, 0), 2)
      }
      steps += 1
    }
  }
}

extension TankPhysics: Archived {
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("outlet", &outlet)
    try fields.field("fitted", &isFitted)
  }
}

/// Settings of planning in `TankPhysics`.
struct PhysicsPlanningSettings: Configuration {
  init() {}
  @SettingGroup("Schedule") var agent = PlanningSettings()
  @SettingGroup("Planner") var planner = CrossEntropy.Settings()
}

extension AgentEntry {
  /// The cross-entropy method in a tank whose outlet is learned.
  static let tankPhysics = AgentEntry(
    "tank-physics", summary: "plans with CEM in physics with a fitted coefficient",
    tiny: TinyRun(in: Tank.name, ["planner.horizon=4", "planner.population=12", "planner.elites=4"]),
    defaults: PhysicsPlanningSettings(),
    make: { settings, environment, random throws(ConfigurationError) in
      guard let objective = environment.objective as? TankObjective else {
        throw ConfigurationError(
          kind: .relation, key: "environment", value: environment.name, problem: "is no tank: use \(Tank.name)")
      }
      let spec = environment.spec
      return PlanningAgent(
        settings.agent, world: KnownRewards(TankPhysics(timeStep: spec.timeStep), objective),
        planner: CrossEntropy(settings.planner, for: spec.action), spec: spec, using: random.child("agent"))
    })
}
