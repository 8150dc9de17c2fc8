/// One setting of a `Configuration`: its default, its help and the range of its values.
///
/// The value is always in the range: the default and what code assigns are preconditions, what a user writes is checked
/// by `Configuration.decode(_:path:)`. Floating-point values are always finite.
@propertyWrapper
public struct Setting<Value: SettingValue>: Sendable {
  let help: String
  let range: SettingRange<Value>?
  /// Replaced, never changed, by assignments: copies of the enclosing structure stay independent.
  var box: Box<Value>

  /// A setting that takes any value of its type.
  public init(wrappedValue: Value, _ help: String) {
    self.init(wrappedValue, help, nil)
  }

  init(_ value: Value, _ help: String, _ range: SettingRange<Value>?) {
    self.help = help
    self.range = range
    box = Box(value)
    requireAllowed(value)
  }

  /// The value. Assigning one outside the range is a programmer error.
  public var wrappedValue: Value {
    get { box.value }
    set {
      requireAllowed(newValue)
      box = Box(newValue)
    }
  }

  private func requireAllowed(_ value: Value) {
    if let violation = violation(of: value) {
      preconditionFailure("setting '\(help)' = \(value.configuration.excerpt): \(violation.problem)")
    }
  }

  private func violation(of value: Value) -> SettingMismatch? {
    value.firstNonFinite ?? range?.violation(value)
  }
}

extension Setting: Equatable {
  /// Whether the values are equal.
  public static func == (a: Self, b: Self) -> Bool { a.wrappedValue == b.wrappedValue }
}

extension Setting: ConfigurationField {
  func adoptValue(of other: any ConfigurationField) {
    guard let other = other as? Self else { preconditionFailure("two instances differ in their settings") }
    box.value = other.box.value
  }

  func fill(from tree: ConfigurationTree, key: String) throws(ConfigurationError) {
    let value: Value
    do throws(SettingMismatch) {
      value = try Value(configuration: tree)
      if let violation = violation(of: value) { throw violation.located(in: tree) }
    } catch {
      throw error.configurationError(key: key, range: error.indices.isEmpty ? range?.suffix : range?.elementSuffix)
    }
    box.value = value
  }

  func resolved() -> ConfigurationTree { box.value.configuration }

  func documentation(key: String, group: SettingDocumentation.Group) -> [SettingDocumentation] {
    let choices = Value.settingChoices.joined(separator: ", ")
    return [
      SettingDocumentation(
        key: key, typeName: Value.settingTypeName, defaultText: box.value.configuration.documentationText,
        rangeText: range?.documentation ?? choices, help: help, group: group)
    ]
  }
}

/// Storage shared by copies of a property wrapper until one of them is assigned to.
///
/// Sendable without checking because `value` changes only while the decoder fills a fresh configuration that it has
/// created itself and not yet returned, so no other thread can hold the box.
final class Box<Value: Sendable>: @unchecked Sendable {
  var value: Value

  init(_ value: Value) { self.value = value }
}
