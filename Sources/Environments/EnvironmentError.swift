/// An action that an environment cannot take.
public enum EnvironmentError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A component is NaN.
  case actionIsNotANumber(environment: String, action: [Float])
  /// A discrete action that is not a whole number in `0..<count`.
  case noSuchChoice(environment: String, action: Float, count: Int)

  /// One sentence.
  public var description: String {
    switch self {
    case .actionIsNotANumber(let environment, let action):
      "\(environment) was given the action \(action), which is not a number"
    case .noSuchChoice(let environment, let action, let count):
      "\(environment) was given the action \(action), which is none of its choices 0...\(count - 1)"
    }
  }
}
