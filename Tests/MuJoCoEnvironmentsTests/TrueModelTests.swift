#if MuJoCo

import Interfaces
import Kernels
import MuJoCoEnvironments
import TestSupport
import Testing

/// Planning in the true dynamics: rollouts from observations.
@Suite struct TrueModelTests {
  @Test func planar() throws {
    try check(MuJoCoEnvironment<HalfCheetah>(.v5))
    try check(MuJoCoEnvironment<HalfCheetahPETS>(.pets))
    try check(MuJoCoEnvironment<Hopper>(.v5))
    try check(MuJoCoEnvironment<Walker2d>(.v4))
    try check(MuJoCoEnvironment<Swimmer>(.v5))
  }

  @Test func spatial() throws {
    try check(MuJoCoEnvironment<Ant>(.v5))
    try check(MuJoCoEnvironment<Ant>(.mbpo))
    try check(MuJoCoEnvironment<Humanoid>(.v5))
    try check(MuJoCoEnvironment<Humanoid>(.v4))
    try check(MuJoCoEnvironment<HumanoidStandup>(.v5))
  }

  @Test func others() throws {
    try check(MuJoCoEnvironment<Reacher>(.v5))
    try check(MuJoCoEnvironment<Reacher>(.v4))
    try check(MuJoCoEnvironment<InvertedPendulum>(.v5))
    try check(MuJoCoEnvironment<InvertedDoublePendulum>(.v5))
    try check(MuJoCoEnvironment<Pusher>(.v5))
    try check(MuJoCoEnvironment<Pusher>(.v4))
  }

  /// From observations in the middle of episodes, rollouts follow environments that start at the state shown bit for bit
  /// (observations and rewards), and the environment that was observed closely.
  private func check<Task: MuJoCoTask>(_ environment: MuJoCoEnvironment<Task>) throws {
    let (name, size, count, length) = (environment.name, environment.spec.observationSize, 3, 4)
    let model = MuJoCoTrueModel(environment)
    let (low, high) = environment.spec.action.bounds
    #expect(model.stateSize == size && model.actionSize == low.count)
    var (random, observation) = (RandomStream(seed: 6), [Float](repeating: 0, count: size))
    var starts = Matrix(rows: count + 1, columns: size)
    var (observed, shown): ([MuJoCoEnvironment<Task>], [MuJoCoEnvironment<Task>]) = ([], [])
    for row in 0..<count {
      var original = environment
      original.reset(using: &random, observation: &observation)
      for _ in 0..<5 * row {
        let action = zip(low, high).map { 0.3 * random.uniform($0, $1) }
        if try original.step(action, observation: &observation).ending != .none {
          original.reset(using: &random, observation: &observation)
        }
      }
      starts.setRow(row, observation)
      var started = environment
      started.start(at: observation, observation: &observation)
      observed.append(original)
      shown.append(started)
    }
    starts.setRow(count, Array(starts.row(count - 1)))  // an equal neighbor
    var rollout = model.makeRollout(capacity: count + 3)
    rollout.reset(count: count + 1, to: starts.pointer, rowsPerParticle: 1, firstParticle: 0, using: random)
    #expect(rollout.count == count + 1)
    for _ in 0..<length {
      let action = zip(low, high).map { random.uniform($0, $1) }
      let actions = Matrix(rows: count + 1, columns: low.count, (0...count).flatMap { _ in action })
      rollout.advance(actions.pointer)
      let rewards = try #require(rollout.predictedRewards)
      for row in 0..<count {
        let imagined = (0..<size).map { rollout.states[row * size + $0] }
        // the imagined world goes on after a termination, the environments do not
        guard let outcome = try stepped(&shown[row], action, &observation) else { continue }
        #expect(imagined.map(\.bitPattern) == observation.map(\.bitPattern), "\(name), row \(row)")
        #expect(rewards[row] == outcome.reward, "\(name), row \(row)")
        guard let truth = try stepped(&observed[row], action, &observation) else { continue }
        let worst = zip(imagined, observation).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0
        #expect(worst < 0.02, "\(name), row \(row): \(worst)")
        #expect(abs(rewards[row] - truth.reward) < 0.02 * max(1, abs(truth.reward)), "\(name), row \(row)")
      }
      let last = UnsafeBufferPointer(start: rollout.states + (count - 1) * size, count: 2 * size)
      #expect(last[0..<size].elementsEqual(last[size...]), "\(name)")
    }
    let actions = Matrix(rows: count, columns: low.count)
    let allocated = allocations {
      rollout.reset(count: count, to: starts.pointer, rowsPerParticle: 1, firstParticle: 0, using: random)
      rollout.advance(actions.pointer)
    }
    #expect(allocated == 0, "\(name): heap allocations in reset and advance")
  }

  private func stepped<Task: MuJoCoTask>(
    _ environment: inout MuJoCoEnvironment<Task>, _ action: [Float], _ observation: inout [Float]
  ) throws -> StepOutcome? {
    environment.isRunning ? try environment.step(action, observation: &observation) : nil
  }

  /// What cannot be simulated goes on as NaN, alone.
  @Test func divergedRowsAreNotFinite() throws {
    let model = try MuJoCoTrueModel(MuJoCoEnvironment<HalfCheetah>(.v5))
    var rollout = model.makeRollout(capacity: 3)
    var starts = Matrix(rows: 3, columns: 17)
    starts.setRow(1, [Float](repeating: 1e9, count: 17))
    var actions = Matrix(rows: 3, columns: 6)
    actions.setRow(2, [0, 0, .nan, 0, 0, 0])
    rollout.reset(count: 3, to: starts.pointer, rowsPerParticle: 1, firstParticle: 0, using: RandomStream(seed: 1))
    for _ in 0..<10 { rollout.advance(actions.pointer) }
    let rewards = try #require(rollout.predictedRewards)
    #expect(rewards[0].isFinite && rewards[1].isNaN && rewards[2].isNaN)
    #expect(rollout.states[0].isFinite && rollout.states[17].isNaN && rollout.states[34].isNaN)
  }
}

#endif
