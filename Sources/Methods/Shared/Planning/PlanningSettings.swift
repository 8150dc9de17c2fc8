import Configuration

/// How planned decisions are executed.
public enum PlanExecution: String, CaseIterable, SettingValue {
  /// Some of a plan, then a new plan from what was observed meanwhile: model predictive control.
  case closedLoop = "closed_loop"
  /// Every decision of a plan before the next one, whatever was observed meanwhile.
  case openLoop = "open_loop"
}

/// Settings of a planning agent besides its planner and its model.
///
/// The three stages of model-based reinforcement learning are settings: 0.5 is `refits=false` (one fit to the base policy's
/// data), 1.0 refits and executes whole plans (`execution=open_loop`), 1.5 plans anew at every step.
public struct PlanningSettings: Configuration {
  public init() {}
  @Setting("Imagined trajectories for each plan", in: 1...10_000) public var particles: Int = 20
  @Setting("Episodes of the base policy at the start", in: 1...100_000) public var randomEpisodes: Int = 1
  @Setting(
    "Folder of a saved run whose agent, without exploration, is the base policy; auto is uniformly random actions")
  public var baseRun: String? = nil
  @Setting(
    "Fit the model again as experience grows, instead of once, to the base policy's episodes")
  public var refits: Bool = true
  @Setting("Steps between fits of the model", in: 1...10_000_000) public var fitInterval: Int = 200
  @Setting("Transitions kept for fitting", in: 1...100_000_000) public var replayCapacity: Int =
    1_000_000
  @Setting(
    "How plans are executed: closed_loop (plan again from what is observed) or open_loop (plan by plan)"
  )
  public var execution: PlanExecution = .closedLoop
  @Setting(
    "Decisions of a plan that are executed before the next one is made, in closed loop",
    in: 1...1000)
  public var replanInterval: Int = 1

  /// Decisions executed of a plan of `horizon` decisions.
  public func executed(of horizon: Int) -> Int {
    execution == .openLoop ? horizon : min(replanInterval, horizon)
  }

  /// Throws if more decisions were to be executed than a plan of `horizon` decisions has.
  package func checkReplanning(horizon: Int) throws(ConfigurationError) {
    guard execution == .closedLoop && replanInterval > horizon else { return }
    throw ConfigurationError(
      kind: .relation, key: "agent.replan_interval", value: "\(replanInterval)",
      problem: "must not exceed the planner's horizon (\(horizon))")
  }
}
