import Configuration

/// Settings of fits of linear-Gaussian conditionals to few samples.
public struct LinearGaussianRegressionSettings: Configuration {
  public init() {}
  @Setting("Observations that the prior counts for at most, at each time; 0: no prior", in: 0...1e6)
  public var strength: Double = 1
  @Setting("Newest iterations whose samples the prior is fitted to", in: 1...10_000) public var history: Int = 4
  @Setting("Newest trajectories that the prior is fitted to at most", in: 1...100_000) public var trajectories: Int = 20
  @Setting("Added to the variance of every input, relative to its variance over all times", in: 1e-15...1)
  public var regularization: Double = 1e-6
  @SettingGroup("Gaussian mixture") public var mixture = MixtureSettings()
}
