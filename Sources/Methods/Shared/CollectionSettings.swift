import Configuration

/// Settings of collecting segments of a number of steps.
public struct CollectionSettings: Configuration {
  public init() {}

  /// Segments of `steps` steps.
  init(steps: Int) { self.steps = steps }

  @Setting("Steps of each copy of the environment between updates", in: 1...10_000_000) public var steps: Int = 2048
}

/// Settings of collecting whole episodes.
public struct EpisodeCollectionSettings: Configuration {
  public init() {}
  @Setting("Episodes between updates, of all copies of the environment together", in: 1...1_000_000)
  public var episodes: Int = 10
}
