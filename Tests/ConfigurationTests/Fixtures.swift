import Configuration
import Testing

/// Settings of every supported type.
struct SampleSettings: Configuration, Equatable {
  enum Kind: String, CaseIterable, SettingValue { case crossEntropy = "cem", pathIntegral = "mppi", randomShooting }

  init() {}
  @Setting("Count", in: 1...1000) var count: Int = 15
  @Setting("Seed", in: 0...) var seed: Int = 0
  @Setting("Step size", in: 1e-8...1) var learningRate: Float = 3e-4
  @Setting("Scale", in: 0...) var scale: Double = 0.1
  @Setting("Whether to bootstrap") var usesBootstrap: Bool = true
  @Setting("Label, free | open") var label: String = ""
  @Setting("Layer widths", in: 1...4096) var hiddenSizes: [Int] = [200, 200]
  @Setting("Noise levels", in: 0...) var noises: [Double] = []
  @Setting("Names") var names: [String] = ["a", "b"]
  @Setting("Entropy target", in: -10...0) var entropyTarget: Float? = nil
  @Setting("Limit", in: 1...) var limit: Int? = 7
  @Setting("Note") var note: String? = nil
  @Setting("Method") var kind: Kind = .crossEntropy
  @Setting("Choice of methods") var kinds: [Kind] = [.pathIntegral]
  @Setting("Maybe a method") var maybeKind: Kind? = nil
}

struct PlannerSettings: Configuration, Equatable {
  init() {}
  @Setting("Planning horizon, in decisions", in: 1...1000) var horizon: Int = 15
  @Setting("Candidate plans", in: 1...100_000) var population: Int = 400
  @Setting("Plans kept", in: 1...) var elites: Int = 40

  func validate() throws(ConfigurationError) {
    if elites > population { throw ConfigurationError("elites", "must not exceed population (\(population))") }
  }

  static let narrow: PlannerSettings = {
    var settings = PlannerSettings()
    settings.population = 50
    return settings
  }()
}

struct ModelSettings: Configuration, Equatable {
  init() {}
  @Setting("Layer widths", in: 1...4096) var hidden: [Int] = [200, 200]
  @SettingGroup("Planner used while fitting") var planner = PlannerSettings.narrow
}

struct AgentSettings: Configuration, Equatable {
  init() {}
  @Setting("Random steps first", in: 0...) var warmUp: Int = 200
  @SettingGroup("Planner") var planner = PlannerSettings()
  @SettingGroup("Dynamics model") var model = ModelSettings()

  func validate() throws(ConfigurationError) {
    if warmUp < planner.horizon { throw ConfigurationError("planner.horizon", "must not exceed warm_up (\(warmUp))") }
  }
}

/// The tree of a YAML text in a file called `study.yaml`.
func tree(_ yaml: String) throws(ConfigurationError) -> ConfigurationTree { try .parse(yaml: yaml, file: "study.yaml") }

/// The sentence of the error an expression throws; records an issue when it throws none.
func message(
  sourceLocation: Testing.SourceLocation = #_sourceLocation, _ body: () throws(ConfigurationError) -> some Any
) -> String {
  do {
    _ = try body()
    Issue.record("no error was thrown", sourceLocation: sourceLocation)
    return ""
  } catch {
    return error.description
  }
}
