import Foundation

/// Squared distance of the tip of a pole, hinged to a cart on a slide, from the point straight above the slide's middle.
///
/// With the cart at x and the pole of length l at θ, 0 hanging: z = (x - l sin θ, -l cos θ - l), ∂z/∂x = (1, 0),
/// ∂z/∂θ = l (-cos θ, sin θ) and ∂²z/∂θ² = l (sin θ, cos θ).
public struct PoleTipDistance: SquaredDistance {
  let length: Double
  let position: Int
  let angle: Int

  /// Of a pole of `length`, in m, with the cart's place at `position` in the state and the angle in rad at `angle`.
  public init(length: Double, position: Int, angle: Int) {
    precondition(length > 0 && position >= 0 && angle >= 0 && position != angle, "\(length), \(position), \(angle)")
    self.length = length
    self.position = position
    self.angle = angle
  }

  public func check(stateSize: Int) {
    precondition(max(position, angle) < stateSize, "components beyond \(stateSize) numbers")
  }

  @inline(__always)
  private func reach(_ state: UnsafePointer<Double>) -> (error: SIMD2<Double>, turned: SIMD2<Double>) {
    let (x, y) = (length * sin(state[angle]), length * cos(state[angle]))
    return (SIMD2(state[position] - x, -y - length), SIMD2(-y, x))
  }

  public func value(_ state: UnsafePointer<Double>) -> Double {
    let error = reach(state).error
    return (error * error).sum()
  }

  public func addGradient(_ state: UnsafePointer<Double>, scale: Double, to gradient: UnsafeMutablePointer<Double>) {
    let (error, turned) = reach(state)
    gradient[position] += 2 * scale * error.x
    gradient[angle] += 2 * scale * (error * turned).sum()
  }

  public func addHessian(
    _ state: UnsafePointer<Double>, scale: Double, gaussNewton: Bool, stride: Int,
    to hessian: UnsafeMutablePointer<Double>
  ) {
    let (error, turned) = reach(state)
    var second = (turned * turned).sum()
    if !gaussNewton { second += error.x * turned.y - error.y * turned.x }
    hessian[position * (stride + 1)] += 2 * scale
    hessian[angle * (stride + 1)] += 2 * scale * second
    hessian[position * stride + angle] += 2 * scale * turned.x
    hessian[angle * stride + position] += 2 * scale * turned.x
  }
}
