/// An action that an environment cannot take, or cannot take now.
public enum EnvironmentError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A component is NaN.
  case actionIsNotANumber(environment: String, action: [Float])
  /// A discrete action that is not a whole number in `0..<count`.
  case noSuchChoice(environment: String, action: Float, count: Int)

  /// A step where no episode is under way, as after a saved state in which the parts of a run disagree.
  case outsideEpisode(environment: String)

  /// One sentence.
  public var description: String {
    switch self {
    case .actionIsNotANumber(let environment, let action):
      "\(environment) was given the action \(action), which is not a number"
    case .noSuchChoice(let environment, let action, let count):
      "\(environment) was given the action \(action), which is none of its choices 0...\(count - 1)"
    case .outsideEpisode(let environment): "\(environment) was stepped outside an episode"
    }
  }
}

extension ActionSpace {
  /// Refuses an action of `environment` that means nothing: NaN, or none of the choices. Reals beyond their bounds are
  /// left to be clipped.
  public func check(_ action: [Float], of environment: String) throws(EnvironmentError) {
    precondition(action.count == size, "\(environment) takes \(size) floats, not \(action.count)")
    try action.withUnsafeBufferPointer { buffer throws(EnvironmentError) in
      if let action = buffer.baseAddress { try check(action, of: environment) }
    }
  }

  /// The same for `size` floats.
  public func check(_ action: UnsafePointer<Float>, of environment: String) throws(EnvironmentError) {
    let components = UnsafeBufferPointer(start: action, count: size)
    for component in components where component.isNaN {
      throw .actionIsNotANumber(environment: environment, action: Array(components))
    }
    switch self {
    case .discrete(let count): try Self.check(action[0], count: count, of: environment)
    case .multiDiscrete(let counts):
      for (choice, count) in zip(components, counts) { try Self.check(choice, count: count, of: environment) }
    case .box: break
    }
  }

  private static func check(_ choice: Float, count: Int, of environment: String) throws(EnvironmentError) {
    guard choice == choice.rounded(), choice >= 0, choice < Float(count) else {
      throw .noSuchChoice(environment: environment, action: choice, count: count)
    }
  }
}
