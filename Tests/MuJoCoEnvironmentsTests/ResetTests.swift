#if MuJoCo

import Interfaces
import Kernels
import MuJoCoEnvironments
import Testing

/// Where episodes start: the ranges and moments of the published noise.
@Suite struct ResetTests {
  @Test func uniformNoise() throws {
    for (edition, name) in Hopper.editions {
      try check(MuJoCoEnvironment<Hopper>(edition), name, positions: .uniform(5e-3), velocities: .uniform(5e-3))
    }
    try check(MuJoCoEnvironment<Walker2d>(.v5), "Walker2d", positions: .uniform(5e-3), velocities: .uniform(5e-3))
    try check(MuJoCoEnvironment<Swimmer>(.v5), "Swimmer", positions: .uniform(0.1), velocities: .uniform(0.1))
    try check(MuJoCoEnvironment<Humanoid>(.v5), "Humanoid", positions: .uniform(0.01), velocities: .uniform(0.01))
    try check(
      MuJoCoEnvironment<HumanoidStandup>(.v5), "HumanoidStandup", positions: .uniform(0.01), velocities: .uniform(0.01))
    try check(
      MuJoCoEnvironment<InvertedPendulum>(.v4), "InvertedPendulum", positions: .uniform(0.01),
      velocities: .uniform(0.01))
  }

  @Test func normalVelocities() throws {
    try check(MuJoCoEnvironment<HalfCheetah>(.v5), "HalfCheetah", positions: .uniform(0.1), velocities: .normal(0.1))
    try check(MuJoCoEnvironment<Ant>(.v5), "Ant", positions: .uniform(0.1), velocities: .normal(0.1))
    try check(MuJoCoEnvironment<Ant>(.mbpo), "AntTruncatedObs", positions: .uniform(0.1), velocities: .normal(0.1))
    try check(
      MuJoCoEnvironment<InvertedDoublePendulum>(.v5), "InvertedDoublePendulum", positions: .uniform(0.1),
      velocities: .normal(0.1))
    try check(
      MuJoCoEnvironment<HalfCheetahPETS>(.pets), "half-cheetah-pets", positions: .normal(0.001),
      velocities: .normal(0.001))
  }

  @Test func scaleIsASetting() throws {
    var settings = HopperSettings()
    settings.resetNoiseScale = 0.02
    try check(MuJoCoEnvironment<Hopper>(.v5, settings), "Hopper", positions: .uniform(0.02), velocities: .uniform(0.02))
  }

  /// The target lies in a disc of 0.2 m, everywhere in it, and rests.
  @Test func reacher() throws {
    let starts = try draw(MuJoCoEnvironment<Reacher>(.v5))
    var (widest, squares) = (0.0, 0.0)
    for (positions, velocities) in starts {
      let radius = (positions[2] * positions[2] + positions[3] * positions[3]).squareRoot()
      widest = max(widest, radius)
      squares += radius * radius
      #expect(abs(positions[0]) <= 0.1 && abs(positions[1]) <= 0.1)
      #expect(abs(velocities[0]) <= 0.005 && abs(velocities[1]) <= 0.005)
      #expect(velocities[2] == 0 && velocities[3] == 0)
    }
    #expect(widest < 0.2 && widest > 0.19)
    // uniform in a disc of radius r: the mean square is r²/2
    #expect(abs(squares / Double(starts.count) - 0.02) < 0.001)
  }

  /// The object lies in a box, at least 0.17 m from the goal; the arm has its pose.
  @Test func pusher() throws {
    let environment = try MuJoCoEnvironment<Pusher>(.v5)
    let pose = environment.model.initialPositions
    for (positions, velocities) in try draw(environment) {
      #expect(Array(positions[0..<7]) == Array(pose[0..<7]))
      let (y, x) = (positions[7], positions[8])
      #expect((-0.3...0).contains(y) && (-0.2...0.2).contains(x) && (y * y + x * x).squareRoot() > 0.17)
      #expect(positions[9] == 0 && positions[10] == 0)
      #expect(velocities[0..<7].allSatisfy { abs($0) <= 0.005 } && velocities[7...] == [0, 0, 0, 0])
    }
  }

  private enum Noise {
    case uniform(Double)
    case normal(Double)
  }

  private func draw<Task: MuJoCoTask>(
    _ environment: MuJoCoEnvironment<Task>
  ) throws -> [(positions: [Double], velocities: [Double])] {
    var (environment, random) = (environment, RandomStream(seed: 5))
    var observation = [Float](repeating: 0, count: environment.spec.observationSize)
    return (0..<1500).map { _ in
      environment.reset(using: &random, observation: &observation)
      return environment.pose
    }
  }

  private func check<Task: MuJoCoTask>(
    _ environment: MuJoCoEnvironment<Task>, _ name: String, positions: Noise, velocities: Noise
  ) throws {
    let starts = try draw(environment)
    let pose = environment.model.initialPositions
    let differences = starts.map { zip($0.positions, pose).map { $0 - $1 } }
    check(differences, positions, "\(name) positions")
    check(starts.map(\.velocities), velocities, "\(name) velocities")
  }

  /// Range, mean and variance of every component, to five standard errors.
  private func check(_ samples: [[Double]], _ noise: Noise, _ name: String) {
    let count = Double(samples.count)
    for index in samples[0].indices {
      let values = samples.map { $0[index] }
      let mean = values.reduce(0, +) / count
      let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / count
      let place = "\(name)[\(index)]"
      switch noise {
      case .uniform(let scale):
        #expect(values.allSatisfy { abs($0) <= scale * (1 + 1e-9) }, "\(place)")
        #expect(abs(mean) < 5 * scale / (3 * count).squareRoot(), "\(place)")
        #expect(abs(variance / (scale * scale / 3) - 1) < 5 * (0.8 / count).squareRoot(), "\(place)")
      case .normal(let scale):
        #expect(abs(mean) < 5 * scale / count.squareRoot(), "\(place)")
        #expect(abs(variance / (scale * scale) - 1) < 5 * (2 / count).squareRoot(), "\(place)")
        #expect(values.contains { abs($0) > 2.5 * scale }, "\(place)")
      }
    }
  }
}

#endif
