import Configuration
import Interfaces
import Kernels

/// What local controllers start as.
public enum InitialControllerKind: String, CaseIterable, SettingValue, Sendable {
  /// Zero-mean noise.
  case noise
  /// Proportional-derivative feedback that holds the first observation's positions, plus noise.
  case pd
  /// The linear-quadratic regulator of double integrators, one a position, that holds them, plus noise.
  case lqr
}

/// Settings of the controllers that local models start from.
public struct InitialControllerSettings: Configuration {
  public init() {}
  @Setting("Kind of controller") public var kind: InitialControllerKind = .noise
  @Setting("Standard deviation of the actions, as a share of half their range", in: 1e-6...10)
  public var deviation: Double = 0.2
  @Setting(
    "Indices of the observation that are positions, one for each action (pd and lqr); empty: the first ones", in: 0...)
  public var positions: [Int] = []
  @Setting(
    "Indices of the observation that are their velocities (pd and lqr); empty: the ones after the positions", in: 0...)
  public var velocities: [Int] = []
  @Setting("Action for a unit of position, as a share of half its range (pd)", in: 0...1e6) public var stiffness:
    Double = 0.1
  @Setting("Action for a unit of velocity, as a share of half its range (pd)", in: 0...1e6) public var damping: Double =
    0.1
  @Setting("Acceleration by an action of half its range (lqr)", in: 1e-6...1e9) public var acceleration: Double = 1
  @Setting("Cost of squared positions against squared shares of actions (lqr)", in: 0...1e9)
  public var positionCost: Double = 1
  @Setting("Cost of squared velocities against squared shares of actions (lqr)", in: 0...1e9)
  public var velocityCost: Double = 0.5
}

extension InitialControllerSettings {
  /// The controller of `horizon` steps of `timeStep` seconds from `start` [n], for actions between `low` and `high` [m].
  ///
  /// pd: u = middle - half (stiffness (q - q_0) + damping v). lqr: the stationary feedback of q' = q + h v + h²/2 a, v' = v +
  /// h a, a = acceleration times the share of half the range, under the costs set; no gains where they have no solution.
  /// Throws where indices do not fit the task.
  public func controller(
    horizon: Int, timeStep: Double, start: [Double], low: [Float], high: [Float]
  ) throws(ConfigurationError) -> TimedLinearGaussian {
    let (n, m) = (start.count, low.count)
    let (places, speeds) = try indices(stateSize: n, actionSize: m)
    var gains = (stiffness, damping)
    switch kind {
    case .noise: gains = (0, 0)
    case .pd: break
    case .lqr: gains = regulator(timeStep: timeStep)
    }
    var controller = TimedLinearGaussian(count: horizon, inputSize: n, outputSize: m)
    for t in 0..<horizon {
      for i in 0..<m {
        let half = Double(high[i] - low[i]) / 2
        controller.offsets[t * m + i] = Double(high[i] + low[i]) / 2
        controller.covariances[(t * m + i) * m + i] = (deviation * half) * (deviation * half)
        guard kind != .noise else { continue }
        controller.matrices[(t * m + i) * n + places[i]] = -half * gains.0
        controller.matrices[(t * m + i) * n + speeds[i]] = -half * gains.1
        controller.offsets[t * m + i] += half * gains.0 * start[places[i]]
      }
    }
    return controller
  }

  private func indices(
    stateSize n: Int, actionSize m: Int
  ) throws(ConfigurationError) -> (positions: [Int], velocities: [Int]) {
    guard kind != .noise else { return ([], []) }
    let places = positions.isEmpty ? Array(0..<m) : positions
    let speeds = velocities.isEmpty ? Array(m..<2 * m) : velocities
    for (key, found) in [("positions", places), ("velocities", speeds)] {
      guard found.count == m else {
        throw ConfigurationError(key, "must name \(m) components of the observation, one for each action")
      }
      guard found.allSatisfy({ $0 < n }) else {
        throw ConfigurationError(key, "must be below \(n), the number of components of an observation")
      }
    }
    return (places, speeds)
  }

  /// Gains of position and velocity.
  private func regulator(timeStep h: Double) -> (Double, Double) {
    let outcome = StationaryRegulator.solve(
      stateMatrix: DoubleMatrix(rows: 2, columns: 2, [1, h, 0, 1]),
      inputMatrix: DoubleMatrix(rows: 2, columns: 1, [h * h / 2 * acceleration, h * acceleration]),
      stateCost: DoubleMatrix(rows: 2, columns: 2, [positionCost, 0, 0, velocityCost]), inputCost: .identity(1))
    guard case .solved(let regulator) = outcome else { return (0, 0) }
    return (regulator.gain[0, 0], regulator.gain[0, 1])
  }
}
