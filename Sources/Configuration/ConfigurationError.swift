/// A mistake in what the user wrote: which setting, which value, where, and what is wrong with it.
///
/// `description` is one sentence made to be shown as it is, for example
/// `planner.horizon = 0 (study.yaml:12:14): must be in 1...1000`.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The class of the mistake.
  public enum Kind: Sendable {
    /// The text is not YAML.
    case syntax
    /// No setting has this key.
    case unknownKey
    /// The same key is given twice in one mapping.
    case duplicateKey
    /// A required key is absent.
    case missingKey
    /// The value is of another type than the setting.
    case wrongType
    /// The value is outside the setting's range, or not one of its choices.
    case outOfRange
    /// Values that are each allowed contradict one another.
    case relation
  }

  /// The class of the mistake.
  public var kind: Kind
  /// The full key, such as `planner.horizon`; `nil` when the mistake belongs to no setting.
  public var key: String?
  /// The offending value as it was written.
  public var value: String?
  /// Where it was written; `nil` for a default.
  public var location: SourceLocation?
  /// What is wrong, without the key and value, such as `must be in 1...1000`.
  public var problem: String

  /// An error from its parts; `init(_:_:)` is shorter for contradictions between settings.
  public init(kind: Kind, key: String? = nil, value: String? = nil, location: SourceLocation? = nil, problem: String) {
    self.kind = kind
    self.key = key
    self.value = value
    self.location = location
    self.problem = problem
  }

  /// A contradiction between settings, thrown by `Configuration.validate()`.
  ///
  /// - Parameters:
  ///   - key: the setting at fault, relative to the configuration that throws. The decoder adds the groups that
  ///     enclose it, its value and its location.
  ///   - problem: what is wrong, such as `must not exceed population (400)`.
  public init(_ key: String, _ problem: String) {
    self.init(kind: .relation, key: key, problem: problem)
  }

  /// One sentence with the key, the value, the location and the problem.
  public var description: String {
    let place = location.map { " (\($0))" } ?? ""
    guard let key else { return (location.map { "\($0): " } ?? "") + problem }
    let explanation = problem.isEmpty ? "" : ": \(problem)"
    switch kind {
    case .unknownKey: return "unknown setting '\(key)'\(place)\(explanation)"
    case .missingKey: return "missing setting '\(key)'\(place)\(explanation)"
    case .duplicateKey: return "duplicate setting '\(key)'\(place)\(explanation)"
    case .syntax, .wrongType, .outOfRange, .relation:
      return key + (value.map { " = \($0)" } ?? "") + place + explanation
    }
  }
}
