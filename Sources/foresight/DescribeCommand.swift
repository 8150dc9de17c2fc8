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
      Each setting comes with its type, default, range and meaning. Where several things have the name, as `ilqr` is an \
      agent and a planner, all are shown.

      Example:
        foresight describe random
        foresight describe run
        foresight describe pets --json
      """)

  @Argument(help: "A name that 'foresight list' shows, or 'run' for the settings that all runs have.")
  var name: String
  @Flag(help: "As a Markdown table.")
  var markdown = false
  @Flag(help: "As JSON: a list of objects with name, summary, settings and presets.")
  var json = false

  /// What has settings.
  private typealias Subject = (
    name: String, summary: String, documentation: [SettingDocumentation], presets: [AgentPreset]
  )

  func run() throws {
    try reportingErrors {
      let registry = Catalog.registry
      var subjects: [Subject] = []
      subjects += registry.agents.map { ($0.name, $0.summary, $0.documentation, $0.presets) }
      subjects += registry.environments.map { ($0.name, $0.summary, $0.documentation, []) }
      subjects += registry.components.map { ($0.name, $0.summary, $0.documentation, []) }
      subjects.append(("run", "settings that all runs have", RunSettings.documentation(), []))
      if let family = registry.families.first(where: { name.hasPrefix($0.prefix) }) {
        let entry = try family.environment(name)
        if name != family.pattern && !family.needsSettings {  // the pattern itself stands for what all of them have
          _ = try entry.make()
          if !json { print(EnvironmentTable([entry]).text) }
        }
        subjects.append((name, entry.summary, entry.documentation, []))
      }
      let found = subjects.filter { $0.name == name }
      guard !found.isEmpty else {
        throw ConfigurationError.unknownName(
          "name", name, known: subjects.map(\.name) + registry.families.map(\.pattern))
      }
      if json { return print(ConfigurationTree.list(found.map { Self.tree(of: $0) }).json()) }
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

  private static func tree(of subject: Subject) -> ConfigurationTree {
    let settings = subject.documentation.map { setting in
      ConfigurationTree.mapping([
        ("key", .string(setting.key)), ("type", .string(setting.typeName)), ("default", .string(setting.defaultText)),
        ("range", .string(setting.rangeText)), ("meaning", .string(setting.help)),
        ("group", .string(setting.group.key)), ("group_meaning", .string(setting.group.help)),
      ])
    }
    let presets = subject.presets.map { preset in
      ConfigurationTree.mapping([
        ("environments", .list(preset.environments.map { .string($0) })),
        ("settings", .list(preset.settings.map { .string($0) })),
      ])
    }
    return .mapping([
      ("name", .string(subject.name)), ("summary", .string(subject.summary)), ("settings", .list(settings)),
      ("presets", .list(presets)),
    ])
  }
}
