import Methods
import Archive
import Environments
import Experience
import Imagining
import Interfaces
import Kernels
import Learners
import Models
import TestSupport
import Testing

/// Gradients of imagined returns by a policy's parameters.
@Suite struct PolicyBackpropagationTests {
  /// The point mass, over when it is far to the right.
  private struct Fenced: DifferentiableObjective {
    let objective = PointMass(PointMassSettings()).objective

    func evaluate(
      count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
      rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
    ) {
      objective.evaluate(
        count: count, states: states, actions: actions, next: next, rewards: rewards, terminated: terminated)
      for row in 0..<count { terminated[row] = next[4 * row] > 0.4 }
    }

    func differentiate(
      count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
      stateGradients: UnsafeMutablePointer<Float>, actionGradients: UnsafeMutablePointer<Float>,
      nextGradients: UnsafeMutablePointer<Float>
    ) {
      objective.differentiate(
        count: count, states: states, actions: actions, next: next, stateGradients: stateGradients,
        actionGradients: actionGradients, nextGradients: nextGradients)
    }
  }

  private static func settings(_ change: (inout PolicyBackpropagationSettings) -> Void) -> PolicyBackpropagationSettings
  {
    var settings = PolicyBackpropagationSettings()
    settings.hidden = [7, 6]
    settings.horizon = 4
    settings.discount = 0.9
    change(&settings)
    return settings
  }

  private static func starts<Task: DifferentiableTask>(_ task: Task, _ count: Int, seed: UInt64 = 3) -> Matrix {
    var (starts, random) = (Matrix(rows: count, columns: task.spec.observationSize), RandomStream(seed: seed))
    for row in 0..<count {
      task.observe(task.startState(using: &random), into: starts.mutablePointer + row * starts.columns)
    }
    return starts
  }

  private static func learner<Head: ActorHead, Task: NativeTask>(
    _ settings: PolicyBackpropagationSettings, _ head: Head, _ task: Task, scale: Float = 0.5
  ) -> PolicyBackpropagation<Head> {
    let (low, high) = task.spec.action.bounds
    var learner = PolicyBackpropagation(
      settings, head: head, observationSize: task.spec.observationSize, low: low, high: high,
      using: RandomStream(seed: 1))
    var (parameters, random) = (learner.parameters, RandomStream(seed: 8))
    for i in 0..<parameters.count { parameters[i] = scale * random.normal() }
    learner.parameters = parameters
    return learner
  }

