import Configuration

/// Settings of TD-MPC2's planner; defaults are its authors'.
public struct TDMPC2PlannerSettings: Configuration {
  public init() {}
  @Setting("Plans in an iteration", in: 2...1_000_000) public var population: Int = 512
  @Setting("Of these, plans of the policy prior", in: 0...1_000_000) public var policyPlans: Int = 24
  @Setting("Plans that the next distribution follows", in: 1...1_000_000) public var elites: Int = 64
  @Setting("Iterations", in: 1...1000) public var iterations: Int = 6
  @Setting("Factor of the values' differences in the elites' weights", in: 0...1e6) public var temperature: Float = 0.5
  @Setting("Least standard deviation, where 1 is half the range of actions", in: 0...100) public var stdMin: Float =
    0.05
  @Setting("Standard deviation at the start, and the greatest", in: 1e-6...100) public var stdMax: Float = 2
}
