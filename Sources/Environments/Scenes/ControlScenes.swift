import Interfaces

/// How the tasks with conditions are drawn.

extension PointMassObstacle {
  public func picture() -> Picture? {
    let (position, velocity) = (SIMD2(episode.state[0], episode.state[1]), SIMD2(episode.state[2], episode.state[3]))
    var scene = Scene(center: .zero, size: SIMD2(3.2, 2.4))
    scene.shapes = [
      .disc(center: Self.obstacle, radius: 2 * Self.obstacleWidth, .ground),
      .disc(center: Self.goal, radius: 0.08, .goal),
      .line(from: position, to: position + 0.3 * velocity, width: 0.03, .joint),
      .disc(center: position, radius: 0.06, .body),
    ]
    return .scene(scene)
  }
}

extension PlanarArm {
  public func picture() -> Picture? {
    var scene = Scene(center: .zero, size: SIMD2(2.4, 2.4))
    scene.shapes = [.disc(center: Self.target, radius: 0.04, .goal)]
    var from = SIMD2<Double>.zero
    for link in 0..<3 {
      let to = end(of: link)
      scene.shapes.append(.line(from: from, to: to, width: 0.06, .limb))
      scene.shapes.append(.disc(center: from, radius: 0.04, .joint))
      from = to
    }
    scene.shapes.append(.disc(center: from, radius: 0.025, .body))
    return .scene(scene)
  }
}

extension SwingUpConditions {
  public func picture() -> Picture? { CartPoleSwingUp.picture(position: episode.state[0], angle: episode.state[2]) }
}