  /// The gradient of the average return through all steps, against central differences.
  private static func check<Head: ActorHead, Task: DifferentiableTask>(
    _ settings: PolicyBackpropagationSettings, _ head: Head, _ task: Task, _ objective: any DifferentiableObjective,
    scale: Float = 0.5
  ) {
    var learner = learner(settings, head, task, scale: scale)
    let imagination = learner.makeImagination(
      in: KnownRewards(DifferentiableTrueModel(task, noise: 0.05), objective))
    let starts = starts(task, 5)
    func evaluate(_ learner: inout PolicyBackpropagation<Head>) -> (gradient: [Float], meanReturn: Float) {
      learner.gradient(at: starts, in: imagination, using: RandomStream(seed: 2))
    }
    let found = evaluate(&learner).gradient.map { -$0 }
    let point = learner.parameters.elements.map { Double($0) }
    // differences of a sum in single precision are too coarse for small components: the whole vector is compared
    let numeric = point.indices.map { index in
      let values = [1e-2, -1e-2].map { shift in
        var moved = point.map { Float($0) }
        moved[index] += Float(shift)
        learner.parameters = Vector(moved)
        return Double(evaluate(&learner).meanReturn)
      }
      return (values[0] - values[1]) / 2e-2
    }
    let gap = zip(found, numeric).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }.squareRoot()
    let size = numeric.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(gap < 5e-3 * size, "\(Task.name): off by \(gap) of \(size)")
  }

  @Test(arguments: TerminalValue.allCases, [1, 3]) func gradientsAreThoseOfFiniteDifferences(
    _ terminalValue: TerminalValue, _ particles: Int
  ) {
    let settings = Self.settings {
      $0.terminalValue = terminalValue
      $0.particles = particles
      $0.critics = 1  // the least of several has kinks
    }
    let (pendulum, mass) = (Pendulum(PendulumSettings()), PointMass(PointMassSettings()))
    Self.check(settings, DeterministicActor(), pendulum, pendulum.objective)
    Self.check(settings, SquashedGaussianActor(), pendulum, pendulum.objective)
    Self.check(settings, SquashedGaussianActor(), mass, Fenced())
    Self.check(settings, DeterministicActor(), mass, Fenced())
  }

  /// The entropy's bonus is discounted as rewards are, ends where trajectories do, and is part of the average return.
  @Test(arguments: [TerminalValue.none, .critic]) func entropyIsPartOfTheGradient(_ terminalValue: TerminalValue) {
    let settings = Self.settings {
      ($0.terminalValue, $0.stochastic, $0.entropyWeight, $0.critics) = (terminalValue, true, 0.7, 1)
    }
    let (pendulum, mass) = (Pendulum(PendulumSettings()), PointMass(PointMassSettings()))
    // weights small enough that no deviation is near its upper bound, where the entropy has a kink
    Self.check(settings, SquashedGaussianActor(), pendulum, pendulum.objective, scale: 0.2)
    Self.check(settings, SquashedGaussianActor(), mass, Fenced(), scale: 0.2)
  }

  // MARK: - Estimators

  /// A linear policy u = -K x (of actions so small that tanh hardly bends them) on the point mass with Gaussian noise: the
  /// expected return of five steps, by the second moments S of the state, S' = M S Mᵀ + σ² I with M = A - B K.
  private static func expectedReturn(_ weights: [Double], _ start: [Double], noise: Double, horizon: Int) -> Double {
    let task = PointMass(PointMassSettings())
    // unit actions are x W + b with W [4, 2]; the bias follows, taken as 0
    var gain = DoubleMatrix(rows: 2, columns: 4)
    for i in 0..<4 { for j in 0..<2 { gain[j, i] = -10 * weights[2 * i + j] } }
    let closed = task.stateMatrix - task.inputMatrix * gain
    let price = task.stateCost + gain.transposed * task.inputCost * gain
    let column = DoubleMatrix(rows: 4, columns: 1, start)
    var (moments, total) = (column * column.transposed, 0.0)
    for _ in 0..<horizon {
      let cost = price * moments
      for i in 0..<4 { total -= cost[i, i] }
      moments = closed * moments * closed.transposed
      for i in 0..<4 { moments[i, i] += noise * noise }
    }
    return total
  }

  /// Mean and total variance of an estimator's gradients with respect to the eight gains, over calls of 256 trajectories.
  private static func estimates(
    _ estimator: GradientEstimator, calls: Int, noise: Float, horizon: Int
  ) -> (mean: [Double], variance: Double, weights: [Double], start: [Double]) {
    let task = PointMass(PointMassSettings())
    let settings = settings {
      $0.hidden = []
      $0.horizon = horizon
      $0.discount = 1
      $0.terminalValue = .none
      $0.estimator = estimator
      $0.particles = 128
    }
    var learner = learner(settings, DeterministicActor(), task, scale: 0.02)
    var parameters = learner.parameters
    (parameters[8], parameters[9]) = (0, 0)
    learner.parameters = parameters
    let start: [Float] = [0.5, -0.4, 0.3, 0.2]
    let starts = Matrix(rows: 2, columns: 4, start + start)
    let imagination = learner.makeImagination(
      in: KnownRewards(DifferentiableTrueModel(task, noise: noise), task.objective))
    let found = (0..<calls).map { call in
      learner.gradient(at: starts, in: imagination, using: RandomStream(seed: 5).child(call)).gradient.prefix(8).map {
        -Double($0)
      }
    }
    let mean = (0..<8).map { i in found.reduce(0) { $0 + $1[i] } / Double(calls) }
    let variance = found.reduce(0) { sum, one in
      sum + zip(one, mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(calls - 1)
    }
    return (mean, variance, parameters.elements.prefix(8).map { Double($0) }, start.map { Double($0) })
  }

  /// All estimators agree with the known gradient in expectation, and the combination is no noisier than the better of
  /// the two.
  @Test func estimatorsAgreeOnALinearQuadraticProblem() {
    let (noise, horizon, calls) = (Float(0.2), 5, 500)
    var variances: [GradientEstimator: Double] = [:]
    for estimator in GradientEstimator.allCases {
      let (mean, variance, weights, start) = Self.estimates(estimator, calls: calls, noise: noise, horizon: horizon)
      let known = (0..<8).map { i in
        let values = [1e-4, -1e-4].map { shift in
          var moved = weights
          moved[i] += shift
          return Self.expectedReturn(moved, start, noise: Double(noise), horizon: horizon)
        }
        return (values[0] - values[1]) / 2e-4
      }
      let gap = zip(mean, known).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
      let size = known.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let spread = (variance / Double(calls)).squareRoot()
      // four standard errors, and what tanh bends
      #expect(gap < 4 * spread + 0.01 * size, "\(estimator): off by \(gap) of \(size), standard error \(spread)")
      #expect(size > 8 * spread, "\(estimator): too noisy to tell")
      variances[estimator] = variance
    }
    let (pathwise, likelihood) = (variances[.reparametrization] ?? 0, variances[.likelihoodRatio] ?? 0)
    let total = variances[.totalPropagation] ?? .infinity
    #expect(total < 1.1 * min(pathwise, likelihood), "RP \(pathwise), LR \(likelihood), TP \(total)")
  }

  /// With an entropy bonus, too, the estimators have the same expectation.
  @Test func estimatorsAgreeOnTheEntropy() {
    let task = PointMass(PointMassSettings())
    let starts = Matrix(rows: 2, columns: 4, [0.5, -0.4, 0.3, 0.2, 0.5, -0.4, 0.3, 0.2])
    func mean(_ estimator: GradientEstimator) -> (mean: [Double], error: Double) {
      let settings = Self.settings {
        ($0.hidden, $0.horizon, $0.terminalValue, $0.estimator, $0.particles) = ([], 3, .none, estimator, 64)
        ($0.stochastic, $0.entropyWeight) = (true, 2)
      }
      var learner = Self.learner(settings, SquashedGaussianActor(), task, scale: 0.1)
      let imagination = learner.makeImagination(
        in: KnownRewards(DifferentiableTrueModel(task, noise: 0.3), task.objective))
      let calls = 300
      let found = (0..<calls).map { call in
        learner.gradient(at: starts, in: imagination, using: RandomStream(seed: 6).child(call)).gradient.map {
          Double($0)
        }
      }
      let mean = found[0].indices.map { i in found.reduce(0) { $0 + $1[i] } / Double(calls) }
      let variance = found.reduce(0) { sum, one in
        sum + zip(one, mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(calls - 1)
      }
      return (mean, (variance / Double(calls)).squareRoot())
    }
    let pathwise = mean(.reparametrization)
    let size = pathwise.mean.reduce(0) { $0 + $1 * $1 }.squareRoot()
    for estimator in [GradientEstimator.likelihoodRatio, .totalPropagation] {
      let other = mean(estimator)
      let gap = zip(pathwise.mean, other.mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
      let error = (pathwise.error * pathwise.error + other.error * other.error).squareRoot()
      #expect(gap < 4 * error, "\(estimator): off by \(gap), standard error \(error)")
      #expect(size > 8 * error, "\(estimator): too noisy to tell: \(size), standard error \(error)")
    }
  }

  @Test func totalPropagationWeighsByInverseVariance() {
    #expect(TotalPropagation.likelihoodShare(pathwise: 1, likelihood: 3) == 0.25)
    #expect(TotalPropagation.likelihoodShare(pathwise: 3, likelihood: 1) == 0.75)
    #expect(TotalPropagation.likelihoodShare(pathwise: 0, likelihood: 0) == 0)
    #expect(TotalPropagation.likelihoodShare(pathwise: .infinity, likelihood: 1) == 1)
    #expect(TotalPropagation.likelihoodShare(pathwise: 1, likelihood: .infinity) == 0)
    var target: [Float] = [1, 1]
    TotalPropagation.add([.nan, .infinity], [2, 3], 1, count: 2, to: &target)
    #expect(target == [3, 4])
    TotalPropagation.add([4, 8], [8, 4], 0.25, count: 2, to: &target)
    #expect(target == [8, 11])
  }

  // MARK: - Updates

  private static func batch(_ task: PointMass, _ count: Int) -> TransitionBatch {
    var batch = TransitionBatch(count: count, observationSize: 4, actionSize: 2)
    batch.observations.copy(from: starts(task, count))
    batch.nextObservations.copy(from: starts(task, count, seed: 4))
    batch.rewards.fill(-1)
    batch.continues.fill(1)
    return batch
  }

  private static func ensemble() throws -> ProbabilisticEnsemble {
    var settings = EnsembleSettings()
    (settings.members, settings.hidden, settings.weightDecay, settings.epochs) = (3, [16, 16], [1e-5], 2)
    var model = ProbabilisticEnsemble(settings, stateSize: 4, actionSize: 2, using: RandomStream(seed: 1))
    var (data, random) = (ReplayBuffer(capacity: 200, observationSize: 4, actionSize: 2), RandomStream(seed: 2))
    var metrics = MetricRow(names: ProbabilisticEnsemble.metricNames)
    for _ in 0..<200 {
      let state = (0..<4).map { _ in random.normal() }
      data.append(state, [random.normal(), 0], reward: 0, next: state.map { 0.9 * $0 }, continues: true)
    }
    try model.fit(to: data, using: &random, metrics: &metrics)
    return model
  }

  /// State of a learner after some updates in an ensemble.
  private static func trained<Head: ActorHead>(_ head: Head, _ estimator: GradientEstimator) throws -> OracleState {
    let task = PointMass(PointMassSettings())
    let settings = settings {
      $0.estimator = estimator
      $0.particles = 3
    }
    var learner = learner(settings, head, task)
    let imagination = learner.makeImagination(in: KnownRewards(try ensemble(), task.objective))
    var (random, metrics) = (RandomStream(seed: 1), MetricRow(names: PolicyBackpropagation<Head>.metricNames))
    for count in [100, 70, 100] {
      try learner.update(
        on: batch(task, count), in: imagination, using: &random, metrics: &metrics)
    }
    #expect(metrics.mean(of: "skipped_updates") == 0)
    return OracleState(learner)
  }

  private static func states() throws -> [OracleState] {
    try GradientEstimator.allCases.flatMap { estimator in
      [try trained(DeterministicActor(), estimator), try trained(SquashedGaussianActor(), estimator)]
    }
  }

  /// In a process of its own: the pool belongs to all tests.
  @Test func threadsDoNotChangeABit() async {
    await #expect(processExitsWith: .success) {
      let one = try Self.states()
      WorkerPool.configure(threads: 2)
      #expect(WorkerPool.threads == 2)
      #expect(try Self.states() == one)
    }
  }

  @Test(arguments: GradientEstimator.allCases) func updatesDoNotAllocate(_ estimator: GradientEstimator) throws {
    let task = PointMass(PointMassSettings())
    let settings = Self.settings { $0.estimator = estimator }
    func check<Model: DynamicsModel>(_ model: Model) throws {
      var learner = Self.learner(settings, SquashedGaussianActor(), task)
      let imagination = learner.makeImagination(in: KnownRewards(model, task.objective))
      var random = RandomStream(seed: 1)
      var metrics = MetricRow(names: PolicyBackpropagation<SquashedGaussianActor>.metricNames)
      let batch = Self.batch(task, 200)
      let count = try allocations {
        try learner.update(
          on: batch, in: imagination, using: &random, metrics: &metrics)
      }
      #expect(count == 0, "\(count) heap allocations in an update in \(Model.self)")
    }
    try check(DifferentiableTrueModel(task, noise: 0.1))
    try check(Self.ensemble())
  }

  /// A gradient that is not finite is skipped and counted, and leaves the policy as it was.
  @Test func gradientsThatAreNotFiniteAreSkipped() throws {
    let task = PointMass(PointMassSettings())
    let settings = Self.settings { $0.terminalValue = .none }
    var learner = Self.learner(settings, DeterministicActor(), task)
    let imagination = learner.makeImagination(in: KnownRewards(DifferentiableTrueModel(task), task.objective))
    var random = RandomStream(seed: 1)
    var metrics = MetricRow(names: PolicyBackpropagation<DeterministicActor>.metricNames)
    var batch = Self.batch(task, 20)
    batch.observations[3, 1] = .infinity
    let before = learner.parameters
    try learner.update(
      on: batch, in: imagination, using: &random, metrics: &metrics)
    #expect(learner.parameters == before)
    #expect(metrics.mean(of: "skipped_updates") == 1)
  }

  // MARK: - The agent

  /// On the point mass, after 600 steps, 100 of them random, evaluations cost at most a third more than the optimum.
  @Test(arguments: GradientEstimator.allCases) func learnsThePointMass(_ estimator: GradientEstimator) throws {
    let (task, random) = (PointMass(PointMassSettings()), RandomStream(seed: 1))
    let settings = Self.settings {
      ($0.hidden, $0.horizon, $0.discount, $0.learningRate) = ([16, 16], 12, 0.99, 3e-3)
      ($0.terminalValue, $0.estimator, $0.particles) = (.none, estimator, estimator == .reparametrization ? 1 : 24)
    }
    var schedule = ModelGradientSettings()
    (schedule.randomSteps, schedule.fitInterval, schedule.batchSize) = (
      100, 100, estimator == .reparametrization ? 64 : 32
    )
    (schedule.replayCapacity, schedule.updates) = (1000, 2)
    var ensemble = EnsembleSettings()
    (ensemble.members, ensemble.hidden, ensemble.weightDecay) = (2, [32], [1e-6])
    (ensemble.epochs, ensemble.learningRate, ensemble.holdout) = (40, 3e-3, 0)
    let (low, high) = task.spec.action.bounds
    let agent = PolicyBackpropagationAgent(
      schedule,
      world: KnownRewards(
        ProbabilisticEnsemble(ensemble, stateSize: 4, actionSize: 2, using: random.child("model")), task.objective),
      learner: PolicyBackpropagation(
        settings, head: DeterministicActor(), observationSize: 4, low: low, high: high, using: random.child("learner")),
      spec: task.spec, using: random.child("agent"))
    var runner = AgentRunner(agent, in: task, seed: 2)
    try runner.collect(600)
    let cost = try runner.relativeCost(episodes: 8).ratio
    #expect(cost < 1.33, "cost relative to the optimum: \(cost)")
  }
}
