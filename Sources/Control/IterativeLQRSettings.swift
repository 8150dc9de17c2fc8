import Configuration

/// What is added to the Hessian of the action when it is not positive definite, or a step failed.
public enum RegularizationKind: String, CaseIterable, SettingValue {
  /// μ I to Q_uu.
  case action
  /// μ I to the Hessian of the value function of the next state.
  case state
}

/// Settings of `IterativeLQR`; the defaults are those of Tassa, Erez and Todorov (2012) where they give one.
public struct IterativeLQRSettings: Configuration {
  public init() {}
  @Setting("Decisions in a trajectory", in: 1...10_000) public var horizon: Int = 50
  @Setting("Iterations at most for each search", in: 1...100_000) public var iterations: Int = 100
  @Setting(
    "Iterations at most for the first plan of an episode, which has no warm start; auto is as many as for the others",
    in: 1...100_000)
  public var firstIterations: Int? = nil
  @Setting("Least relative improvement of the cost that goes on", in: 0...1) public var costTolerance: Double = 1e-7
  @Setting("Largest open-loop correction, relative to 1 + |action|, that counts as none", in: 0...1)
  public var gradientTolerance: Double = 1e-6
  @Setting("Weight of the cost of the last state, under no action", in: 0...1_000_000)
  public var terminalWeight: Double = 1
  @Setting("Whether second derivatives of the dynamics are used where known: Newton's method instead of Gauss-Newton")
  public var usesCurvature: Bool = false
  @Setting("Whether actions are bounded by the environment's bounds") public var bounded: Bool = true
  @Setting("What regularization is added to: the Hessian of the action, or that of the next state's value")
  public var regularizationKind: RegularizationKind = .action
  @Setting("Regularization at the start", in: 0...1e10) public var regularization: Double = 0
  @Setting("Smallest regularization that is not zero", in: 1e-12...1) public var leastRegularization: Double = 1e-6
  @Setting("Regularization beyond which the search gives up", in: 1...1e15) public var largestRegularization: Double =
    1e10
  @Setting("Smallest factor by which regularization changes", in: 1.01...100) public var regularizationRate: Double = 2
  @Setting("Factor between step lengths of the line search", in: 0.1...0.95) public var stepDecrease: Double = 0.5
  @Setting("Step lengths tried", in: 1...100) public var stepLengths: Int = 12
  @Setting("Least share of the expected improvement that a step must achieve", in: 0...0.9)
  public var sufficientShare: Double = 1e-4
}
