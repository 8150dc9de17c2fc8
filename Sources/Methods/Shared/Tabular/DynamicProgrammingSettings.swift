import Configuration
import Models

/// Processes to plan in.
enum PlannedProcess: String, CaseIterable, SettingValue {
  /// The environment's own.
  case oracle
  /// Frequencies of what has been seen.
  case learned
}

/// Settings of planning in a finite process.
struct DynamicProgrammingSettings: Configuration {
  init() {}
  @Setting("Process to plan in: the oracle, the environment's own, or one learned from counts") var world:
    PlannedProcess = .oracle
  @Setting("Discount of a step", in: 0...1) var discount: Double = 0.99
  @Setting("Change of a value below which planning stops", in: 0...1) var tolerance: Double = 1e-12
  @Setting("Steps between plans in a learned process", in: 1...1_000_000) var planInterval: Int = 100
  @Setting("Probability of a random action when exploring, to learn a process", in: 0...1) var epsilon: Double = 0.1
}
