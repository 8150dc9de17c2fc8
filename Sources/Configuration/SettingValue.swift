/// A type a setting may have: `Int`, `Float`, `Double`, `Bool`, `String`, a list or an optional of those, or an
/// enumeration declared as `enum Kind: String, CaseIterable, SettingValue`, whose raw values are what the user writes.
public protocol SettingValue: Equatable, Sendable {
  /// The type in the words of the documentation, such as `integer`.
  static var settingTypeName: String { get }
  /// The allowed texts when they are few, otherwise empty.
  static var settingChoices: [String] { get }

  /// Reads a value as a user wrote it.
  init(configuration tree: ConfigurationTree) throws(SettingMismatch)
  /// The value as a user would write it; reading it back gives an equal value.
  var configuration: ConfigurationTree { get }
  /// The first part that is infinite or not a number, which no setting accepts.
  var firstNonFinite: SettingMismatch? { get }
}

extension SettingValue {
  /// Empty: any value of the type will do.
  public static var settingChoices: [String] { [] }
  /// Nothing: most types are always finite.
  public var firstNonFinite: SettingMismatch? { nil }
}

/// A number, of which a range can be asked.
public protocol NumericSettingValue: SettingValue, Comparable {}

/// A value that a setting's type does not accept.
public struct SettingMismatch: Error, Sendable {
  /// The class of the mistake, `.wrongType` or `.outOfRange`.
  public var kind: ConfigurationError.Kind
  /// The value, or the element of a list, at fault.
  public var value: ConfigurationTree
  /// What is wrong with it, such as `expected an integer`.
  public var problem: String
  /// The indices that lead to it through lists.
  var indices: [Int] = []
  /// What may be written instead of a value of this type.
  var alternative: String?

  /// A mismatch of the whole value.
  public init(kind: ConfigurationError.Kind, value: ConfigurationTree, problem: String) {
    self.kind = kind
    self.value = value
    self.problem = problem
  }

  /// The same mismatch, found in an element of a list.
  func at(_ index: Int) -> SettingMismatch {
    var mismatch = self
    mismatch.indices.insert(index, at: 0)
    return mismatch
  }

  /// The same mismatch, with the value as it was written in `tree`.
  func located(in tree: ConfigurationTree) -> SettingMismatch {
    var mismatch = self
    mismatch.value = indices.reduce(tree) { node, index in node.elements?[index] ?? node }
    return mismatch
  }

  /// The error of the setting `key`.
  /// - Parameter range: the setting's range in words, added where the type was wrong.
  func configurationError(key: String, range: String?) -> ConfigurationError {
    ConfigurationError(
      kind: kind, key: key + indices.map { "[\($0)]" }.joined(), value: value.excerpt, location: value.location,
      problem: problem + (kind == .wrongType ? range ?? "" : "") + (alternative.map { " or \($0)" } ?? ""))
  }
}
