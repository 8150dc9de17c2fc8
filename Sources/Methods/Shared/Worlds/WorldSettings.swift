import Configuration
import Interfaces
import Kernels
import Laboratory
import Models

/// Worlds to imagine in.
enum WorldChoice: String, CaseIterable, SettingValue {
  /// The probabilistic ensemble.
  case ensemble
  /// The ensemble with networks that predict means alone.
  case deterministic
  /// Linear dynamics, by least squares.
  case linear
  /// Linear dynamics for each time of an episode.
  case timeVaryingLinear = "time-varying-linear"
  /// A Gaussian process for each component of the state.
  case gaussianProcess = "gp"
  /// The environment itself.
  case oracle
}

/// What an agent asks of a world beside its predictions.
enum WorldNeed {
  /// Predictions suffice.
  case predictions
  /// Gradients, of this kind, of steps and rewards.
  case gradients(GradientSupport)
  /// Its linearization: known dynamics with derivatives, or gradients.
  case linearization
}

/// Settings of the world that an agent imagines in, whose keys stand beside the agent's own. Any agent with a model takes
/// any world that has what it needs; what does not fit is refused by `resolve`.
struct WorldSettings: Configuration {
  init() {}

  /// Defaults that differ from the others'.
  init(
    _ world: WorldChoice = .ensemble, model: EnsembleSettings = EnsembleSettings(),
    gaussianProcess: GaussianProcessSettings = GaussianProcessSettings()
  ) {
    self.world = world
    self.model = model
    gp = gaussianProcess
  }

  @Setting(
    "World to imagine in: a learned ensemble (of Gaussian or deterministic networks), learned linear dynamics (one for all "
      + "times or one for each), Gaussian processes (gp), or the oracle, the environment itself as if the model were perfect"
  )
  var world: WorldChoice = .ensemble
  @SettingGroup("Dynamics model: ensemble") var model = EnsembleSettings()
  @SettingGroup("Dynamics model: linear") var linear = LinearDynamicsSettings()
  @SettingGroup("Dynamics model: time-varying linear") var timeVaryingLinear = TimeVaryingLinearSettings()
  @SettingGroup("Dynamics model: Gaussian processes") var gp = GaussianProcessSettings()

  /// Decides what is left open by what `environment` tells, and refuses, by name, what cannot work together.
  mutating func resolve(
    for environment: EnvironmentInstance, needing need: WorldNeed = .predictions
  ) throws(ConfigurationError) {
    let world = self.world
    func refuse(_ problem: String) -> ConfigurationError {
      ConfigurationError(kind: .relation, key: "world", value: world.rawValue, problem: problem)
    }
    let isContinuous = if case .box = environment.spec.action { true } else { false }
    let knowsReward = environment.objective?.knowsReward == true
    let support: GradientSupport? =
      switch need {
      case .predictions: nil
      case .gradients(let support): support
      case .linearization: .pathwise
      }
    switch world {
    case .ensemble, .deterministic:
      if world == .deterministic { model.deterministic = true }
      try model.resolve(for: environment, path: "model", differentiating: support != nil)
      if support == .pathwiseAndScores && (model.deterministic || model.propagation == .mean) {
        throw refuse("predicts means alone, which have no density to take scores of: use another estimator or world")
      }
    case .linear, .timeVaryingLinear, .gaussianProcess:
      if !knowsReward {
        throw refuse(
          "predicts states alone, but the rewards of \(environment.name) are not known from observations: use ensemble")
      }
      if environment.objective?.knowsTermination != true {
        throw refuse(
          "predicts states alone, but the terminations of \(environment.name) are not known from observations: use ensemble"
        )
      }
      if support != nil && !(environment.objective is any DifferentiableObjective) {
        throw refuse("needs rewards with derivatives here, and those of \(environment.name) have none: use ensemble")
      }
      if support == .pathwiseAndScores && !(world == .gaussianProcess && gp.samples) {
        throw refuse("has no scores, which the estimator needs: use ensemble, or gp with gp.samples=true")
      }
      if !isContinuous && (world == .timeVaryingLinear || support != nil) {
        throw refuse(
          world == .gaussianProcess
            ? "has no gradients by the actions of \(environment.name), which are choices: use ensemble"
            : "cannot be linear in the actions of \(environment.name), which are choices: use ensemble")
      }
      if world == .timeVaryingLinear, case .linearization = need {
        throw refuse("depends on time, which this planner does not know: use linear")
      }
    case .oracle:
      guard let imaginable = environment.environment as? any ImaginableEnvironment else {
        throw refuse(
          "needs a task that can be imagined in, such as Pendulum-v1 or Hopper-v5, without wrappers; \(environment.name) "
            + "cannot")
      }
      let truth = imaginable.trueWorld
      if case .linearization = need, truth.knownDynamics != nil { return }
      if let support, truth.gradients < support {
        throw refuse(
          support == .pathwiseAndScores
            ? "draws no next states, so that they have no scores: use another estimator or ensemble"
            : "has no gradients in \(environment.name): use another method or world")
      }
    }
  }

  /// The world, after `resolve`.
  func make(for environment: EnvironmentInstance, using random: RandomStream) -> any LearnedWorld {
    let spec = environment.spec
    func scored(_ dynamics: some LearnedDynamics) -> any LearnedWorld {
      KnownRewards(dynamics, environment.objective ?? UnknownObjective())
    }
    switch world {
    case .ensemble, .deterministic:
      return scored(
        ProbabilisticEnsemble(
          model, stateSize: spec.observationSize, actions: spec.action, using: random.child("model")))
    case .linear:
      return scored(LinearDynamics(linear, stateSize: spec.observationSize, actions: spec.action))
    case .timeVaryingLinear:
      return scored(
        TimeVaryingLinearModel(timeVaryingLinear, stateSize: spec.observationSize, actionSize: spec.action.size))
    case .gaussianProcess:
      return scored(GaussianProcessModel(gp, stateSize: spec.observationSize, actions: spec.action))
    case .oracle:
      guard let imaginable = environment.environment as? any ImaginableEnvironment else {
        preconditionFailure("a world that was not resolved")
      }
      return imaginable.trueWorld
    }
  }
}
