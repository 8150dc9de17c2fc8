#if MuJoCo

import CMuJoCo
import Interfaces
import Kernels

/// A task of DeepMind's control suite (Tassa et al. 2018, 2020), read off the model that comes with the Python package
/// dm_control 1.0.50.
///
/// Rewards are in 0...1 a step, episodes have 1,000 steps and never terminate, observations and rewards are those of
/// the end of the step, whose derived quantities are computed anew. The reward is not given to planners as a function
/// of observations: models learn it.
public protocol SuiteTask: MuJoCoTask {
  /// The reward at the end of a step under `action` [nu].
  func reward(_ physics: Physics, action: UnsafePointer<Double>) -> Double
  /// Writes the observation.
  func observe(_ physics: Physics, into observation: UnsafeMutablePointer<Double>)
}

extension SuiteTask {
  public static var refreshesDerived: Bool { true }
  public var rewardRange: ClosedRange<Float>? { 0...1 }
  public func objective(low: [Float], high: [Float]) -> (any Objective)? { nil }

  public func observe(_ physics: Physics, before: Double, into observation: UnsafeMutablePointer<Double>) {
    observe(physics, into: observation)
  }

  public func score(
    _ physics: Physics, before: Double, after: Double, action: UnsafePointer<Double>
  ) -> (reward: Double, terminated: Bool) {
    (reward(physics, action: action), false)
  }
}

extension Physics {
  /// Rotation of a body's frame, [3, 3] row by row: element [row, column] is the component along the world's axis `row`
  /// of the frame's axis `column`.
  func bodyRotation(_ body: Int, _ row: Int, _ column: Int) -> Double { data.pointee.xmat[9 * body + 3 * row + column] }

  /// Center of mass of a body, [3], in m.
  func bodyCenter(_ body: Int) -> UnsafePointer<Double> { UnsafePointer(data.pointee.xipos + 3 * body) }

  /// Position of a geometry, [3], in m.
  func geometryPosition(_ geometry: Int) -> UnsafePointer<Double> {
    UnsafePointer(data.pointee.geom_xpos + 3 * geometry)
  }

  /// What sensors measure, one after the other.
  var sensors: UnsafePointer<Double> { UnsafePointer(data.pointee.sensordata) }

  /// Numbers of the episode's own, as many as the task has asked for.
  var ownNumbers: UnsafeMutablePointer<Double> { data.pointee.userdata }

  /// Draws the positions of joints with a range uniformly from it, those of other hinges from ±π; others stay.
  func randomizeJoints(using random: inout RandomStream) {
    for joint in 0..<Int(model.pointee.njnt) {
      let range = model.pointee.jnt_range + 2 * joint
      let place = Int(model.pointee.jnt_qposadr[joint])
      if model.pointee.jnt_limited[joint] {
        positions[place] = random.uniformDouble(range[0], range[1])
      } else if model.pointee.jnt_type[joint] == Int32(mjJNT_HINGE.rawValue) {
        positions[place] = random.uniformDouble(-.pi, .pi)
      }
    }
  }
}

extension MuJoCoModel {
  /// Where the measurements of a sensor begin.
  func sensor(_ name: String) throws(MuJoCoError) -> Int {
    Int(pointer.pointee.sensor_adr[try number(of: name, mjOBJ_SENSOR, "sensor")])
  }

  func geometry(_ name: String) throws(MuJoCoError) -> Int { try number(of: name, mjOBJ_GEOM, "geometry") }

  func site(_ name: String) throws(MuJoCoError) -> Int { try number(of: name, mjOBJ_SITE, "site") }
}

#endif
