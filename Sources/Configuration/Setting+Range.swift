extension Setting where Value: NumericSettingValue {
  /// A number within a closed range.
  public init(wrappedValue: Value, _ help: String, in range: ClosedRange<Value>) {
    self.init(wrappedValue, help, SettingRange(NumberRange(range)))
  }

  /// A number with a lower bound.
  public init(wrappedValue: Value, _ help: String, in range: PartialRangeFrom<Value>) {
    self.init(wrappedValue, help, SettingRange(NumberRange(range)))
  }
}

extension Setting {
  /// A list of numbers, each within a closed range.
  public init<Element: NumericSettingValue>(
    wrappedValue: [Element], _ help: String, in range: ClosedRange<Element>
  ) where Value == [Element] {
    self.init(wrappedValue, help, SettingRange(eachIn: NumberRange(range)))
  }

  /// A list of numbers, each with a lower bound.
  public init<Element: NumericSettingValue>(
    wrappedValue: [Element], _ help: String, in range: PartialRangeFrom<Element>
  ) where Value == [Element] {
    self.init(wrappedValue, help, SettingRange(eachIn: NumberRange(range)))
  }

  /// A number within a closed range, or `auto` (`nil`).
  public init<Element: NumericSettingValue>(
    wrappedValue: Element?, _ help: String, in range: ClosedRange<Element>
  ) where Value == Element? {
    self.init(wrappedValue, help, SettingRange(optional: NumberRange(range)))
  }

  /// A number with a lower bound, or `auto` (`nil`).
  public init<Element: NumericSettingValue>(
    wrappedValue: Element?, _ help: String, in range: PartialRangeFrom<Element>
  ) where Value == Element? {
    self.init(wrappedValue, help, SettingRange(optional: NumberRange(range)))
  }
}

/// What a setting's values must satisfy, in code and in words.
struct SettingRange<Value: SettingValue>: Sendable {
  /// For the documentation, such as `1...1000`.
  let documentation: String
  /// What follows the type in an error, such as ` in 1...1000`.
  let suffix: String
  /// The same for an element of a list.
  let elementSuffix: String
  /// The first part of a value outside the range, if any.
  let violation: @Sendable (Value) -> SettingMismatch?
}

extension SettingRange where Value: NumericSettingValue {
  fileprivate init(_ range: NumberRange<Value>) {
    self.init(documentation: range.documentation, suffix: range.suffix, elementSuffix: range.suffix) {
      range.violation($0)
    }
  }
}

extension SettingRange {
  fileprivate init<Element>(eachIn range: NumberRange<Element>) where Value == [Element] {
    self.init(
      documentation: "each \(range.documentation)", suffix: ", each\(range.suffix)", elementSuffix: range.suffix
    ) { value in
      for (index, element) in value.enumerated() {
        if let violation = range.violation(element) { return violation.at(index) }
      }
      return nil
    }
  }

  fileprivate init<Element>(optional range: NumberRange<Element>) where Value == Element? {
    self.init(documentation: range.documentation, suffix: range.suffix, elementSuffix: range.suffix) { value in
      guard var violation = value.flatMap(range.violation) else { return nil }
      violation.alternative = autoText
      return violation
    }
  }
}

/// A range of numbers, closed or without an upper bound.
private struct NumberRange<Bound: NumericSettingValue>: Sendable {
  let lower: Bound
  let upper: Bound?

  init(_ range: ClosedRange<Bound>) {
    lower = range.lowerBound
    upper = range.upperBound
  }

  init(_ range: PartialRangeFrom<Bound>) {
    lower = range.lowerBound
    upper = nil
  }

  var documentation: String {
    upper.map { "\(Self.text(lower))...\(Self.text($0))" } ?? "at least \(Self.text(lower))"
  }

  var suffix: String { upper == nil ? " of \(documentation)" : " in \(documentation)" }

  func violation(_ value: Bound) -> SettingMismatch? {
    if value >= lower, upper.map({ value <= $0 }) ?? true { return nil }
    let requirement = upper == nil ? documentation : "in \(documentation)"
    return SettingMismatch(kind: .outOfRange, value: value.configuration, problem: "must be \(requirement)")
  }

  private static func text(_ bound: Bound) -> String {
    let text = bound.configuration.excerpt
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
