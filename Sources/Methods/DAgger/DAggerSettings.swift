import Configuration
import Learners

/// Settings of `dagger`.
struct DAggerSettings: Configuration {
  init() {}
  @SettingGroup("Dataset aggregation") var agent = AggregationSettings()
  @SettingGroup("Expert") var expert = ExpertSettings()
  @SettingGroup("Behaviour cloning") var learner = PolicyCloningSettings()
}

/// Who acts while an expert is asked.
struct AggregationSettings: Configuration {
  init() {}
  @Setting("Environment steps between fits", in: 1...10_000_000) var steps: Int = 1000
  @Setting(
    "What the probability that the expert acts is multiplied by with each fit; it is 1 before the first", in: 0...1)
  var expertDecay: Float = 0
}
