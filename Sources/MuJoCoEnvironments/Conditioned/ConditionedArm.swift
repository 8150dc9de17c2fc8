#if MuJoCo

import Configuration
import ControlTasks
import Interfaces
import Kernels

/// Settings of the arms with conditions.
public struct ConditionedArmSettings: MuJoCoSettings {
  @Setting("Model file of Gymnasium or of this package, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 10
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 50
  @Setting("Number of initial conditions, taken in turn", in: 1...1000) public var conditions: Int = 1
  @Setting("Start anywhere in the box that the conditions are points of") public var startsAnywhere: Bool = false
  @Setting("Deviation of starts from a condition, in half widths of that box", in: 0...1)
  public var startNoise: Double = 0.02
  @Setting("Share a of a pair's squared distance d² (m²) in the cost a d² + v log(d² + alpha)", in: 0...1e6)
  public var quadraticCost: Double = 1
  @Setting("Share v of the logarithm in that cost", in: 0...1e6) public var logarithmCost: Double = 0.01
  @Setting("Offset alpha in that cost, in m²", in: 1e-12...1) public var logarithmOffset: Double = 1e-5
  @Setting("Cost of a squared rad/s of a joint", in: 0...1e6) public var velocityCost: Double = 0.001
  @Setting("Cost of a squared unit of action", in: 0...1e6) public var actionCost: Double = 0.0005

  public init() {}
}

/// Bring points of an arm to points of the world or of objects, from conditions.
///
/// Observation: positions and velocities of the joints, then for each pair of points the offset of what moves from where
/// it should be, in m (as the integrator's last evaluation before the end of the step has it). A step costs, of the
/// observation that it leads to, Σ weight (a d² + v log(d² + α)) over the pairs plus weighted squares of velocities and of
/// the action (Levine and Abbeel, NIPS 2014). Never terminates. Reported besides the return: `final_distance` of the
/// first pair in m, and `success`, whether that is at most the layout's `successDistance`.
public struct ConditionedArm<Layout: ArmLayout>: MuJoCoTask {
  public static var summary: String { Layout.summary }
  public static var editions: [(edition: Edition, name: String)] { [(.conditioned, Layout.name)] }
  public static func modelFile(_ edition: Edition) -> String { Layout.modelFile }
  public static func defaults(_ edition: Edition) -> ConditionedArmSettings { Layout.defaults }

  /// What observations and actions cost.
  public let cost: CostSum
  /// Where episodes start, in positions [nq].
  public let starts: StartRegion
  private let joints: [Int]
  /// Bodies and axes of the offsets, in the order observed.
  private let offsets: [(body: Int, goal: Int, axis: Int)]
  private let firstPairSize: Int

  public init(_ settings: ConditionedArmSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    let (positions, count) = (Layout.startCenter.count, Layout.joints.count)
    guard model.positionSize == positions, model.velocitySize == positions else {
      throw .unsuitable(file: model.file, problem: "\(Layout.name) needs \(positions) joints of one degree of freedom")
    }
    var (offsets, terms) = ([(body: Int, goal: Int, axis: Int)](), [CostSum.Term]())
    for pair in Layout.pairs {
      let (body, goal) = (try model.body(pair.body), try model.body(pair.goal))
      let first = 2 * count + offsets.count
      offsets += pair.axes.map { (body, goal, $0) }
      terms.append(
        .init(
          .logarithmic(
            weight: pair.weight, quadratic: settings.quadraticCost, logarithm: settings.logarithmCost,
            offset: settings.logarithmOffset), of: ComponentDistance(pair.axes.indices.map { .init(first + $0) })))
    }
    terms.append(
      .init(
        .quadratic(weight: settings.velocityCost),
        of: ComponentDistance((0..<model.controlSize).map { .init(count + $0) })))
    cost = CostSum(
      stateSize: 2 * count + offsets.count, terms: terms,
      actionWeights: Array(repeating: settings.actionCost, count: model.controlSize))
    starts = StartRegion(
      center: Layout.startCenter, halfWidths: Layout.startHalfWidths, count: settings.conditions,
      isContinuous: settings.startsAnywhere, noise: settings.startNoise)
    joints = Layout.joints
    firstPairSize = Layout.pairs[0].axes.count
    self.offsets = offsets
  }

  public var observationSize: Int { cost.stateSize }

  /// Starts at the first condition; episodes by number are `perturb(_:episode:using:)`.
  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    perturb(physics, episode: 0, using: &random)
  }

  public func perturb(_ physics: Physics, episode: Int, using random: inout RandomStream) {
    starts.draw(episode: episode, using: &random) { physics.positions[$0] = $1 }
  }

  public func observe(_ physics: Physics, before: Double, into observation: UnsafeMutablePointer<Double>) {
    let count = joints.count
    for (index, joint) in joints.enumerated() {
      observation[index] = physics.positions[joint]
      observation[count + index] = physics.velocities[joint]
    }
    for (index, offset) in offsets.enumerated() {
      observation[2 * count + index] =
        physics.bodyPosition(offset.body)[offset.axis] - physics.bodyPosition(offset.goal)[offset.axis]
    }
  }

  public func score(
    _ physics: Physics, before: Double, after: Double, action: UnsafePointer<Double>
  ) -> (reward: Double, terminated: Bool) {
    let total = withUnsafeTemporaryAllocation(of: Double.self, capacity: cost.stateSize) { buffer in
      guard let observation = buffer.baseAddress else { return Double.nan }
      observe(physics, before: before, into: observation)
      return cost.stateCost(observation, step: 0, horizon: 0) + cost.actionCost(action)
    }
    return (-total, false)
  }

  public var rewardRange: ClosedRange<Float>? { -.infinity...Float(-cost.minimum).nextUp }

  public func objective(low: [Float], high: [Float]) -> (any Objective)? {
    CostObjective(cost, low: low, high: high)
  }

  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    for index in 0..<physics.positionSize { physics.positions[index] = Layout.startCenter[index] }
    for (index, joint) in joints.enumerated() {
      physics.positions[joint] = Double(observation[index])
      physics.velocities[joint] = Double(observation[joints.count + index])
    }
  }

  public var measureNames: [String] { ["final_distance", "success"] }

  public func measures(_ physics: Physics) -> [Double] {
    var squares = 0.0
    for offset in offsets[..<firstPairSize] {
      let error = physics.bodyPosition(offset.body)[offset.axis] - physics.bodyPosition(offset.goal)[offset.axis]
      squares += error * error
    }
    let distance = squares.squareRoot()
    return [distance, distance <= Layout.successDistance ? 1 : 0]
  }
}

extension ConditionedArm: ConditionedMuJoCoTask {}

#endif
