import Archive
import Configuration
import Interfaces
import Kernels

/// Settings of `PointMassGusts`.
public struct PointMassGustsSettings: Configuration {
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int =
    50
  /// Cost of a squared unit of action.
  @Setting("Cost of a squared unit of force, the diagonal of R", in: 0.001...1000) public
    var actionCost: Double = 0.1
  /// Spread of the random force.
  @Setting("Standard deviation of the random force along each axis, in N", in: 0...100) public
    var gust: Double = 1

  /// The task whose figures the documentation gives.
  public init() {}
}

/// `PointMass` in gusts of wind: a stochastic task for which the best expected cost is known, in closed loop and in open
/// loop.
///
/// x' = A x + B (u + w) with w normal of standard deviation `gust`, independent from step to step and axis to axis; all else
/// as there, the reward included, which is a function of x and u alone. The optimal closed-loop control is the regulator of
/// the task without gusts (certainty equivalence).
public struct PointMassGusts: NativeTask, ImaginableEnvironment, Archived {
  /// The name users type.
  public static let name = "point-mass-gusts"
  /// What the task asks for.
  public static let summary =
    "the point mass under random forces: open loop fails, closed loop does not (continuous)"

  private var mass: PointMass
  private let gust: Double
  private var random = RandomStream(seed: 0)

  /// A task that has not been reset yet.
  public init(_ settings: PointMassGustsSettings) {
    var base = PointMassSettings()
    base.stepLimit = settings.stepLimit
    base.actionCost = settings.actionCost
    mass = PointMass(base)
    gust = settings.gust
  }

  /// Shapes, bounds and step limit.
  public var spec: EnvironmentSpec { mass.spec }
  /// Reward and termination on observations.
  public var objective: PointMassObjective { mass.objective }

  /// Starts an episode like `PointMass`, then takes one number from `random` as the seed of the episode's gusts.
  public mutating func reset(using random: inout RandomStream, observation: inout [Float]) {
    mass.reset(using: &random, observation: &observation)
    self.random = RandomStream(seed: random.next())
  }

  /// Applies `action` and a gust; throws `EnvironmentError` for an action that means nothing.
  public mutating func step(_ action: [Float], observation: inout [Float]) throws(EnvironmentError)
    -> StepOutcome
  {
    let outcome = try mass.step(action, observation: &observation)
    let state = displaced(mass.episode.state, using: &random)
    mass.episode.displace(to: state)
    observation.withUnsafeMutableBufferPointer { buffer in
      if let target = buffer.baseAddress { mass.observe(state, into: target) }
    }
    return outcome
  }

  /// `state` after a gust: x + B w.
  func displaced(_ state: SIMD4<Double>, using random: inout RandomStream) -> SIMD4<Double> {
    let (half, full) = (PointMass.timeStep * PointMass.timeStep / 2 * gust, PointMass.timeStep * gust)
    var state = state
    for axis in 0..<2 {
      let force = Double(random.normal())
      state[axis] += half * force
      state[axis + 2] += full * force
    }
    return state
  }

  /// The mass with gusts drawn anew in every row and step.
  public var trueWorld: any LearnedWorld { TrueWorld(KnownRewards(GustsModel(self, mass), objective)) }

  /// Writes the episode under way.
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("mass", &mass)
    try fields.field("random", &random)
  }

  /// What the mass looks like.
  public func picture() -> Picture? { mass.picture() }

  /// Expected return of a whole episode under the regulator, and under the forces that are best without gusts executed
  /// blindly, from `state` [4]; both without the force limit.
  ///
  /// With P_t the cost to go, a gust w at step t costs wᵀBᵀ P_{t+1} B w in closed loop. In open loop the deviation has
  /// covariance C_{t+1} = A C_t Aᵀ + B S Bᵀ, S = gust² I, and each step costs tr(Q C_t) more.
  public func expectedReturns(
    from state: [Double]
  ) throws(LinearAlgebraError) -> (closedLoop: Double, openLoop: Double) {
    let (a, b, q, steps, variance) = (
      mass.stateMatrix, mass.inputMatrix, mass.stateCost, spec.stepLimit, gust * gust
    )
    let spread = b * b.transposed
    let regulator = try mass.optimum()
    var (closed, open) = (regulator.value(of: state), regulator.value(of: state))
    var covariance = DoubleMatrix(rows: 4, columns: 4)
    for t in 0..<steps {
      let excess = q * covariance
      for axis in 0..<4 { open -= excess[axis, axis] }
      covariance = a * covariance * a.transposed
      for index in covariance.elements.indices {
        covariance.elements[index] += variance * spread.elements[index]
      }
      for axis in 0..<2 {
        closed += variance * regulator.value(at: t + 1, of: (0..<4).map { b[$0, axis] })
      }
    }
    return (closed, open)
  }
}
