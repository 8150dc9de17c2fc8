import Configuration
import Environments
import Interfaces
import Kernels
import Recording
import Testing

/// The drawings of the native tasks.
@Suite struct SceneTests {
  private static func frame(_ environment: some Environment) throws -> Canvas {
    var environment = environment
    guard case .scene(let scene) = try environment.picture() else { throw Missing() }
    var canvas = Canvas(height: 120, width: 2 * Int(60 * scene.size.x / scene.size.y))
    canvas.draw(scene)
    return canvas
  }

  private struct Missing: Error {}

  /// Mean place of the pixels of a color, in shares of width and height; nil if there is none.
  private static func place(of color: Scene.Color, in canvas: Canvas) -> SIMD2<Double>? {
    var (count, sum) = (0.0, SIMD2<Double>.zero)
    for y in 0..<canvas.height {
      for x in 0..<canvas.width {
        let pixel = 3 * (y * canvas.width + x)
        guard Array(canvas.pixels[pixel..<pixel + 3]) == [color.red, color.green, color.blue] else { continue }
        count += 1
        sum += SIMD2((Double(x) + 0.5) / Double(canvas.width), (Double(y) + 0.5) / Double(canvas.height))
      }
    }
    return count > 0 ? sum / count : nil
  }

  /// Every task shows several colors, and another picture after some steps.
  private func check<Task: StateSpaceTask>(_: Task.Type) throws {
    var (task, random) = (Task(Task.Settings()), RandomStream(seed: 1))
    var observation = [Float](repeating: 0, count: task.spec.observationSize)
    try task.reset(using: &random, observation: &observation)
    let first = try Self.frame(task)
    for _ in 0..<8 { _ = try task.step(task.spec.action.bounds.high, observation: &observation) }
    let second = try Self.frame(task)
    for frame in [first, second] {
      let colors = Set(stride(from: 0, to: frame.pixels.count, by: 3).map { Array(frame.pixels[$0..<$0 + 3]) })
      #expect(colors.count > 3, "\(Task.name) shows \(colors.count) colors")
    }
    #expect(first.pixels != second.pixels, "\(Task.name) does not move")
  }

  @Test func everyTaskIsDrawn() throws {
    try check(Pendulum.self)
    try check(CartPole.self)
    try check(CartPoleSwingUp.self)
    try check(MountainCar.self)
    try check(MountainCarContinuous.self)
    try check(Acrobot.self)
    try check(PointMass.self)
  }

  /// The cart is where the state says, in the right direction and scale; so is the pole's side.
  @Test func theCartMoves() throws {
    var observation = [Float](repeating: 0, count: 5)
    for position in [-2.0, 0, 1.5] {
      var task = CartPoleSwingUp(CartPoleSwingUpSettings())
      task.start(at: SIMD4(position, 0, -1, 0), observation: &observation)
      let frame = try Self.frame(task)
      let (cart, pole) = (Self.place(of: .body, in: frame), Self.place(of: .limb, in: frame))
      let expected = 0.5 + position / 5.6
      #expect(abs((cart?.x ?? 9) - expected) < 0.02, "\(position)")
      // at -1 rad from hanging the tip is at x + 0.6 sin 1, below the rail
      #expect(abs((pole?.x ?? 9) - (expected + 0.3 / 5.6)) < 0.03 && (pole?.y ?? 0) > 0.52)
    }
  }

  @Test func anUprightPendulumPointsUp() throws {
    var (task, observation) = (Pendulum(PendulumSettings()), [Float](repeating: 0, count: 3))
    task.start(at: .zero, observation: &observation)
    #expect((Self.place(of: .limb, in: try Self.frame(task))?.y ?? 1) < 0.35)
    // a positive angle is counterclockwise, as in Gymnasium
    task.start(at: SIMD2(1, 0), observation: &observation)
    #expect((Self.place(of: .limb, in: try Self.frame(task))?.x ?? 1) < 0.4)
  }
}
