/// N states that imagined trajectories start from. Pointers need to be valid during the call that takes them.
public struct RolloutStarts {
  /// Number of states, N.
  public let count: Int
  /// The states, [N, D].
  public let states: UnsafePointer<Float>
  /// Steps between the start of each state's episode and the state, [N]; nil where they are not known, which counts as 0.
  public let times: UnsafePointer<Int>?
  /// Row r is of *particle* `firstParticle + r / rowsPerParticle`: models that keep one hypothesis a particle for a whole
  /// rollout (TS-infinity) choose it by that number.
  public let rowsPerParticle: Int
  /// The particle of row 0.
  public let firstParticle: Int

  /// `count` states [N, D], each a particle of its own unless told otherwise.
  public init(
    count: Int, states: UnsafePointer<Float>, times: UnsafePointer<Int>? = nil, rowsPerParticle: Int = 1,
    firstParticle: Int = 0
  ) {
    precondition(count >= 0 && rowsPerParticle > 0, "\(count) starts, \(rowsPerParticle) rows a particle")
    self.count = count
    self.states = states
    self.times = times
    self.rowsPerParticle = rowsPerParticle
    self.firstParticle = firstParticle
  }
}
