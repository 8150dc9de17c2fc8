import Kernels
import Networks

/// Deterministic policy a = tanh(output), explored with Gaussian noise; targets smoothed with clipped Gaussian noise
/// (Fujimoto et al. 2018, equation 14). Noise is in units of the unit box, and the sum is clipped to it.
public struct DeterministicActor: ActorHead {
  /// Standard deviation of the exploration noise.
  let exploration: Float
  /// Standard deviation of the noise on target actions; 0 for none.
  let targetNoise: Float
  /// Largest size of the noise on target actions.
  let targetNoiseClip: Float

  /// Noise in units of the unit box; none unless given.
  public init(exploration: Float = 0, targetNoise: Float = 0, targetNoiseClip: Float = 0) {
    self.exploration = exploration
    self.targetNoise = targetNoise
    self.targetNoiseClip = targetNoiseClip
  }

  public static var outputsPerComponent: Int { 1 }
  public static var isStochastic: Bool { false }

  public func mode(_ outputs: UnsafePointer<Float>, rows: Int, size: Int, actions: UnsafeMutablePointer<Float>) {
    for i in 0..<rows * size { actions[i] = Scalar.tanh(outputs[i]) }
  }

  public func explore(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, rows: Int, size: Int,
    actions: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<rows * size {
      actions[i] = ActionScaling.clipToUnit(Scalar.tanh(outputs[i]) + exploration * noise[i])
    }
  }

  public func sample(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, rows: Int, size: Int,
    actions: UnsafeMutablePointer<Float>, logProbabilities: UnsafeMutablePointer<Float>
  ) {
    mode(outputs, rows: rows, size: size, actions: actions)
    logProbabilities.update(repeating: 0, count: rows)
  }

  public func sampleTarget(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, rows: Int, size: Int,
    actions: UnsafeMutablePointer<Float>, logProbabilities: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<rows * size {
      let shift = min(max(targetNoise * noise[i], -targetNoiseClip), targetNoiseClip)
      actions[i] = ActionScaling.clipToUnit(Scalar.tanh(outputs[i]) + shift)
    }
    logProbabilities.update(repeating: 0, count: rows)
  }

  public func backward(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, actions: UnsafePointer<Float>,
    actionGradient: UnsafePointer<Float>, logProbabilityGradients: UnsafePointer<Float>, rows: Int, size: Int,
    gradient: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<rows * size { gradient[i] = actionGradient[i] * (1 - actions[i] * actions[i]) }
  }
}
