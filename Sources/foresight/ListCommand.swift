import ArgumentParser
import Catalog
import Configuration
import Laboratory

/// `foresight list`.
struct ListCommand: ParsableCommand {
  /// What can be listed.
  enum Subject: String, CaseIterable, ExpressibleByArgument {
    case agents
    case environments
    case planners
    case models
  }

  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List agents, environments, planners or models with one-line summaries.",
    discussion: """
      Environments are shown with their spaces, step limit, reward of a step, and whether the reward and termination \
      functions are known ('endings': only terminations; rewards must be learned).

      Example:
        foresight list environments --json
      """)

  @Argument(help: "agents, environments, planners or models.")
  var subject: Subject
  @Flag(help: "As JSON: a list of objects with name and summary.")
  var json = false

  func run() {
    if subject == .environments {
      let table = EnvironmentTable(Catalog.registry.environments, families: Catalog.registry.families)
      print(json ? table.json.json() : table.text)
      return
    }
    let items = Self.items(subject)
    if json {
      let tree = ConfigurationTree.list(
        items.map { .mapping([("name", .string($0.name)), ("summary", .string($0.summary))]) })
      print(tree.json())
      return
    }
    let width = items.map(\.name.count).max() ?? 0
    for item in items { print("\(ProgressText.padded(item.name, width))  \(item.summary)") }
  }

  private static func items(_ subject: Subject) -> [(name: String, summary: String)] {
    let registry = Catalog.registry
    switch subject {
    case .agents: return registry.agents.map { ($0.name, $0.summary) }
    case .environments: return registry.environments.map { ($0.name, $0.summary) }
    case .planners: return registry.components.filter { $0.kind == .planner }.map { ($0.name, $0.summary) }
    case .models: return registry.components.filter { $0.kind == .model }.map { ($0.name, $0.summary) }
    }
  }
}
