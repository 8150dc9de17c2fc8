import Configuration
import Learners

/// Settings of `behaviour-cloning`.
struct BehaviourCloningSettings: Configuration {
  init() {}
  @SettingGroup("Decisions") var agent = DecisionSettings()
  @SettingGroup("Expert") var expert = ExpertSettings()
  @SettingGroup("Behaviour cloning") var learner = PolicyCloningSettings()
}

/// Where decisions come from, and when they are learned.
struct DecisionSettings: Configuration {
  init() {}
  @Setting("File of an expert's decisions to learn from, safetensors, .npz or .csv; auto to ask the expert")
  var dataset: String? = nil
  @Setting("Environment steps between fits; rounds where decisions come from a file", in: 1...10_000_000) var steps:
    Int = 1000
}
