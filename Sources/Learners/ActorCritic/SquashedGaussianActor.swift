import Kernels
import Networks

/// Stochastic policy a = tanh(u), u Gaussian with mean and log standard deviation from the network: `TanhGaussianHead`.
public struct SquashedGaussianActor: ActorHead {
  /// The head; it has nothing to set.
  public init() {}

  public static var outputsPerComponent: Int { 2 }
  public static var isStochastic: Bool { true }

  public func mode(_ outputs: UnsafePointer<Float>, rows: Int, size: Int, actions: UnsafeMutablePointer<Float>) {
    TanhGaussianHead.mode(outputs, rows: rows, size: size, actions: actions)
  }

  public func explore(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, rows: Int, size: Int,
    actions: UnsafeMutablePointer<Float>
  ) {
    TanhGaussianHead.draw(outputs, noise: noise, rows: rows, size: size, actions: actions)
  }

  public func sample(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, rows: Int, size: Int,
    actions: UnsafeMutablePointer<Float>, logProbabilities: UnsafeMutablePointer<Float>
  ) {
    TanhGaussianHead.sample(
      outputs, noise: noise, rows: rows, size: size, actions: actions, logProbabilities: logProbabilities)
  }

  public func sampleTarget(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, rows: Int, size: Int,
    actions: UnsafeMutablePointer<Float>, logProbabilities: UnsafeMutablePointer<Float>
  ) {
    sample(outputs, noise: noise, rows: rows, size: size, actions: actions, logProbabilities: logProbabilities)
  }

  public func backward(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, actions: UnsafePointer<Float>,
    actionGradient: UnsafePointer<Float>, logProbabilityGradients: UnsafePointer<Float>, rows: Int, size: Int,
    gradient: UnsafeMutablePointer<Float>
  ) {
    TanhGaussianHead.backward(
      outputs, noise: noise, actions: actions, actionGradient: actionGradient,
      logProbabilityGradients: logProbabilityGradients, rows: rows, size: size, gradient: gradient)
  }
}
