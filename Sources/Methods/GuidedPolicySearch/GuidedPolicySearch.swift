import Archive
import Configuration
import Control
import Interfaces
import Kernels
import Learners

/// Guided policy search: local controllers for the initial conditions, found with fitted local models, teach one global
/// policy, which in turn holds them back. Measured is the global policy.
///
/// With `multipliers`, controllers minimize E_p[l - uᵀλ] + ν KL(p ‖ π̄) within a divergence of those that collected the
/// trajectories, the policy is taught their actions less (ν P)⁻¹ λ, and λ grows with what is left between the two, some
/// rounds an iteration (Levine, Finn, Darrell and Abbeel 2016, algorithm 1). With `mirror`, controllers minimize E_p[l]
/// within a divergence of the linearized policy π̄, and the policy is taught what they do (Montgomery and Levine 2016,
/// algorithm 2).
public struct GuidedPolicySearch<
  Estimator: LinearGaussianEstimator, Linearizer: LinearGaussianEstimator
>: RowwiseAgent {
  private let settings: GuidedSearchSettings
  private let coupling: PolicyCoupling
  private var search: LQRFLM<Estimator>
  private var global: GlobalPolicy<Linearizer>
  private var duals: [DualVariables]
  private var report: LQRFLMTables
  private var collecting = RandomStream(seed: 0)
  /// Of each copy.
  private var evaluating = [RandomStream(seed: 0)]
  public private(set) var phases = PhaseSeconds()

  public var metricNames: [String] {
    LQRFLM<Estimator>.fitMetrics + LQRFLM<Estimator>.updateMetrics + [
      "policy_kl", "policy_loss", "policy_weight", "policy_failures",
    ]
  }

  /// An agent for `task` that fits dynamics with `estimator`, teaches `policy` and linearizes it with `linearizer`.
  /// Throws where settings do not fit the task.
  public init(
    _ settings: GuidedSearchSettings, _ local: LQRFLMSettings, coupling: PolicyCoupling,
    task: TrajectoryOptimizationTask,
    estimator: Estimator, policy: PolicyRegression, linearizer: Linearizer, using random: RandomStream
  ) throws(ConfigurationError) {
    self.settings = settings
    self.coupling = coupling
    search = try LQRFLM(local, task: task, estimator: estimator, using: random.child("local"))
    global = GlobalPolicy(
      policy, linearizer: linearizer, observed: try settings.components(of: task), using: random.child("global"))
    var weight = 1.0
    if case .multipliers(let settings) = coupling { weight = settings.weight }
    duals = task.starts.map { _ in
      DualVariables(horizon: task.horizon, actionSize: task.actionSize, weight: weight)
    }
    report = LQRFLMTables(task, extra: ["policy_kl", "policy_weight"], details: local.details)
  }

  // MARK: - Episodes

  /// Controllers of one iteration collect their trajectories one after another: one copy at a time can be collected.
  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    precondition(purpose == .evaluate || copies == 1, "\(copies) copies")
    search.prepare(copies: copies, for: purpose)
    if purpose == .evaluate { evaluating = Array(repeating: evaluating[0], count: copies) }
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    search.startEpisode(of: copy, for: purpose, using: random)
    if purpose == .collect { collecting = random.child("policy") } else { evaluating[copy] = random.child("policy") }
  }

  public mutating func act(on observation: [Float], of copy: Int, for purpose: ActPurpose, action: inout [Float]) {
    // the local controllers act in any case: they keep the time and know the condition
    search.act(on: observation, of: copy, for: purpose, action: &action)
    guard global.policy.isTrained else { return }
    if purpose == .evaluate {
      global.act(on: observation, search.task, noisy: false, using: &evaluating[copy], action: &action)
    } else if settings.sampling == .global {
      global.act(on: observation, search.task, noisy: true, using: &collecting, action: &action)
    }
  }

  public mutating func observe(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], of copy: Int
  ) {
    search.observe(observation, action, outcome, next: next)
  }

  // MARK: - Iterations

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    guard search.isReady else { return }
    var start = ContinuousClock.now
    let fits = search.fit(metrics: &metrics)
    phases.fitting += seconds(from: start)
    start = ContinuousClock.now
    var changes = fits.indices.map { _ in Change() }
    switch coupling {
    case .mirror: try descend(fits, &changes, metrics: &metrics)
    case .multipliers(let settings): try alternate(fits, settings, &changes, metrics: &metrics)
    }
    finish(fits, changes, metrics: &metrics)
    search.advance()
    phases.learning += seconds(from: start)
  }

  /// What an iteration did to a condition.
  private struct Change {
    var expectedCost: Double?
    var improvement: (Double, Double)?
    var bound = 0.0
    var outcome: ControllerUpdateOutcome?
    var distribution: TrajectoryDistribution?
  }

  private mutating func teach(_ duals: [DualVariables]?, metrics: inout MetricRow) throws(NumericalFailure) {
    if let loss = try global.learn(from: search.conditions, duals) { metrics.recordIfFinite("policy_loss", loss) }
  }

  private mutating func descend(
    _ fits: [FittedDynamics?], _ changes: inout [Change], metrics: inout MetricRow
  ) throws(NumericalFailure) {
    if !global.policy.isTrained { try teach(nil, metrics: &metrics) }
    let linear = global.linearize(around: search.conditions)
    for (index, fit) in fits.enumerated() {
      guard let fit, let policy = linear[index], let current = fit.follow(policy) else {
        search.keep(index, metrics: &metrics)
        continue
      }
      update(
        index, fit, cost: current.cost, adapting: true,
        ControllerUpdateProblem(dynamics: fit.dynamics, costs: fit.costs, start: fit.start, previous: policy),
        &changes[index], metrics: &metrics)
    }
    try teach(nil, metrics: &metrics)
  }

  private mutating func alternate(
    _ fits: [FittedDynamics?], _ settings: MultiplierCouplingSettings, _ changes: inout [Change],
    metrics: inout MetricRow
  ) throws(NumericalFailure) {
    let collectors = search.conditions.map(\.controller)
    var linear = [TimedLinearGaussian?](repeating: nil, count: fits.count)
    if global.policy.isTrained { linear = global.linearize(around: search.conditions) }
    for round in 0..<settings.rounds {
      for (index, fit) in fits.enumerated() {
        guard let fit, let current = fit.follow(collectors[index]) else {
          if round == 0 { search.keep(index, metrics: &metrics) }
          continue
        }
        var problem = ControllerUpdateProblem(
          dynamics: fit.dynamics, costs: fit.costs, start: fit.start, previous: collectors[index])
        duals[index].apply(to: &problem.costs)
        if let policy = linear[index] { problem.policy = (policy, duals[index].weights) }
        update(
          index, fit, cost: current.cost, adapting: round == 0, problem, &changes[index], metrics: &metrics)
      }
      try teach(duals, metrics: &metrics)
      linear = global.linearize(around: search.conditions)
      for index in fits.indices {
        guard let policy = linear[index], let distribution = changes[index].distribution,
          let precisions = ControllerDivergence(from: search.conditions[index].controller)?.precisions
        else { continue }
        duals[index].step(
          search.conditions[index].controller, policy, distribution, precisions: precisions, rate: settings.rate)
      }
    }
  }

  private mutating func update(
    _ index: Int, _ fit: FittedDynamics, cost: Double, adapting: Bool, _ problem: ControllerUpdateProblem,
    _ change: inout Change, metrics: inout MetricRow
  ) {
    if adapting {
      metrics.recordIfFinite("expected_cost", cost)
      change.improvement = search.adaptBound(index, cost: cost, metrics: &metrics)
    }
    change.expectedCost = cost
    change.bound = search.bound(index)
    let outcome = search.update(index, problem, fit, cost: cost, metrics: &metrics)
    change.outcome = outcome
    change.distribution = outcome.report?.distribution ?? fit.follow(search.conditions[index].controller)?.distribution
  }

  /// Measures how far controllers and policy are apart, adapts weights, and writes the rows.
  private mutating func finish(_ fits: [FittedDynamics?], _ changes: [Change], metrics: inout MetricRow) {
    let linear = global.policy.isTrained ? global.linearize(around: search.conditions) : fits.map { _ in nil }
    for (index, fit) in fits.enumerated() {
      let (condition, change) = (search.conditions[index], changes[index])
      var divergence: Double?
      if let policy = linear[index], let distribution = change.distribution,
        let measure = ControllerDivergence(from: policy)
      {
        let terms = measure.terms(of: condition.controller, along: distribution)
        divergence = terms.reduce(0, +) / Double(terms.count)
        if case .multipliers(let settings) = coupling, search.iteration >= settings.fixedIterations {
          duals[index].adapt(terms, settings)
        }
      }
      let weight = duals[index].weights.reduce(0, +) / Double(duals[index].weights.count)
      if let divergence { metrics.recordIfFinite("policy_kl", divergence) }
      metrics.record("policy_failures", divergence == nil ? 1 : 0)
      metrics.recordIfFinite("policy_weight", weight)
      report.add(
        iteration: search.iteration, condition: index, fit, expectedCost: change.expectedCost,
        improvement: change.improvement, bound: change.bound, change.outcome?.report,
        outcome: change.outcome?.name ?? (fit == nil ? "no-fit" : "diverging"),
        trajectories: condition.samples.count, extra: [divergence.map { .number($0) } ?? .empty, .number(weight)])
      if let fit, let distribution = change.distribution {
        report.add(
          iteration: search.iteration, condition: index, condition.controller, distribution, fit,
          change.outcome?.report)
      }
    }
  }

  public var tables: [AgentTable] { report.tables }
  public var hasRows: Bool { !report.rows.isEmpty }
  public mutating func takeRows() -> [(table: Int, fields: [AgentField])] { report.take() }
}

extension GuidedSearchSettings {
  /// The components of the state that the policy sees. Throws for one that there is not.
  public func components(of task: TrajectoryOptimizationTask) throws(ConfigurationError) -> [Int] {
    if let wrong = observed.first(where: { $0 >= task.stateSize }) {
      throw ConfigurationError("observed", "has \(wrong); observations have components 0 to \(task.stateSize - 1)")
    }
    return observed.isEmpty ? Array(0..<task.stateSize) : observed
  }
}

extension GuidedPolicySearch: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("search", &search)
    try fields.field("global", &global)
    for index in duals.indices { try fields.field("agreement_\(index)", &duals[index]) }
    try fields.field("collecting", &collecting)
    try fields.field("evaluating", &evaluating[0])
  }
}
