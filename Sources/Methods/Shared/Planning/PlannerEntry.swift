public import Configuration
public import Interfaces
import Planners

/// A planner, its type hidden.
public struct PlannerEntry: Sendable {
  /// Name in lists.
  public let name: String
  /// One line for lists.
  public let summary: String
  /// What `mpc` calls the search.
  let search: String
  let need: PlannerNeed
  let takesSuggestions: Bool
  /// Its settings by default.
  public let settings: any Configuration
  let plans: @Sendable (ActionSpace) -> Bool
  /// Makes it from the settings under its key in a table.
  let make: @Sendable (SettingTable, ActionSpace) -> any Planner

  /// The planner of that type.
  public init<Search: Planner>(_: Search.Type) {
    (name, summary, search) = (Search.name, Search.summary, Search.search)
    (need, takesSuggestions) = (Search.need, Search.takesSuggestions)
    settings = Search.defaults
    plans = { Search.plans($0) }
    let key = Self.key(Search.name)
    make = { table, space in Search(table.settings(key), for: space) }
  }

  /// Key of its settings in `mpc`.
  var key: String { Self.key(name) }

  private static func key(_ name: String) -> String { String(name.map { $0 == "-" ? "_" : $0 }) }
}

extension WorldNeed {
  /// What a planner asks of worlds.
  init(_ need: PlannerNeed) {
    switch need {
    case .returns: self = .predictions
    case .gradients: self = .gradients(.pathwise)
    case .dynamics: self = .linearization
    }
  }
}
