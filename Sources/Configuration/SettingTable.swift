/// Groups of settings whose keys and types are known only when the program runs, such as those of everything in a list:
/// each group stands under its own key beside the enclosing configuration's, when the table is an inline `@SettingGroup`.
public struct SettingTable: Configuration {
  let groups: [(key: String, field: any ConfigurationField)]

  /// No groups.
  public init() { groups = [] }

  /// A group of its default settings for each entry.
  public init(_ entries: [(key: String, help: String, settings: any Configuration)]) {
    groups = entries.map { ($0.key, AnySettingGroup($0.settings, help: $0.help)) }
  }

  /// The settings of group `key`, which must be of type `Settings`.
  public func settings<Settings: Configuration>(_ key: String, as type: Settings.Type = Settings.self) -> Settings {
    guard let group = groups.first(where: { $0.key == key })?.field as? AnySettingGroup,
      let settings = group.box.value as? Settings
    else { preconditionFailure("no group \(key) of \(type)") }
    return settings
  }

  /// A table that shares no storage with this one.
  var copy: SettingTable { SettingTable(groups.compactMap { ($0.field as? AnySettingGroup)?.entry(key: $0.key) }) }
}

/// A `SettingGroup` whose type is hidden.
private struct AnySettingGroup: ConfigurationField {
  let help: String
  let box: Box<any Configuration>

  init(_ settings: any Configuration, help: String) {
    self.help = help
    box = Box(settings.detached())
  }

  func entry(key: String) -> (key: String, help: String, settings: any Configuration) { (key, help, box.value) }

  func adoptValue(of other: any ConfigurationField) {
    guard let other = other as? AnySettingGroup else { preconditionFailure("two tables differ in their groups") }
    box.value = other.box.value.detached()
  }

  func fill(from tree: ConfigurationTree, key: String) throws(ConfigurationError) {
    try box.value.fill(from: tree, path: key)
  }

  func finish(from tree: ConfigurationTree?, key: String) throws(ConfigurationError) {
    try box.value.check(from: tree, path: key)
  }

  func resolved() -> ConfigurationTree { box.value.resolved() }

  func documentation(key: String, group: SettingDocumentation.Group) -> [SettingDocumentation] {
    box.value.documentation(path: key, group: SettingDocumentation.Group(key: key, help: help))
  }
}
