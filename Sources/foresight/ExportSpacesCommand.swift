import ArgumentParser
import Catalog
import Configuration
import Interfaces
import Laboratory

/// `foresight export spaces`: what Plots/export.py asks.
struct ExportSpacesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "spaces", abstract: "Observations and actions of a run's environment, as JSON.", shouldDisplay: false)

  @Argument(help: "The run's folder.")
  var folder: String

  func run() throws {
    try reportingErrors {
      let manifest = try Manifest(contentsOf: RunFolder(folder).manifest)
      let entry = try Catalog.registry.environment(manifest.environment)
      let settings = manifest.settings["environment"] ?? ConfigurationTree()
      let (seen, own) = try (entry.make(settings).spec, entry.make(settings.filter { $0 != "wrappers" }).spec)
      var fields: [(String, ConfigurationTree)] = [("observation_size", .integer(seen.observationSize))]
      if let image = seen.imageShape {
        fields.append(("image", .list([image.height, image.width, image.channels].map { .integer($0) })))
        fields.append(("maximum", .number(Double(image.maximum))))
      }
      fields += [("action", Self.tree(seen.action)), ("own_action", Self.tree(own.action))]
      print(ConfigurationTree.mapping(fields).json())
    }
  }

  private static func tree(_ action: ActionSpace) -> ConfigurationTree {
    // JSON has no infinity: such a bound is null
    func bounds(_ values: [Float]) -> ConfigurationTree {
      .list(values.map { $0.isFinite ? .number(Double($0)) : .null })
    }
    switch action {
    case .discrete(let count): return .mapping([("counts", .list([.integer(count)]))])
    case .multiDiscrete(let counts): return .mapping([("counts", .list(counts.map { .integer($0) }))])
    case .box(let low, let high): return .mapping([("low", bounds(low)), ("high", bounds(high))])
    }
  }
}
