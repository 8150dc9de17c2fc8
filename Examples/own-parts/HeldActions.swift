import Archive
import Configuration
import Interfaces
import Kernels
import Laboratory
import Methods
import Models

/// Plans that hold one action for the whole horizon: draws actions uniformly and takes the one that the world says is best.
struct HeldActions: ContinuousPlanner {
  /// Settings of the planner.
  struct Settings: Configuration {
    init() {}
    @Setting("Decisions in a plan", in: 1...1000) var horizon: Int = 5
    @Setting("Actions tried for each decision", in: 1...100_000) var population: Int = 64
  }

  static let name = "held-actions"
  static let summary = "best of actions that are held"

  let horizon: Int
  private let low: [Float]
  private let high: [Float]
  private var plans: Matrix  // [population, H * A]
  private var returns: [Float]

  init(_ settings: Settings, low: [Float], high: [Float]) {
    (horizon, self.low, self.high) = (settings.horizon, low, high)
    plans = Matrix(rows: settings.population, columns: settings.horizon * low.count)
    returns = Array(repeating: 0, count: settings.population)
  }

  /// There is no warm start to forget.
  mutating func reset() {}

  mutating func plan(
    with evaluator: inout some PlanEvaluator, using random: inout RandomStream, action: inout [Float]
  ) {
    let (entries, size) = (plans.mutablePointer, low.count)
    for row in 0..<plans.rows {
      let plan = entries + row * plans.columns
      for i in 0..<size { plan[i] = random.uniform(low[i], high[i]) }
      for i in size..<plans.columns { plan[i] = plan[i - size] }
    }
    evaluator.evaluate(plans, returns: &returns)
    var best = 0
    for row in returns.indices where returns[row] > returns[best] { best = row }
    for i in action.indices { action[i] = plans.pointer[best * plans.columns + i] }
  }

  /// There is nothing to save.
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {}
}

/// Settings of planning with `HeldActions`.
struct HeldPlanningSettings: Configuration {
  init() {}
  @SettingGroup("Schedule") var agent = PlanningSettings()
  @SettingGroup("Planner") var planner = HeldActions.Settings()
  @SettingGroup("Dynamics model") var model = EnsembleSettings()
}

extension AgentEntry {
  /// `HeldActions` in an ensemble, for every environment with continuous actions that tells its rewards.
  static let heldActions = AgentEntry(
    HeldActions.name, summary: "plans with held actions in an ensemble",
    tiny: TinyRun(
      in: "Pendulum-v1",
      ["planner.horizon=4", "planner.population=12", "model.hidden=[8]", "model.weight_decay=[1e-4]"]),
    defaults: HeldPlanningSettings(),
    make: { settings, environment, random throws(ConfigurationError) in
      let spec = environment.spec
      guard let objective = environment.objective, HeldActions.plans(spec.action) else {
        throw ConfigurationError(
          kind: .relation, key: "environment", value: environment.name,
          problem: "needs continuous actions and rewards that are known from observations")
      }
      let model = ProbabilisticEnsemble(
        settings.model, stateSize: spec.observationSize, actions: spec.action, using: random.child("model"))
      return PlanningAgent(
        settings.agent, world: KnownRewards(model, objective),
        planner: HeldActions(settings.planner, for: spec.action), spec: spec, using: random.child("agent"))
    })
}
