import Configuration

/// Settings of offline model-based policy optimization besides its learner and its model; defaults are of the kind that Yu et al.
/// (2020) chose among for each dataset.
public struct OfflineModelBasedSettings: Configuration {
  public init() {}
  @Setting("File of transitions to learn from, as 'foresight dataset' makes them; must be given")
  public var dataset: String? = nil
  @Setting("Transitions in a training batch", in: 1...65536) public var batchSize: Int = 256
  @Setting("Weight lambda of the model's uncertainty, which is subtracted from imagined rewards", in: 0...1e6)
  public var penalty: Float = 1
  @Setting("Gradient steps between rounds of imagined trajectories", in: 1...10_000_000)
  public var rolloutInterval: Int = 1000
  @Setting("Imagined trajectories in a round", in: 1...10_000_000) public var rollouts: Int = 50_000
  @Setting("Their steps", in: 1...1000) public var rolloutLength: Int = 5
  @Setting("Rounds whose imagined transitions are kept", in: 1...1000) public var retainedRounds: Int = 5
  @Setting("Share of the dataset's transitions in a training batch; 1 uses no model", in: 0...1)
  public var realRatio: Float = 0.05

  public func validate() throws(ConfigurationError) {
    let most = retainedRounds * rollouts * rolloutLength
    if most > Int(Int32.max) {
      throw ConfigurationError(
        "retained_rounds", "would keep up to \(most) imagined transitions; at most \(Int32.max) can be")
    }
  }
}
