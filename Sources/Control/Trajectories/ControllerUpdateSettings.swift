import Configuration

/// What a bound on a divergence holds for.
public enum DivergenceConstraint: String, CaseIterable, SettingValue, Sendable {
  /// For the sum over all time steps.
  case trajectory
  /// For every time step.
  case step
}

/// Settings of the update of local controllers.
public struct ControllerUpdateSettings: Configuration {
  public init() {}
  @Setting("KL divergence from the previous controller that an update may use, per time step", in: 1e-9...1e9)
  public var klStep: Double = 0.5
  @Setting("Whether the bound holds for the sum over the trajectory or for every step")
  public var constraint: DivergenceConstraint = .trajectory
  @Setting("How far the divergence may miss its bound, relative to it", in: 0.001...0.5) public var tolerance: Double =
    0.1
  @Setting("Backward passes at most in the search for the multiplier eta", in: 2...10_000)
  public var evaluations: Int = 60
  @Setting("Smallest multiplier eta", in: 1e-300...1e3) public var minimalEta: Double = 1e-8
  @Setting("Largest multiplier eta", in: 1...1e300) public var maximalEta: Double = 1e16

  public func validate() throws(ConfigurationError) {
    if minimalEta >= maximalEta { throw ConfigurationError("minimal_eta", "must be below maximal_eta") }
  }
}
