/// A list, written `[200, 200]` or one element a line; a single value is a list of one.
extension Array: SettingValue where Element: SettingValue {
  /// The type in the words of the documentation.
  public static var settingTypeName: String { "list of \(Element.settingTypeName)s" }
  /// The allowed texts, empty when any value of the type will do.
  public static var settingChoices: [String] { Element.settingChoices }

  /// Reads a value as a user wrote it.
  public init(configuration tree: ConfigurationTree) throws(SettingMismatch) {
    guard let elements = tree.elements else {
      do {
        self = [try Element(configuration: tree)]
      } catch {
        throw SettingMismatch(
          kind: error.kind, value: tree,
          problem: error.kind == .wrongType ? "expected a \(Self.settingTypeName)" : error.problem)
      }
      return
    }
    self = []
    reserveCapacity(elements.count)
    for (index, element) in elements.enumerated() {
      do {
        append(try Element(configuration: element))
      } catch {
        throw error.at(index)
      }
    }
  }

  /// The value as a user would write it.
  public var configuration: ConfigurationTree { .list(map(\.configuration)) }

  /// The value itself, or the first part of it, that is infinite or not a number.
  public var firstNonFinite: SettingMismatch? {
    for (index, element) in enumerated() {
      if let mismatch = element.firstNonFinite { return mismatch.at(index) }
    }
    return nil
  }
}

/// A value or nothing; nothing is written `auto`, so a wrapped text or choice cannot be that word.
extension Optional: SettingValue where Wrapped: SettingValue {
  /// The type in the words of the documentation.
  public static var settingTypeName: String { "\(Wrapped.settingTypeName) or \(autoText)" }
  /// The allowed texts, empty when any value of the type will do.
  public static var settingChoices: [String] { Wrapped.settingChoices }

  /// Reads a value as a user wrote it.
  public init(configuration tree: ConfigurationTree) throws(SettingMismatch) {
    if case .scalar(.string, autoText) = tree.content {
      self = nil
      return
    }
    do {
      self = try Wrapped(configuration: tree)
    } catch {
      var mismatch = error
      mismatch.alternative = autoText
      throw mismatch
    }
  }

  /// The value as a user would write it.
  public var configuration: ConfigurationTree { self?.configuration ?? .string(autoText) }
  /// The value itself, or the first part of it, that is infinite or not a number.
  public var firstNonFinite: SettingMismatch? { self?.firstNonFinite }
}

/// What a user writes for `nil`.
let autoText = "auto"
