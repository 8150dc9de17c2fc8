#if MuJoCo

import Archive
import ControlTasks
import Foundation
import Interfaces
import Kernels
import MuJoCoEnvironments
import Testing

/// Arms that start from conditions, and the slot that the peg goes into.
@Suite struct ConditionedArmTests {
  /// The pose with the peg in the slot: the wrist at (0.15, 0.5), the hand along y.
  private static let inserted: [Double] = {
    let reach = (0.15 * 0.15 + 0.5 * 0.5).squareRoot()
    let elbow = acos((reach * reach - 0.4 * 0.4 - 0.35 * 0.35) / (2 * 0.4 * 0.35))
    let shoulder = atan2(0.5, 0.15) - atan2(0.35 * sin(elbow), 0.4 + 0.35 * cos(elbow))
    return [shoulder, elbow, .pi / 2 - shoulder - elbow]
  }()

  private func peg(conditions: Int = 1, noise: Double = 0) throws -> MuJoCoEnvironment<ConditionedArm<PegInsertion>> {
    var settings = PegInsertion.defaults
    settings.conditions = conditions
    settings.startNoise = noise
    return try MuJoCoEnvironment(.conditioned, settings)
  }

  @Test func thePegFits() throws {
    var (task, observation) = (try peg(), [Float](repeating: .nan, count: 10))
    task.start(positions: Self.inserted, velocities: [0, 0, 0], observation: &observation)
    #expect(observation[6...].allSatisfy { abs($0) < 1e-6 })
    #expect(task.measureNames == ["final_distance", "success"])
    #expect(task.measures[0] < 1e-6 && task.measures[1] == 1)
    // it stays there by itself
    for _ in 0..<20 { _ = try task.step([0, 0, 0], observation: &observation) }
    #expect(task.measures[0] < 1e-3)
  }

  /// Bottom and walls hold against any torque: play is 5 mm to each side, and contacts give way by little.
  @Test(arguments: [[5, 5, 5], [-5, -5, -5], [5, 0, -5], [0, 5, 5], [5, -5, 0]] as [[Float]])
  func theSlotHolds(torques: [Float]) throws {
    var (task, observation) = (try peg(), [Float](repeating: .nan, count: 10))
    task.start(positions: Self.inserted, velocities: [0, 0, 0], observation: &observation)
    for _ in 0..<40 {
      _ = try task.step(torques, observation: &observation)
      // while the tip is in the slot, it is between its walls and above its bottom
      if observation[7] > -0.08 && abs(observation[6]) < 0.03 {
        #expect(abs(observation[6]) < 0.012 && observation[7] < 0.006, "the tip is off by \(observation[6...7])")
      }
      #expect(observation[7] < 0.006, "the tip is beyond the bottom by \(observation[7]) m")
    }
  }

  /// The peg does not enter through the wall: pushed at it from the front, it stays outside.
  @Test func theWallHoldsFromOutside() throws {
    var (task, observation) = (try peg(), [Float](repeating: .nan, count: 10))
    // the wrist 36 mm to the right: the tip before the right wall
    var start = Self.inserted
    let (x, y) = (0.15 + 0.036, 0.5 - 0.115)
    let reach = (x * x + y * y).squareRoot()
    start[1] = acos((reach * reach - 0.4 * 0.4 - 0.35 * 0.35) / (2 * 0.4 * 0.35))
    start[0] = atan2(y, x) - atan2(0.35 * sin(start[1]), 0.4 + 0.35 * cos(start[1]))
    start[2] = .pi / 2 - start[0] - start[1]
    task.start(positions: start, velocities: [0, 0, 0], observation: &observation)
    #expect(abs(observation[6] - 0.036) < 1e-6 && abs(observation[7] + 0.115) < 1e-6)
    // stretching the elbow pushes the tip outward, against the front of the wall
    var deepest: Float = -1
    for _ in 0..<6 {
      _ = try task.step([0.5, -2, 1.5], observation: &observation)
      if abs(observation[6] - 0.035) < 0.02 { deepest = max(deepest, observation[7]) }
    }
    #expect(deepest < -0.09, "the tip went \(deepest + 0.1) m into the wall")
  }

  @Test func conditionsComeInTurn() throws {
    var (task, random) = (try peg(conditions: 3), RandomStream(seed: 1))
    let conditions = task.conditions
    #expect(Set(conditions).count == 3)
    var observation = [Float](repeating: .nan, count: 10)
    for episode in 0..<5 {
      task.reset(using: &random, observation: &observation)
      #expect(observation == conditions[episode % 3])
    }
    var writer = StateWriter()
    task.save(to: &writer)
    var restored = try peg(conditions: 3)
    try restored.restore(from: StateReader(writer.file))
    restored.reset(using: &random, observation: &observation)
    #expect(observation == conditions[2])
    try restored.beginMeasurement(with: StateReader(writer.file))
    restored.reset(using: &random, observation: &observation)
    #expect(observation == conditions[0])
  }

  @Test func rewardsAreTheCostOfWhatIsObserved() throws {
    try check(try MuJoCoEnvironment<ConditionedArm<PegInsertion>>(.conditioned), size: 10)
    try check(try MuJoCoEnvironment<ConditionedArm<ReacherConditions>>(.conditioned), size: 6)
    try check(try MuJoCoEnvironment<ConditionedArm<PusherConditions>>(.conditioned), size: 23)
  }

  private func check<Layout: ArmLayout>(
    _ environment: MuJoCoEnvironment<ConditionedArm<Layout>>, size: Int
  ) throws {
    var (task, random) = (environment, RandomStream(seed: 2))
    #expect(task.spec.observationSize == size)
    var observation = [Float](repeating: .nan, count: size)
    task.reset(using: &random, observation: &observation)
    let (low, high) = task.spec.action.bounds
    for _ in 0..<20 {
      let action = zip(low, high).map { random.uniform($0, $1) }
      _ = try task.step(action, observation: &observation)
      let state = task.exactObservation
      let cost =
        task.task.cost.stateCost(state, step: 0, horizon: 0) + task.task.cost.actionCost(action.map { Double($0) })
      #expect(abs(task.exactReward + cost) < 1e-12 * max(1, abs(cost)))
    }
  }
}

#endif
