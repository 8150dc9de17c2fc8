import Configuration

/// Settings of the search for the action of the greatest value.
public struct ActionSearchSettings: Configuration {
  /// Where candidates come from.
  public enum Method: String, CaseIterable, SettingValue {
    /// Uniformly from the box.
    case uniform
    /// The cross-entropy method: from a normal distribution that is refitted to the best.
    case cem
    /// CMA-ES, with a full covariance.
    case cmaES = "cma_es"
  }

  public init() {}
  @Setting("How the best action is searched for") public var method: Method = .cem
  @Setting("Actions tried in an iteration", in: 2...65536) public var samples: Int = 32
  @Setting("Iterations of the search", in: 1...1000) public var iterations: Int = 2
  @Setting("Best actions of an iteration that cem refits its distribution to", in: 1...65536) public var elites: Int = 6
  @Setting("Initial standard deviation of cem and cma_es, where 1 is half the range of an action", in: 0.01...10)
  public var spread: Float = 0.6

  public func validate() throws(ConfigurationError) {
    if elites > samples { throw ConfigurationError("elites", "must not exceed samples (\(samples))") }
  }
}
