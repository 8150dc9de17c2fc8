import Foundation
import Interfaces

/// How the native tasks are drawn, in their own units.

extension Pendulum {
  public func picture() -> Picture? {
    let angle = episode.state[0]
    var scene = Scene(center: .zero, size: SIMD2(2.6, 2.6))
    scene.shapes = [
      .line(from: .zero, to: SIMD2(-sin(angle), cos(angle)), width: 0.2, .limb),
      .disc(center: .zero, radius: 0.05, .joint),
    ]
    return .scene(scene)
  }
}

extension CartPole {
  public func picture() -> Picture? {
    let state = episode.state
    var scene = Scene(center: SIMD2(0, 0.6), size: SIMD2(4.8, 3.2))
    scene.addCart(at: state[0], rail: 2.4, size: SIMD2(0.5, 0.3))
    // the pole's length is twice the distance of its center of mass
    scene.addPole(
      from: SIMD2(state[0], 0), direction: SIMD2(sin(state[2]), cos(state[2])), length: 2 * Self.halfPoleLength,
      width: 0.1)
    return .scene(scene)
  }
}

extension CartPoleSwingUp {
  public func picture() -> Picture? { Self.picture(position: episode.state[0], angle: episode.state[2]) }

  /// The cart at `position` in m, its pole at `angle` in rad.
  static func picture(position: Double, angle: Double) -> Picture {
    var scene = Scene(center: .zero, size: SIMD2(5.6, 2.2))
    scene.shapes = [.disc(center: SIMD2(0, poleLength), radius: 0.05, .goal)]
    scene.addCart(at: position, rail: slideLimit, size: SIMD2(0.4, 0.2))
    scene.addPole(
      from: SIMD2(position, 0), direction: SIMD2(-sin(angle), -cos(angle)), length: poleLength, width: 0.098)
    return .scene(scene)
  }
}

extension MountainCar {
  public func picture() -> Picture? {
    .scene(.valley(carAt: episode.state[0], goal: Self.goalPosition, ends: (Self.leftWall, Self.rightEnd)))
  }
}

extension MountainCarContinuous {
  public func picture() -> Picture? {
    .scene(
      .valley(
        carAt: Double(episode.state[0]), goal: Double(Self.goalPosition), ends: (Self.leftWall, Self.rightEnd)))
  }
}

extension Acrobot {
  public func picture() -> Picture? {
    let (first, second) = (episode.state[0], episode.state[0] + episode.state[1])
    let elbow = SIMD2(sin(first), -cos(first))
    let tip = elbow + SIMD2(sin(second), -cos(second))
    var scene = Scene(center: .zero, size: SIMD2(4.6, 4.6))
    scene.shapes = [
      .line(from: SIMD2(-2.3, Self.goalHeight), to: SIMD2(2.3, Self.goalHeight), width: 0.03, .goal),
      .line(from: .zero, to: elbow, width: 0.18, .limb), .line(from: elbow, to: tip, width: 0.18, .limb),
      .disc(center: .zero, radius: 0.1, .joint), .disc(center: elbow, radius: 0.1, .joint),
    ]
    return .scene(scene)
  }
}

extension PointMass {
  public func picture() -> Picture? {
    let (position, velocity) = (episode.state.lowHalf, episode.state.highHalf)
    var scene = Scene(center: .zero, size: SIMD2(4, 4))
    scene.shapes = [
      .disc(center: .zero, radius: 0.12, .goal),
      .line(from: position, to: position + 0.3 * velocity, width: 0.04, .joint),
      .disc(center: position, radius: 0.1, .body),
    ]
    return .scene(scene)
  }
}

extension Scene {
  /// A cart on a rail along y = 0 that ends at ±`rail`.
  fileprivate mutating func addCart(at position: Double, rail: Double, size: SIMD2<Double>) {
    shapes.append(.line(from: SIMD2(-rail, 0), to: SIMD2(rail, 0), width: 0.02, .ground))
    addRectangle(center: SIMD2(position, 0), size: size, .body)
  }

  /// A pole on its hinge.
  fileprivate mutating func addPole(from hinge: SIMD2<Double>, direction: SIMD2<Double>, length: Double, width: Double)
  {
    shapes.append(.line(from: hinge, to: hinge + length * direction, width: width, .limb))
    shapes.append(.disc(center: hinge, radius: width / 2, .joint))
  }

  /// The mountain cars' valley, y = 0.45 sin 3x + 0.55 as Gymnasium draws it, with the car and a flag at the goal.
  fileprivate static func valley(carAt position: Double, goal: Double, ends: (left: Double, right: Double)) -> Scene {
    func height(_ x: Double) -> Double { 0.45 * sin(3 * x) + 0.55 }
    var scene = Scene(center: SIMD2((ends.left + ends.right) / 2, 0.6), size: SIMD2(ends.right - ends.left + 0.1, 1.3))
    let path = (0...60).map { step in
      let x = ends.left + (ends.right - ends.left) * Double(step) / 60
      return SIMD2(x, height(x))
    }
    scene.addPath(path, width: 0.012, .ground)
    let foot = SIMD2(goal, height(goal))
    scene.shapes.append(.line(from: foot, to: foot + SIMD2(0, 0.16), width: 0.01, .goal))
    scene.shapes.append(.polygon([foot + SIMD2(0, 0.16), foot + SIMD2(0.07, 0.13), foot + SIMD2(0, 0.1)], .goal))
    // along the slope y' = 1.35 cos 3x, on two wheels
    let slope = 1.35 * cos(3 * position)
    let scale = 1 / (1 + slope * slope).squareRoot()
    let (along, up) = (scale * SIMD2(1, slope), scale * SIMD2(-slope, 1))
    let ground = SIMD2(position, height(position))
    scene.addRectangle(
      center: ground + 0.05 * up, size: SIMD2(0.11, 0.045), angle: (along.y, along.x), .body)
    for side in [-0.035, 0.035] {
      scene.shapes.append(.disc(center: ground + side * along + 0.02 * up, radius: 0.018, .joint))
    }
    return scene
  }
}
