/// How an actor's network output becomes an action in the unit box [-1, 1]^A, on one block of rows. All pointers are to
/// row-major blocks: outputs [rows, A * outputsPerComponent], standard normal noise [rows, A], unit actions [rows, A],
/// log-probabilities [rows].
public protocol ActorHead: Sendable {
  /// Network outputs for each component of the action.
  static var outputsPerComponent: Int { get }

  /// Whether the policy itself is random, so that `sample` uses its noise.
  static var isStochastic: Bool { get }

  /// The actions without exploration.
  func mode(_ outputs: UnsafePointer<Float>, rows: Int, size: Int, actions: UnsafeMutablePointer<Float>)

  /// The actions with exploration.
  func explore(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, rows: Int, size: Int,
    actions: UnsafeMutablePointer<Float>)

  /// The actions that the actor's loss is about, and their log-probabilities in the unit box (0 if deterministic).
  func sample(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, rows: Int, size: Int,
    actions: UnsafeMutablePointer<Float>, logProbabilities: UnsafeMutablePointer<Float>)

  /// The actions that critic targets value, and their log-probabilities in the unit box (0 if deterministic).
  func sampleTarget(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, rows: Int, size: Int,
    actions: UnsafeMutablePointer<Float>, logProbabilities: UnsafeMutablePointer<Float>)

  /// Gradient of a loss with respect to the outputs, given those with respect to the actions of `sample` and to their
  /// log-probabilities [rows].
  func backward(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, actions: UnsafePointer<Float>,
    actionGradient: UnsafePointer<Float>, logProbabilityGradients: UnsafePointer<Float>, rows: Int, size: Int,
    gradient: UnsafeMutablePointer<Float>)
}
