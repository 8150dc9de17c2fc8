import Environments
import Imagining
import Interfaces
import Kernels
import Learners

/// How noisy the estimators of a policy's gradient are, against the horizon: the "curse of chaos" (Parmas et al. 2018).
///
/// A policy is first improved in the task's true dynamics with Gaussian noise, by total propagation; then each estimator
/// takes its gradient again and again from the same start states with fresh noise.
struct GradientVariance<Task: DifferentiableTask> {
  /// What is measured.
  struct Plan {
    var horizons: [Int]
    var starts: Int
    var particles: Int
    var repeats: Int
    var noise: Float
    var updates: Int
    var seed: UInt64
  }

  /// One estimator at one horizon.
  struct Result {
    let estimator: GradientEstimator
    let horizon: Int
    /// Trace of the covariance of the gradient of one trajectory's return.
    let variance: Double
    /// Norm of the mean gradient.
    let norm: Double
    /// Gradients that were not finite, which are left out.
    let nonFinite: Int
  }

  let task: Task
  let objective: any DifferentiableObjective
  let plan: Plan

  /// Calls `report` with each result, horizon by horizon; returns the average return of the improved policy over the
  /// longest horizon.
  func measure(_ report: (Result) throws -> Void) throws -> Float {
    let random = RandomStream(seed: plan.seed)
    let starts = starts(plan.starts, using: random.child("starts"))
    let longest = plan.horizons.max() ?? 1
    let (policy, meanReturn) = try improvedPolicy(horizon: longest, using: random.child("training"))
    for horizon in plan.horizons {
      for estimator in GradientEstimator.allCases {
        var learner = learner(estimator, horizon: horizon, using: random)
        learner.parameters = policy
        try report(
          spread(of: &learner, at: starts, horizon: horizon, estimator, using: random.child("measure").child(horizon)))
      }
    }
    return meanReturn
  }

  private typealias TaskWorld = KnownRewards<DifferentiableTrueModel<Task>>

  private var world: TaskWorld { KnownRewards(DifferentiableTrueModel(task, noise: plan.noise), objective) }

  private func starts(_ count: Int, using random: RandomStream) -> Matrix {
    var (starts, stream) = (Matrix(rows: count, columns: task.spec.observationSize), random)
    for row in 0..<count {
      task.observe(task.startState(using: &stream), into: starts.mutablePointer + row * starts.columns)
    }
    return starts
  }

  private func learner(
    _ estimator: GradientEstimator, horizon: Int, using random: RandomStream
  ) -> PolicyBackpropagation<DeterministicActor> {
    var settings = PolicyBackpropagationSettings()
    settings.estimator = estimator
    settings.horizon = horizon
    settings.particles = plan.particles
    settings.terminalValue = .none
    settings.discount = 1
    settings.hidden = [32, 32]
    settings.learningRate = 3e-3
    let (low, high) = task.spec.action.bounds
    return PolicyBackpropagation(
      settings, head: DeterministicActor(), observationSize: task.spec.observationSize, low: low, high: high,
      using: random.child("policy"))
  }

  private func improvedPolicy(horizon: Int, using random: RandomStream) throws -> (policy: Vector, meanReturn: Float) {
    var learner = learner(.totalPropagation, horizon: horizon, using: random)
    let imagination = learner.makeImagination(in: world)
    var metrics = MetricRow(names: PolicyBackpropagation<DeterministicActor>.metricNames)
    var batch = TransitionBatch(
      count: plan.starts, observationSize: task.spec.observationSize, actionSize: task.spec.action.size)
    var stream = random
    for update in 0..<plan.updates {
      batch.observations.copy(from: starts(plan.starts, using: random.child("starts").child(update)))
      try learner.update(on: batch, in: imagination, using: &stream, metrics: &metrics)
    }
    let final = learner.gradient(at: batch.observations, in: imagination, using: random.child("final"))
    return (learner.parameters, final.meanReturn)
  }

  private func spread(
    of learner: inout PolicyBackpropagation<DeterministicActor>, at starts: Matrix, horizon: Int,
    _ estimator: GradientEstimator, using random: RandomStream
  ) -> Result {
    let imagination = learner.makeImagination(in: world)
    let found = (0..<plan.repeats).map { index in
      learner.gradient(at: starts, in: imagination, using: random.child(index)).gradient.map { Double($0) }
    }
    let finite = found.filter { $0.allSatisfy(\.isFinite) }
    let count = Double(max(finite.count, 1))
    var mean = [Double](repeating: 0, count: learner.parameters.count)
    for gradient in finite { for i in mean.indices { mean[i] += gradient[i] / count } }
    var variance = 0.0
    for gradient in finite {
      for i in mean.indices { variance += (gradient[i] - mean[i]) * (gradient[i] - mean[i]) / max(count - 1, 1) }
    }
    // of a mean over starts * particles trajectories
    return Result(
      estimator: estimator, horizon: horizon, variance: variance * Double(plan.starts * plan.particles),
      norm: mean.reduce(0) { $0 + $1 * $1 }.squareRoot(), nonFinite: found.count - finite.count)
  }
}
