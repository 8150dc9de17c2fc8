/// What the decoder and the documentation need of a `@Setting` or a `@SettingGroup`, whatever the type of its value.
protocol ConfigurationField: Sendable {
  /// Takes the value of the same property of another instance, sharing no storage with it.
  func adoptValue(of other: any ConfigurationField)

  /// Takes the value from a tree. The box must belong to an instance nobody else can see.
  func fill(from tree: ConfigurationTree, key: String) throws(ConfigurationError)

  /// Checks the relations inside a group; `tree` holds what was written, for locations.
  func finish(from tree: ConfigurationTree?, key: String) throws(ConfigurationError)

  func resolved() -> ConfigurationTree

  func documentation(key: String, group: SettingDocumentation.Group) -> [SettingDocumentation]

  /// The settings of a group whose keys stand beside those around it; nil for everything else.
  var inlined: (any Configuration)? { get }
}

extension ConfigurationField {
  func finish(from tree: ConfigurationTree?, key: String) throws(ConfigurationError) {}

  var inlined: (any Configuration)? { nil }
}

extension Configuration {
  /// The settings and groups in the order of their declaration, each with its key; those of inline groups in their place.
  var fields: [(key: String, field: any ConfigurationField)] {
    declaredFields.flatMap { key, field in field.inlined?.fields ?? [(key, field)] }
  }

  /// The inline groups, in the order of their declaration.
  var inlineGroups: [any Configuration] { declaredFields.compactMap { $0.field.inlined } }

  private var declaredFields: [(key: String, field: any ConfigurationField)] {
    if let table = self as? SettingTable { return table.groups }
    return Mirror(reflecting: self).children.compactMap { label, value in
      // A wrapped property is stored under its name with an underscore in front.
      guard let label, label.hasPrefix("_"), let field = value as? any ConfigurationField else { return nil }
      return (snakeCase(label.dropFirst()), field)
    }
  }
}

/// `learningRate` as `learning_rate`, `useUCBBonus` as `use_ucb_bonus`; digits stay with the letters before them.
func snakeCase(_ name: some StringProtocol) -> String {
  let characters = Array(name)
  var text = ""
  for (index, character) in characters.enumerated() {
    if index > 0, character.isUppercase {
      let previous = characters[index - 1]
      let startsWord = index + 1 < characters.count && characters[index + 1].isLowercase
      if !previous.isUppercase || startsWord, previous != "_" { text += "_" }
    }
    text += character.lowercased()
  }
  return text
}
