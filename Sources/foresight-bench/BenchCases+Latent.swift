import Experience
import Interfaces
import Kernels
import Learners
import Methods
import Networks

/// TD-MPC2 in its form with a million parameters, with 17 observations and 6 actions, in single precision and with products
/// of bfloat16 numbers.
extension BenchCase {
  private static let latentSpec = EnvironmentSpec(
    observationSize: 17, action: .box(low: Array(repeating: -1, count: 6), high: Array(repeating: 1, count: 6)),
    timeStep: 0.02, stepLimit: 500)

  static let latentCases = [
    latentPlan("tdmpc2-plan", .single), latentPlan("tdmpc2-plan-bfloat16", .bfloat16),
    latentUpdate("tdmpc2-update", .single), latentUpdate("tdmpc2-update-bfloat16", .bfloat16),
  ]

  private static func latentLearner(_ precision: ProductPrecision) -> TDMPC2 {
    var settings = TDMPC2LearnerSettings()
    settings.precision = precision
    return TDMPC2(settings, for: latentSpec, using: RandomStream(seed: 1))
  }

  static func note(_ precision: ProductPrecision) -> String {
    precision == .single ? "" : ", products in bfloat16"
  }

  /// One decision.
  private static func latentPlan(_ name: String, _ precision: ProductPrecision) -> BenchCase {
    BenchCase(
      name: name,
      summary: "TD-MPC2 decision: 512 plans of 3 steps, 6 iterations, latent 128, 2 x 384" + note(precision)
    ) { clock in
      let random = RandomStream(seed: 1)
      var schedule = TDMPC2ScheduleSettings()
      (schedule.randomSteps, schedule.replayCapacity) = (0, 1000)
      var agent = TDMPC2Agent(
        schedule, planner: TDMPC2PlannerSettings(), learner: latentLearner(precision), spec: latentSpec, using: random)
      var steps = CopySteps(count: 1, spec: latentSpec)
      agent.startEpisode(of: 0, for: .evaluate, using: random)
      return try clock.measure(name, metric: "plans", unit: "plans/s", amount: 1) {
        try agent.act(on: &steps, for: .evaluate)
      }
    }
  }

  /// One update, batches drawn from 10,000 transitions inside the loop.
  private static func latentUpdate(_ name: String, _ precision: ProductPrecision) -> BenchCase {
    BenchCase(
      name: name,
      summary: "TD-MPC2 update: 256 stretches of 3 steps, latent 128, 2 x 384, 2 Q-functions" + note(precision)
    ) { clock in
      var random = RandomStream(seed: 2)
      let (count, length) = (10_000, 500)
      var replay = ReplayBuffer(capacity: count, observationSize: 17, actionSize: 6, keepsTimes: true)
      for step in 0..<count {
        let observation = (0..<17).map { _ in random.normal() }
        let next = observation.map { $0 + 0.1 * random.normal() }
        replay.append(
          observation, (0..<6).map { _ in random.uniform(-1, 1) }, reward: random.uniform(), next: next,
          continues: true, time: step % length)
      }
      var learner = latentLearner(precision)
      var batch = SequenceBatch(count: 256, steps: 3, observationSize: 17, actionSize: 6)
      var metrics = MetricRow(names: TDMPC2.metricNames)
      return try clock.measure(name, metric: "updates", unit: "updates/s", amount: 1) {
        _ = replay.sample(&batch, copies: 1, using: &random)
        try learner.update(on: batch, using: &random, metrics: &metrics)
      }
    }
  }
}
