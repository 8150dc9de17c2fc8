import ArgumentParser
import Catalog
import Configuration
import Laboratory

/// `foresight describe`.
struct DescribeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "describe",
    abstract: "Show every setting of an agent, environment, planner or model, or of every run ('run').",
    discussion: """
      Each setting comes with its type, default, range and meaning.

      Example:
        foresight describe random
        foresight describe run
      """)

  @Argument(help: "A name that 'foresight list' shows, or 'run' for the settings that all runs have.")
  var name: String
  @Flag(help: "As a Markdown table.")
  var markdown = false

  func run() throws {
    try reportingErrors {
      let registry = Catalog.registry
      var subjects: [(name: String, summary: String, documentation: [SettingDocumentation], presets: [AgentPreset])] =
        []
      subjects += registry.agents.map { ($0.name, $0.summary, $0.documentation, $0.presets) }
      subjects += registry.environments.map { ($0.name, $0.summary, $0.documentation, []) }
      subjects += registry.components.map { ($0.name, $0.summary, $0.documentation, []) }
      subjects.append(("run", "settings that all runs have", RunSettings.documentation(), []))
      if let family = registry.families.first(where: { name.hasPrefix($0.prefix) }) {
        let entry = try family.environment(name)
        if name != family.pattern && !family.needsSettings {  // the pattern itself stands for what all of them have
          _ = try entry.make()
          print(EnvironmentTable([entry]).text)
        }
        subjects.append((name, entry.summary, entry.documentation, []))
      }
      let found = subjects.filter { $0.name == name }
      guard !found.isEmpty else {
        throw ConfigurationError.unknownName(
          "name", name, known: subjects.map(\.name) + registry.families.map(\.pattern))
      }
      for subject in found {
        print("\(subject.name): \(subject.summary)")
        let text = markdown ? subject.documentation.markdownTable() : subject.documentation.alignedText()
        print(subject.documentation.isEmpty ? "It has no settings." : text)
        for preset in subject.presets {
          print("Defaults in \(preset.environments.joined(separator: ", ")): \(preset.settings.joined(separator: " "))")
        }
      }
    }
  }
}
