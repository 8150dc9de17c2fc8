public import Configuration
public import Interfaces

extension WrapperSettings {
  /// `count` copies of an environment, wrapped as these settings say: each copy by itself, but normalized together.
  ///
  /// - Parameters:
  ///   - path: path of these settings, for errors.
  ///   - make: makes a copy with the wrappers it is given; always of one type.
  public func makeVector(
    count: Int, path: String,
    _ make: (WrapperSettings) throws(ConfigurationError) -> any Environment
  ) throws(ConfigurationError) -> any VectorEnvironment {
    var single = self
    single.normalizeObservations = false
    single.normalizeRewards = false
    let first = try make(single)
    let copies: any VectorEnvironment
    if let own = first as? any VectorizableEnvironment {
      do { copies = try own.makeVector(count: count) } catch {
        throw error as? ConfigurationError ?? ConfigurationError(kind: .relation, problem: "\(error)")
      }
    } else {
      copies = try first.copies(count) { () throws(ConfigurationError) in try make(single) }
    }
    guard normalizeObservations || normalizeRewards else { return copies }
    do {
      return try copies.normalized(by: self)
    } catch {
      throw ConfigurationError(kind: .relation, key: "\(path).normalize_observations", problem: error.description)
    }
  }
}

extension Environment {
  /// This environment and `count - 1` more of its type.
  fileprivate func copies(
    _ count: Int, _ make: () throws(ConfigurationError) -> any Environment
  ) throws(ConfigurationError) -> any VectorEnvironment {
    var first: Self? = self
    return try EnvironmentCopies<Self>(count: count) { () throws(ConfigurationError) in
      if let environment = first.take() { return environment }
      guard let next = try make() as? Self else { preconditionFailure("copies of several types") }
      return next
    }
  }
}

extension VectorEnvironment {
  fileprivate func normalized(by settings: WrapperSettings) throws(WrapperError) -> any VectorEnvironment {
    try NormalizedVector(
      self, observations: settings.normalizeObservations, limit: settings.normalizedLimit,
      rewards: settings.normalizeRewards, discount: settings.rewardDiscount)
  }
}
