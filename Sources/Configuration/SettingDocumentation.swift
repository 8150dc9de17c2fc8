/// What there is to know about one setting, as declared.
public struct SettingDocumentation: Sendable, Equatable {
  /// A group of settings; the outermost has an empty key and help.
  public struct Group: Sendable, Equatable {
    /// The full key of the group, such as `planner`.
    public var key: String
    /// What it is for.
    public var help: String
  }

  /// The full key, such as `planner.horizon`.
  public var key: String
  /// The type in words, such as `integer`.
  public var typeName: String
  /// The default as it would be written.
  public var defaultText: String
  /// The allowed range, such as `1...1000`, or the choices; empty when every value of the type is allowed.
  public var rangeText: String
  /// What it is for.
  public var help: String
  /// The innermost group that holds the setting.
  public var group: Group
}

extension Configuration {
  /// The documentation of every setting, in the order of declaration, groups flattened.
  /// - Parameter path: a prefix for the keys, when this configuration is a part of a larger one.
  public static func documentation(path: String = "") -> [SettingDocumentation] {
    Self().documentation(path: path)
  }

  /// The documentation with this instance's values as the defaults.
  public func documentation(path: String = "") -> [SettingDocumentation] {
    documentation(path: path, group: SettingDocumentation.Group(key: path, help: ""))
  }

  func documentation(path: String, group: SettingDocumentation.Group) -> [SettingDocumentation] {
    fields.flatMap { $0.field.documentation(key: joined(path, $0.key), group: group) }
  }
}

extension ConfigurationTree {
  /// A value as a user would write it, in full.
  var documentationText: String {
    guard case .scalar(let kind, let text) = content, kind != .string || !text.isEmpty else { return json(indent: 0) }
    return text
  }
}
