import Environments
import Interfaces
import Kernels
import TestSupport
import Testing

@Suite struct TrueModelTests {
  @Test func pendulum() throws { try check(Pendulum(PendulumSettings())) }
  @Test func cartPole() throws { try check(CartPole(CartPoleSettings())) }
  @Test func mountainCar() throws { try check(MountainCar(MountainCarSettings())) }
  @Test func mountainCarContinuous() throws { try check(MountainCarContinuous(MountainCarContinuousSettings())) }
  @Test func acrobot() throws { try check(Acrobot(AcrobotSettings())) }
  @Test func cartPoleSwingUp() throws { try check(CartPoleSwingUp(CartPoleSwingUpSettings())) }
  @Test func pointMass() throws { try check(PointMass(PointMassSettings())) }

  /// Rollouts from observations follow environments started at the states shown, bit for bit, each row its own.
  private func check<Task: StateSpaceTask>(_ task: Task) throws {
    let (spec, count, length) = (task.spec, 5, 8)
    var random = RandomStream(seed: 2)
    var observation = [Float](repeating: 0, count: spec.observationSize)
    // starts in the middle of episodes
    var starts = Matrix(rows: count, columns: spec.observationSize)
    var actions = (0..<length).map { _ in Matrix(rows: count, columns: spec.action.size) }
    for row in 0..<count {
      var origin = task
      try origin.reset(using: &random, observation: &observation)
      for _ in 0..<row { _ = try origin.step(draw(spec.action, &random), observation: &observation) }
      starts.setRow(row, observation)
      for t in 0..<length { actions[t].setRow(row, draw(spec.action, &random)) }
    }
    var rollout = TrueModel(task).makeRollout(capacity: count + 2)
    #expect(TrueModel(task).stateSize == spec.observationSize && TrueModel(task).actionSize == spec.action.size)
    for used in [count, 2] {
      rollout.reset(count: used, to: starts.pointer, rowsPerParticle: 1, firstParticle: 0, using: random)
      #expect(rollout.count == used)
      var copies = (0..<used).map { row in
        var copy = task
        let state = task.state(fromObservation: starts.pointer + row * spec.observationSize)
        copy.start(at: state, observation: &observation)
        for (seen, shown) in zip(observation, starts.row(row)) { #expect(abs(seen - shown) <= 2e-7) }
        return copy
      }
      for t in 0..<length {
        rollout.advance(actions[t].pointer)
        for row in copies.indices {
          guard copies[row].episode.isRunning else { continue }
          _ = try copies[row].step(Array(actions[t].row(row)), observation: &observation)
          let imagined = UnsafeBufferPointer(
            start: rollout.states + row * spec.observationSize, count: spec.observationSize)
          #expect(imagined.map(\.bitPattern) == observation.map(\.bitPattern))
        }
      }
    }
    let allocated = allocations {
      rollout.reset(count: count, to: starts.pointer, rowsPerParticle: 1, firstParticle: 0, using: random)
      for t in 0..<length { rollout.advance(actions[t].pointer) }
    }
    #expect(allocated == 0, "heap allocations in reset and advance")
  }

  private func draw(_ space: ActionSpace, _ random: inout RandomStream) -> [Float] {
    switch space {
    case .discrete(let count): [Float(random.index(below: count))]
    case .multiDiscrete(let counts): counts.map { Float(random.index(below: $0)) }
    case .box(let low, let high): zip(low, high).map { random.uniform($0, $1) }
    }
  }
}
