import Environments
import Interfaces
import Kernels
import Testing

/// Start states of 20,000 resets, against the published distributions.
@Suite struct ResetTests {
  private typealias Moments = (mean: Double, deviation: Double, low: Double, high: Double)

  /// Mean, standard deviation and range of each component of the start state.
  private func starts<Task: StateSpaceTask>(_ task: Task) throws -> [Moments]
  where Task.State.Scalar: BinaryFloatingPoint {
    var (task, random) = (task, RandomStream(seed: 7))
    var observation = [Float](repeating: 0, count: task.spec.observationSize)
    let states = try (0..<20_000).map { _ in
      try task.reset(using: &random, observation: &observation)
      return task.episode.state
    }
    return (0..<Task.State.scalarCount).map { index in
      let values = states.map { Double($0[index]) }
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      return (mean, variance.squareRoot(), values.min() ?? .nan, values.max() ?? .nan)
    }
  }

  /// Uniform in [low, high]: the moments within five standard errors, the range filled and kept.
  private func expectUniform(_ found: Moments, _ low: Double, _ high: Double) {
    let width = high - low
    let deviation = width / 12.0.squareRoot()
    #expect(abs(found.mean - (low + high) / 2) < 5 * deviation / 20_000.0.squareRoot())
    #expect(abs(found.deviation - deviation) < 0.01 * deviation)
    #expect(found.low >= low - 1e-7 && found.low < low + width * 0.002)
    #expect(found.high <= high + 1e-7 && found.high > high - width * 0.002)
  }

  @Test func pendulum() throws {
    let found = try starts(Pendulum(PendulumSettings()))
    expectUniform(found[0], -.pi, .pi)
    expectUniform(found[1], -1, 1)
  }

  @Test func cartPole() throws {
    for found in try starts(CartPole(CartPoleSettings())) { expectUniform(found, -0.05, 0.05) }
  }

  @Test func mountainCars() throws {
    let discrete = try starts(MountainCar(MountainCarSettings()))
    let continuous = try starts(MountainCarContinuous(MountainCarContinuousSettings()))
    for found in [discrete, continuous] {
      expectUniform(found[0], -0.6, -0.4)
      #expect(found[1].low == 0 && found[1].high == 0)
    }
  }

  @Test func acrobot() throws {
    for found in try starts(Acrobot(AcrobotSettings())) { expectUniform(found, -0.1, 0.1) }
  }

  @Test func pointMass() throws {
    for found in try starts(PointMass(PointMassSettings())) { expectUniform(found, -1, 1) }
  }

  @Test func cartPoleSwingUp() throws {
    for found in try starts(CartPoleSwingUp(CartPoleSwingUpSettings())) {
      #expect(abs(found.mean) < 5 * 0.1 / 20_000.0.squareRoot())
      #expect(abs(found.deviation - 0.1) < 0.003)
      // of 20,000 normal numbers the largest is almost surely between 3.2 and 6 standard deviations out
      #expect(found.low < -0.32 && found.low > -0.6 && found.high > 0.32 && found.high < 0.6)
    }
  }
}
