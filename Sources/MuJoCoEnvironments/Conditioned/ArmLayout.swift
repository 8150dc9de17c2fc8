#if MuJoCo

import ControlTasks

/// What makes a task of `ConditionedArm` of a model: what is observed, what should meet what, and where episodes start.
public protocol ArmLayout: Sendable {
  /// The name users type.
  static var name: String { get }
  /// What the task asks for, in one line.
  static var summary: String { get }
  /// The model: one of Gymnasium's files or of this package's own.
  static var modelFile: String { get }
  /// Joints of one degree of freedom whose positions and velocities are observed, by their number.
  static var joints: [Int] { get }
  /// Pairs of points; the offsets between those of a pair are observed and cost. The first pair's is `final_distance`.
  static var pairs: [ArmPointPair] { get }
  /// Positions [nq] that starts lie around, at rest.
  static var startCenter: [Double] { get }
  /// Half the width of the starts' box [nq].
  static var startHalfWidths: [Double] { get }
  /// The greatest `final_distance` that counts as success, in m.
  static var successDistance: Double { get }
  /// The task's defaults.
  static var defaults: ConditionedArmSettings { get }
}

/// Two bodies whose frames' origins should meet.
public struct ArmPointPair: Sendable {
  /// What moves.
  let body: String
  /// Where it should be.
  let goal: String
  /// Coordinates of the world that count.
  let axes: [Int]
  /// Factor of the pair's cost.
  let weight: Double

  /// The frames of `body` and `goal`, MuJoCo's names, should meet along `axes` (0, 1, 2: x, y, z of the world).
  public init(_ body: String, at goal: String, axes: [Int], weight: Double = 1) {
    self.body = body
    self.goal = goal
    self.axes = axes
    self.weight = weight
  }
}

/// Put a peg into a slot: `peg_insertion.xml`, a planar arm with three joints, 10 mm of play, and a slot 0.1 m deep.
///
/// Both the peg's tip and a point 0.15 m behind it should be where they are when the peg is in. Success: the tip within
/// 15 mm of the bottom's middle. Starts lie in a box of ±0.15 rad about a pose with the tip 0.39 m from there.
public enum PegInsertion: ArmLayout {
  public static let name = "peg-insertion"
  public static let summary = "put a peg into a slot with a planar arm, from conditions (MuJoCo)"
  public static let modelFile = "peg_insertion.xml"
  public static let joints = [0, 1, 2]
  public static let pairs = [
    ArmPointPair("peg tip", at: "tip goal", axes: [0, 1]), ArmPointPair("peg back", at: "back goal", axes: [0, 1]),
  ]
  public static let startCenter = [-0.2, 2.1, -0.9]
  public static let startHalfWidths = [0.15, 0.15, 0.15]
  public static let successDistance = 0.015
  public static var defaults: ConditionedArmSettings { ConditionedArmSettings() }
}

/// Gymnasium's reacher with a quadratic and logarithmic cost of the fingertip's offset, from conditions. The targets
/// differ with the conditions; the offset shows them.
public enum ReacherConditions: ArmLayout {
  public static let name = "reacher-conditions"
  public static let summary = "bring Reacher's fingertip to a target, from conditions (MuJoCo)"
  public static let modelFile = "reacher.xml"
  public static let joints = [0, 1]
  public static let pairs = [ArmPointPair("fingertip", at: "target", axes: [0, 1])]
  public static let startCenter = [0, 0, -0.05, 0.1]
  public static let startHalfWidths = [0.1, 0.1, 0.05, 0.05]
  public static let successDistance = 0.01
  public static var defaults: ConditionedArmSettings {
    var settings = ConditionedArmSettings()
    settings.frameSkip = 2
    settings.velocityCost = 1e-5
    settings.actionCost = 0.001
    return settings
  }
}

/// Gymnasium's pusher (`-v5`) with quadratic and logarithmic costs of the offsets of object and goal, and of tip and
/// object, from conditions: places of the object.
public enum PusherConditions: ArmLayout {
  public static let name = "pusher-conditions"
  public static let summary = "push Pusher's object to its goal, from conditions (MuJoCo)"
  public static let modelFile = "pusher_v5.xml"
  public static let joints = [0, 1, 2, 3, 4, 5, 6, 7, 8]
  public static let pairs = [
    ArmPointPair("object", at: "goal", axes: [0, 1]),
    ArmPointPair("tips_arm", at: "object", axes: [0, 1, 2], weight: 0.5),
  ]
  public static let startCenter = [0, 0, 0, 0, 0, 0, 0, -0.2, 0.05, 0, 0]
  public static let startHalfWidths = [0, 0, 0, 0, 0, 0, 0, 0.05, 0.1, 0, 0]
  public static let successDistance = 0.05
  public static var defaults: ConditionedArmSettings {
    var settings = ConditionedArmSettings()
    settings.frameSkip = 5
    settings.stepLimit = 100
    settings.actionCost = 0.01
    return settings
  }
}

#endif
