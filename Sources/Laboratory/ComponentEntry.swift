public import Configuration

/// A part of agents that the catalog lists and documents but does not run by itself: a planner or a dynamics model.
public struct ComponentEntry: Sendable {
  /// What the part is.
  public enum Kind: String, Sendable, CaseIterable {
    /// Searches for actions in a model.
    case planner
    /// Predicts how states follow from states and actions.
    case model
  }

  /// What the part is.
  public let kind: Kind
  /// Its name, as settings refer to it.
  public let name: String
  /// One line for lists.
  public let summary: String
  /// Its settings, relative to the group that holds them in an agent.
  public let documentation: [SettingDocumentation]

  /// A part whose settings are `settings` by default.
  public init(_ kind: Kind, _ name: String, summary: String, settings: any Configuration) {
    self.kind = kind
    self.name = name
    self.summary = summary
    documentation = settings.documentation()
  }
}
