/// Settings nested in a `Configuration`; their keys are prefixed by the property's name and a dot, unless the group is
/// `inline`: then they stand beside the enclosing configuration's own.
///
/// The default may differ from `Value()`: `@SettingGroup("Planner") var planner = PlannerSettings.fast` decodes on top of
/// `PlannerSettings.fast`.
@propertyWrapper
public struct SettingGroup<Value: Configuration>: Sendable {
  let help: String
  let isInline: Bool
  /// Replaced, never changed, by assignments: copies of the enclosing structure stay independent.
  var box: Box<Value>

  /// A group with its default settings and the heading of its documentation.
  public init(wrappedValue: Value, _ help: String) {
    self.help = help
    isInline = false
    box = Box(wrappedValue)
  }

  /// A group whose keys have no prefix, for settings that several configurations have in common.
  public init(wrappedValue: Value, inline help: String) {
    self.help = help
    isInline = true
    box = Box(wrappedValue)
  }

  /// The nested settings.
  public var wrappedValue: Value {
    get { box.value }
    set { box = Box(newValue) }
  }
}

extension SettingGroup: Equatable where Value: Equatable {
  /// Whether the values are equal.
  public static func == (a: Self, b: Self) -> Bool { a.wrappedValue == b.wrappedValue }
}

extension SettingGroup: ConfigurationField {
  func adoptValue(of other: any ConfigurationField) {
    guard let other = other as? Self else { preconditionFailure("two instances differ in their settings") }
    box.value = other.box.value.detached()
  }

  func fill(from tree: ConfigurationTree, key: String) throws(ConfigurationError) {
    try box.value.fill(from: tree, path: key)
  }

  func finish(from tree: ConfigurationTree?, key: String) throws(ConfigurationError) {
    try box.value.check(from: tree, path: key)
  }

  func resolved() -> ConfigurationTree { box.value.resolved() }

  var inlined: (any Configuration)? { isInline ? box.value : nil }

  func documentation(key: String, group: SettingDocumentation.Group) -> [SettingDocumentation] {
    box.value.documentation(path: key, group: SettingDocumentation.Group(key: key, help: help))
  }
}
