import Agents
import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners
import Models
import Planners

/// Planners to choose from.
enum PlannerChoice: String, CaseIterable, SettingValue {
  case crossEntropy = "cem"
  case improvedCrossEntropy = "icem"
  case pathIntegral = "mppi"
  case shooting
  case gradient
  case trajectoryOptimization = "ilqr"
}

/// Models to choose from.
enum DynamicsChoice: String, CaseIterable, SettingValue {
  case ensemble
  case linear
}

/// What can be set of the general planning agent.
struct ModelPredictiveControlSettings: Configuration {
  init() {}
  @Setting(
    "Planner: cem, icem, mppi, shooting, gradient or ilqr; for discrete actions cem or shooting; auto is icem, for these cem"
  )
  var search: PlannerChoice? = nil
  @Setting("Model: ensemble or linear") var dynamics: DynamicsChoice = .ensemble
  @Setting("Have a policy that imitates the plans propose where cem and icem start")
  var policyPrior: Bool = false
  @SettingGroup("Schedule, imagination and execution") var agent = PlanningSettings()
  @SettingGroup("Cross-entropy method") var cem = CrossEntropy.Settings()
  @SettingGroup("iCEM") var icem = ImprovedCrossEntropy.Settings()
  @SettingGroup("Model predictive path integral") var mppi = PathIntegral.Settings()
  @SettingGroup("Random shooting") var shooting = RandomShooting.Settings()
  @SettingGroup("Gradient ascent through the ensemble") var gradient = GradientAscent.Settings()
  @SettingGroup("iLQR in the ensemble's expectation") var ilqr = TrajectoryOptimization.Settings()
  @SettingGroup("Cross-entropy method for discrete actions") var categorical =
    CategoricalCrossEntropy.Settings()
  @SettingGroup("Shooting with discrete actions") var discreteShooting = DiscreteShooting.Settings()
  @SettingGroup("Imitating policy") var prior = ClonedPolicySettings()
  @SettingGroup("Ensemble") var model = EnsembleSettings()
  @SettingGroup("Linear model") var linear = LinearDynamicsSettings()

  /// Decides what is left open.
  mutating func settle(for environment: EnvironmentInstance) throws(ConfigurationError) {
    func refuse(_ key: String, _ value: String, _ problem: String) -> ConfigurationError {
      ConfigurationError(kind: .relation, key: key, value: value, problem: problem)
    }
    let isContinuous = if case .box = environment.spec.action { true } else { false }
    let search = search ?? (isContinuous ? .improvedCrossEntropy : .crossEntropy)
    if !isContinuous && search != .crossEntropy && search != .shooting {
      throw refuse(
        "search", search.rawValue,
        "must be cem or shooting in \(environment.name), whose actions are discrete")
    }
    let isDifferentiating = search == .gradient || search == .trajectoryOptimization
    if isDifferentiating && dynamics == .linear {
      throw refuse("search", search.rawValue, "needs dynamics=ensemble, which can be differentiated")
    }
    if policyPrior && (!isContinuous || search != .crossEntropy && search != .improvedCrossEntropy) {
      throw refuse("policy_prior", "true", "needs continuous actions and search=cem or icem")
    }
    self.search = search
    if dynamics == .ensemble {
      try model.settle(for: environment, path: "model", differentiating: isDifferentiating)
    } else if environment.objective?.knowsReward != true {
      throw refuse(
        "dynamics", "linear",
        "predicts states alone, but \(environment.name) has no known objective: use ensemble")
    }
    try agent.checkReplanning(horizon: horizon(isContinuous: isContinuous))
  }

  private func horizon(isContinuous: Bool) -> Int {
    switch search {
    case .crossEntropy: isContinuous ? cem.horizon : categorical.horizon
    case .shooting: isContinuous ? shooting.horizon : discreteShooting.horizon
    case .pathIntegral: mppi.horizon
    case .gradient: gradient.horizon
    case .trajectoryOptimization: ilqr.horizon
    case .improvedCrossEntropy, nil: icem.horizon
    }
  }
}

extension AgentEntry {
  /// The general planning agent: model-based reinforcement learning 0.5, 1.0 and 1.5 with any planner and model.
  static let modelPredictiveControl = AgentEntry(
    "mpc", summary: "plans in a learned model: any planner and model, open or closed loop, discrete actions too",
    secondsPerStep: 0.2, settings: ModelPredictiveControlSettings.self,
    settle: { settings, environment throws(ConfigurationError) in try settings.settle(for: environment) },
    make: { settings, environment, random throws(ConfigurationError) in
      let (spec, base) = (environment.spec, try settings.agent.base(in: environment))
      switch settings.dynamics {
      case .ensemble:
        let model = ProbabilisticEnsemble(
          settings.model, stateSize: spec.observationSize, actions: spec.action, using: random.child("model"))
        return planning(settings, environment, random, base, in: model)
      case .linear:
        let model = LinearDynamics(settings.linear, stateSize: spec.observationSize, actions: spec.action)
        return planning(settings, environment, random, base, in: model)
      }
    })

  private static func planning(
    _ settings: ModelPredictiveControlSettings, _ environment: EnvironmentInstance, _ random: RandomStream,
    _ base: (any Agent)?, in model: some TrainableDynamics
  ) -> any Agent {
    let spec = environment.spec
    func agent(_ planner: some Planner, _ horizon: Int, prior: (any PlanPrior)? = nil) -> any Agent {
      PlanningAgent(
        settings.agent, model: model, planner: planner, horizon: horizon,
        objective: environment.objective ?? UnknownObjective(), prior: prior, base: base, spec: spec,
        using: random.child("agent"))
    }
    func discrete(_ choices: [Int]) -> any Agent {
      settings.search == .shooting
        ? agent(
          DiscreteShooting(settings.discreteShooting, choices: choices),
          settings.discreteShooting.horizon)
        : agent(
          CategoricalCrossEntropy(settings.categorical, choices: choices),
          settings.categorical.horizon)
    }
    switch spec.action {
    case .discrete(let count): return discrete([count])
    case .multiDiscrete(let counts): return discrete(counts)
    case .box(let low, let high):
      let prior: (any PlanPrior)? =
        settings.policyPrior
        ? ClonedPolicy(
          settings.prior, observationSize: spec.observationSize, low: low, high: high,
          using: random.child("prior"))
        : nil
      switch settings.search {
      case .crossEntropy:
        return agent(
          CrossEntropy(settings.cem, low: low, high: high), settings.cem.horizon, prior: prior)
      case .pathIntegral:
        return agent(PathIntegral(settings.mppi, low: low, high: high), settings.mppi.horizon)
      case .gradient:
        return agent(GradientAscent(settings.gradient, low: low, high: high), settings.gradient.horizon)
      case .trajectoryOptimization:
        return agent(TrajectoryOptimization(settings.ilqr, low: low, high: high), settings.ilqr.horizon)
      case .shooting:
        return agent(
          RandomShooting(settings.shooting, low: low, high: high), settings.shooting.horizon)
      case .improvedCrossEntropy, nil:
        return agent(
          ImprovedCrossEntropy(settings.icem, low: low, high: high), settings.icem.horizon,
          prior: prior)
      }
    }
  }
}
