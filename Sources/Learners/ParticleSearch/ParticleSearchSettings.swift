import Configuration

/// Settings of a policy search by imagined particles.
public struct ParticleSearchSettings: Configuration {
  /// 64 particles of 40 steps, of which `mc-pilco` takes half.
  public init() {}
  @Setting("Imagined steps", in: 1...1000) public var horizon: Int = 40
  @Setting("Imagined trajectories in an update", in: 1...100_000) public var particles: Int = 64
  @Setting("Radial basis functions of the policy", in: 1...10_000) public var bases: Int = 200
  @Setting("Lengths of fresh bases, in standard deviations of the observations", in: 1e-3...1e3)
  public var basisLength: Float = 1.5
  @Setting("Standard deviation of fresh bases' weights, before the squashing of actions", in: 0...1e3)
  public var weightScale: Float = 1
  @Setting("Random policies of which a first training starts with the best in the world", in: 1...1000)
  public var candidates: Int = 8
  @Setting(
    "Fresh policies that each training tries beside the one it has, each for trial_updates; it goes on with the best",
    in: 0...1000)
  public var restarts: Int = 0
  @Setting("Updates of each policy that is tried; without restarts, none", in: 1...1_000_000)
  public var trialUpdates: Int = 40
  @Setting("Updates of the policy in a training", in: 1...1_000_000) public var updates: Int = 300
  @Setting("Learning rate at the start of a training", in: 1e-7...1) public var learningRate: Float = 0.05
  @Setting("Learning rate at its end; linear in between", in: 0...1) public var finalLearningRate: Float = 0.01
  @Setting(
    "Probability that a basis is left out of an imagined step, at the start of a training; linear to 0 at its end",
    in: 0...0.9)
  public var dropout: Float = 0.25
  @Setting("Share of the trajectories that start where episodes did; the others start at any state seen", in: 0...1)
  public var firstStates: Float = 0.5
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 1
  @Setting("Largest norm of the policy's gradient; longer ones are scaled down", in: 1e-9...1e9)
  public var gradientClip: Float = 10

  /// Rows that one thread takes through all steps at once.
  static let rowsPerShard = RowBlocks.size
}
