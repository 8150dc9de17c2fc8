import Archive
import Interfaces
import Kernels

/// What every environment must do, whatever its task: the checks behind `EnvironmentConformance.failures(of:...)`.
///
/// Episodes are driven by uniformly random actions. Heap allocations are those of the calling thread.
package struct EnvironmentConformance<Task: Environment> {
  private let make: () throws -> Task
  private let objective: (any Objective)?
  private let seed: UInt64
  private let spec: EnvironmentSpec
  private var failures: [String] = []

  /// Every way in which the environments that `make` returns, all alike, break the rules; empty if none does.
  /// `objective` must agree with the terminations of `step`, and if it knows them with the rewards.
  package static func failures(
    objective: (any Objective)? = nil, seed: UInt64 = 1, make: @escaping () throws -> Task
  ) throws -> [String] {
    var check = try EnvironmentConformance(objective: objective, seed: seed, make: make)
    check.checkSpec()
    try check.checkDeterminism()
    try check.checkEndings()
    try check.checkClipping()
    try check.checkRefusals()
    try check.checkSaveAndRestore()
    try check.checkObjective()
    try check.checkAllocations()
    return check.failures
  }

  private init(objective: (any Objective)?, seed: UInt64, make: @escaping () throws -> Task) throws {
    self.make = make
    self.objective = objective
    self.seed = seed
    spec = try make().spec
  }

  private mutating func expect(_ condition: Bool, _ failure: String) { if !condition { failures.append(failure) } }

  private mutating func checkSpec() {
    let (low, high) = spec.action.bounds
    expect(low.count == spec.action.size && high.count == spec.action.size, "bounds are not of the action's size")
    expect(zip(low, high).allSatisfy { $0 < $1 && $0.isFinite && $1.isFinite }, "bounds \(low)...\(high)")
    expect(spec.timeStep > 0 && spec.timeStep.isFinite, "time step \(spec.timeStep)")
  }

  private mutating func checkDeterminism() throws {
    let first = try record(steps: 500, seed: seed)
    let second = try record(steps: 500, seed: seed)
    let others = try (1...4).map { try record(steps: 1, seed: seed + $0).observations[0] }
    expect(first == second, "the same seed gives another course")
    // a task with numbered states may always start in the same one, and one of few starts in the same one again
    expect(spec.isOneHot || others.contains { $0 != first.observations[0] }, "other seeds give the same start")
    expect(
      !spec.isOneHot || first.observations.allSatisfy { OneHot.index(of: $0) != nil }, "an observation is not one-hot")
    expect(first.observations.joined().allSatisfy(\.isFinite), "an observation is not finite or not written")
    expect(first.outcomes.allSatisfy(\.reward.isFinite), "a reward is not finite")
    if let range = spec.rewardRange {
      expect(first.outcomes.allSatisfy { range.contains($0.reward) }, "a reward is outside \(range)")
    }
  }

  /// No episode outlives the step limit, and truncation happens there and nowhere else.
  private mutating func checkEndings() throws {
    var runner = EnvironmentRunner(try make(), seed: seed)
    for _ in 0..<3 {
      try runner.reset()
      var (length, ending) = (0, Ending.none)
      while ending == .none && length <= spec.stepLimit {
        ending = try runner.step().ending
        length += 1
      }
      expect(length <= spec.stepLimit, "an episode went beyond the limit of \(spec.stepLimit) steps")
      expect(ending != .truncated || length == spec.stepLimit, "truncated after \(length) of \(spec.stepLimit) steps")
    }
  }

  /// Actions beyond the bounds act as the bounds do, in `step` and in the objective.
  private mutating func checkClipping() throws {
    guard case .box(let low, let high) = spec.action else { return }
    for (bound, beyond) in [
      (low, low.map { $0 - 1 }), (high, high.map { $0 + 1 }), (high, high.map { _ in .infinity }),
    ] {
      var (inside, outside) = (EnvironmentRunner(try make(), seed: seed), EnvironmentRunner(try make(), seed: seed))
      try inside.reset()
      try outside.reset()
      let start = inside.observation
      let (a, b) = (try inside.step(bound), try outside.step(beyond))
      expect(a == b && inside.observation == outside.observation, "the action \(beyond) is not clipped in step")
      guard objective?.knowsReward == true else { continue }
      let rewards = [bound, beyond].map { score([start], [$0], [inside.observation]).rewards }
      expect(rewards[0] == rewards[1], "the action \(beyond) is not clipped in the objective")
    }
  }

  /// Actions that mean nothing are errors and leave the episode as it was.
  private mutating func checkRefusals() throws {
    var wrong: [[Float]] = [Array(repeating: .nan, count: spec.action.size)]
    switch spec.action {
    case .discrete(let count): wrong += [[-1], [Float(count)], [0.5], [.infinity]]
    case .multiDiscrete(let counts):
      wrong += [-1, Float(counts[counts.count - 1]), 0.5, .infinity].map { counts.dropLast().map { _ in 0 } + [$0] }
    case .box: break
    }
    for action in wrong {
      var (tried, untried) = (EnvironmentRunner(try make(), seed: seed), EnvironmentRunner(try make(), seed: seed))
      try tried.reset()
      try untried.reset()
      var refused = false
      do { _ = try tried.step(action) } catch { refused = true }
      expect(refused, "the action \(action) was taken")
      let same = try tried.step(spec.action.bounds.high) == untried.step(spec.action.bounds.high)
      expect(same && tried.observation == untried.observation, "the refused action \(action) changed the episode")
    }
  }

  /// A restored environment goes on bit for bit, wherever in an episode it was saved.
  private mutating func checkSaveAndRestore() throws {
    for steps in [0, 1, 7, 23] {
      var original = EnvironmentRunner(try make(), seed: seed)
      try original.reset()
      for _ in 0..<steps { try original.stepOrReset() }
      expect(try original.environment.prepareToSave(), "it cannot be saved after \(steps) steps")
      var writer = StateWriter()
      original.environment.save(to: &writer)
      var restored = EnvironmentRunner(try make(), seed: seed + 1)
      try restored.reset()
      _ = try restored.step()
      try restored.environment.restore(from: StateReader(writer.file))
      restored.random = original.random
      restored.isOver = original.isOver
      var agree = true
      for _ in 0..<spec.stepLimit + 5 {
        let (a, b) = (try original.stepOrReset(), try restored.stepOrReset())
        agree = agree && a == b && original.observation.map(\.bitPattern) == restored.observation.map(\.bitPattern)
      }
      expect(agree, "an environment restored after \(steps) steps goes another way")
    }
  }

  /// Rewards to single precision and the same terminations, in batches of several sizes.
  private mutating func checkObjective() throws {
    guard let objective else { return }
    let course = try record(steps: 2 * spec.stepLimit + 100, seed: seed)
    let (before, after) = (course.before, course.after)
    for batch in [1, 3, before.count] {
      for start in stride(from: 0, to: before.count, by: max(batch, before.count / 50)) {
        let rows = start..<min(start + batch, before.count)
        let scores = score(Array(before[rows]), Array(course.actions[rows]), Array(after[rows]))
        for (row, outcome) in course.outcomes[rows].enumerated() {
          let tolerance = 2e-5 * max(1, outcome.reward.magnitude)
          let place = "step \(start + row) in a batch of \(rows.count)"
          let agrees = (scores.rewards[row] - outcome.reward).magnitude <= tolerance
          expect(
            objective.knowsReward ? agrees : scores.rewards[row].isNaN,
            "\(place): the objective gives \(scores.rewards[row]), step \(outcome.reward)")
          expect(scores.terminated[row] == (outcome.ending == .terminated), "\(place): termination differs")
        }
      }
    }
  }

  /// Steps, endings and resets, after one round of each, and the objective leave the heap alone.
  private mutating func checkAllocations() throws {
    var runner = EnvironmentRunner(try make(), seed: seed)
    try runner.reset()
    let steps = 2 * spec.stepLimit + 10
    let stepping = try allocations { for _ in 0..<steps { try runner.stepOrReset() } }
    expect(stepping == 0, "\(stepping) heap allocations in \(steps) steps and resets")
    guard let objective else { return }
    let course = try record(steps: 64, seed: seed)
    let (states, actions, next) = (matrix(course.before), matrix(course.actions), matrix(course.after))
    var (rewards, terminated) = ([Float](repeating: 0, count: 64), [Bool](repeating: false, count: 64))
    let scoring = allocations { objective.evaluate(states, actions, next, rewards: &rewards, terminated: &terminated) }
    expect(scoring == 0, "\(scoring) heap allocations in the objective")
  }

  private func score(
    _ states: [[Float]], _ actions: [[Float]], _ next: [[Float]]
  ) -> (rewards: [Float], terminated: [Bool]) {
    var rewards = [Float](repeating: .nan, count: states.count)
    var terminated = [Bool](repeating: true, count: states.count)
    objective?.evaluate(matrix(states), matrix(actions), matrix(next), rewards: &rewards, terminated: &terminated)
    return (rewards, terminated)
  }

  private func matrix(_ rows: [[Float]]) -> Matrix {
    Matrix(rows: rows.count, columns: rows[0].count, rows.flatMap { $0 })
  }

  /// What happened in some steps of random actions, with resets between episodes.
  private struct Course: Equatable {
    /// Start of the first episode, then what followed each step or reset.
    var observations: [[Float]] = []
    var before: [[Float]] = []
    var actions: [[Float]] = []
    var outcomes: [StepOutcome] = []
    var after: [[Float]] = []
  }

  private func record(steps: Int, seed: UInt64) throws -> Course {
    var (runner, course) = (EnvironmentRunner(try make(), seed: seed), Course())
    try runner.reset()
    course.observations.append(runner.observation)
    for _ in 0..<steps {
      course.before.append(runner.observation)
      let outcome = try runner.step()
      course.outcomes.append(outcome)
      course.actions.append(runner.action)
      course.after.append(runner.observation)
      if outcome.ending != .none { try runner.reset() }
      course.observations.append(runner.observation)
    }
    return course
  }
}
