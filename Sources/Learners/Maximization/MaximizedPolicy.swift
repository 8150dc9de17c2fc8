import Archive
import Interfaces
import Kernels

/// The action of the greatest value of a critic as it is at one moment. Exploring, it is uniformly random with probability
/// epsilon, and otherwise has Gaussian noise added, clipped to the bounds.
///
/// The search at an observation draws from a stream that is a function of the observation, so that without exploration one
/// observation always has the same action.
public struct MaximizedPolicy: Policy {
  let search: ActionSearch
  let scaling: ActionScaling
  let epsilon: Float
  /// Standard deviation of the noise in the unit box.
  let noise: Float
  let base: RandomStream
  /// Parameters of the critic, flat.
  package var parameters: Vector

  public var observationSize: Int { search.observationSize }
  public var actionSize: Int { search.size }

  public func makeWorkspace() -> MaximizedWorkspace { MaximizedWorkspace(search) }

  /// Takes over the critic that `learner` acts by, in the memory that it has.
  public mutating func refresh(from learner: MaximizedQLearning) { parameters.copy(from: learner.actingParameters) }

  public func act(
    count: Int, on observations: UnsafePointer<Float>, explore: Bool, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, _ workspace: MaximizedWorkspace
  ) {
    for row in 0..<count {
      act(
        on: observations + row * observationSize, explore: explore, using: &random,
        action: actions + row * actionSize, workspace)
    }
  }

  /// Writes the action [A] of one observation [D].
  public func act(
    on observation: UnsafePointer<Float>, explore: Bool, using random: inout RandomStream,
    action: UnsafeMutablePointer<Float>, _ workspace: MaximizedWorkspace
  ) {
    MaximizedPolicy.act(
      search, parameters.pointer, base, epsilon: epsilon, noise: noise, on: observation, explore: explore,
      using: &random, action: action, workspace)
    scaling.fromUnit(action, rows: 1)
  }

  /// A unit action [A]; one state a product, so that it does not depend on others.
  static func act(
    _ search: ActionSearch, _ parameters: UnsafePointer<Float>, _ base: RandomStream, epsilon: Float, noise: Float,
    on observation: UnsafePointer<Float>, explore: Bool, using random: inout RandomStream,
    action: UnsafeMutablePointer<Float>, _ workspace: MaximizedWorkspace
  ) {
    if explore && random.uniform() < epsilon {
      for c in 0..<search.size { action[c] = random.uniform(-1, 1) }
      return
    }
    search.run(parameters, observation, rows: 1, workspace.search) { _ in search.stream(of: observation, from: base) }
    action.update(from: workspace.search.actions.pointer, count: search.size)
    guard explore else { return }
    for c in 0..<search.size { action[c] = ActionScaling.clipToUnit(action[c] + noise * random.normal()) }
  }
}

extension MaximizedPolicy: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("parameters", &parameters)
  }
}
