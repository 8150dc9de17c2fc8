extension Int: NumericSettingValue {
  /// The type in the words of the documentation.
  public static var settingTypeName: String { "integer" }

  /// Reads an integer; `10_000`, `1e4` and `2.0` are integers too.
  public init(configuration tree: ConfigurationTree) throws(SettingMismatch) {
    guard case .scalar(.number, let text) = tree.content, let value = NumberText(text)?.integer else {
      throw SettingMismatch(kind: .wrongType, value: tree, problem: "expected an integer")
    }
    self = value
  }

  /// The value as a user would write it.
  public var configuration: ConfigurationTree { .integer(self) }
}

extension Float: NumericSettingValue {
  /// The type in the words of the documentation.
  public static var settingTypeName: String { "number" }

  /// Reads a value as a user wrote it.
  public init(configuration tree: ConfigurationTree) throws(SettingMismatch) {
    self = try tree.finiteNumber { $0.float }
  }

  /// The value as a user would write it.
  public var configuration: ConfigurationTree { .number(self) }
  /// The value itself, or the first part of it, that is infinite or not a number.
  public var firstNonFinite: SettingMismatch? { isFinite ? nil : .notFinite(configuration) }
}

extension Double: NumericSettingValue {
  /// The type in the words of the documentation.
  public static var settingTypeName: String { "number" }

  /// Reads a value as a user wrote it.
  public init(configuration tree: ConfigurationTree) throws(SettingMismatch) {
    self = try tree.finiteNumber { $0.double }
  }

  /// The value as a user would write it.
  public var configuration: ConfigurationTree { .number(self) }
  /// The value itself, or the first part of it, that is infinite or not a number.
  public var firstNonFinite: SettingMismatch? { isFinite ? nil : .notFinite(configuration) }
}

extension Bool: SettingValue {
  /// The type in the words of the documentation.
  public static var settingTypeName: String { "boolean" }
  /// The allowed texts, empty when any value of the type will do.
  public static var settingChoices: [String] { ["true", "false"] }

  /// Reads a value as a user wrote it.
  public init(configuration tree: ConfigurationTree) throws(SettingMismatch) {
    guard case .scalar(.bool, let text) = tree.content else {
      throw SettingMismatch(kind: .wrongType, value: tree, problem: "expected true or false")
    }
    self = text.lowercased() == "true"
  }

  /// The value as a user would write it.
  public var configuration: ConfigurationTree { .bool(self) }
}

extension String: SettingValue {
  /// The type in the words of the documentation.
  public static var settingTypeName: String { "text" }

  /// Reads a text; an unquoted number or boolean is taken as it is written.
  public init(configuration tree: ConfigurationTree) throws(SettingMismatch) {
    guard case .scalar(let kind, let text) = tree.content, kind != .null else {
      throw SettingMismatch(kind: .wrongType, value: tree, problem: "expected a text")
    }
    self = text
  }

  /// The value as a user would write it.
  public var configuration: ConfigurationTree { .string(self) }
}

/// An enumeration of texts; a choice that is not one of them is answered with the list, and the nearest.
extension SettingValue where Self: RawRepresentable & CaseIterable, RawValue == String {
  /// The type in the words of the documentation.
  public static var settingTypeName: String { "choice" }
  /// The allowed texts, empty when any value of the type will do.
  public static var settingChoices: [String] { allCases.map(\.rawValue) }

  /// Reads a value as a user wrote it.
  public init(configuration tree: ConfigurationTree) throws(SettingMismatch) {
    if let text = tree.scalarText, tree.kind != .null, let value = Self(rawValue: text) {
      self = value
      return
    }
    let choices = Self.settingChoices
    let nearest = tree.scalarText.flatMap { nearestName(to: $0, among: choices) }
    let suggestion = nearest.map { " (did you mean '\($0)'?)" } ?? ""
    let problem = "must be one of \(choices.joined(separator: ", "))" + suggestion
    throw SettingMismatch(kind: .outOfRange, value: tree, problem: problem)
  }

  /// The value as a user would write it.
  public var configuration: ConfigurationTree { .string(rawValue) }
}

extension ConfigurationTree {
  fileprivate func finiteNumber<Value: BinaryFloatingPoint>(
    _ read: (NumberText) -> Value
  ) throws(SettingMismatch) -> Value {
    if let text = scalarText, NumberText.namesNonFinite(text) { throw .notFinite(self) }
    guard case .scalar(.number, let text) = content, let number = NumberText(text) else {
      throw SettingMismatch(kind: .wrongType, value: self, problem: "expected a number")
    }
    let value = read(number)
    guard value.isFinite else { throw .notFinite(self) }
    return value
  }
}

extension SettingMismatch {
  static func notFinite(_ value: ConfigurationTree) -> SettingMismatch {
    SettingMismatch(kind: .wrongType, value: value, problem: "expected a finite number")
  }
}
