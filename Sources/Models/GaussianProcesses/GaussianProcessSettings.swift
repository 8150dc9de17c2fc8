import Configuration

/// Settings of a Gaussian process model.
public struct GaussianProcessSettings: Configuration {
  public init() {}
  @Setting(
    "Most transitions that predictions rest on; of more, those that tell the most about the others", in: 2...20_000)
  public var points: Int = 500
  @Setting("Most iterations of the search for hyperparameters in a fit", in: 0...100_000) public var iterations: Int =
    100
  @Setting(
    "Standard deviation of the signal over that of the noise above which hyperparameters are held back", in: 2...1e5)
  public var signalToNoise: Double = 1000
  @Setting("Longest length scale, in standard deviations of the input, beyond which it is held back", in: 2...1e5)
  public var lengthScale: Double = 100
  @Setting("Whether imagined steps draw from the predictive distribution, instead of following its mean")
  public var samples: Bool = true
}
