import Configuration
import Networks

/// How an ensemble's disagreement and noise enter imagined trajectories (Chua et al. 2018, section 5.1).
public enum Propagation: String, CaseIterable, SettingValue {
  /// Every row draws a member anew at every step.
  case ts1
  /// Every particle keeps one member for the whole trajectory.
  case tsInfinity = "ts_infinity"
  /// Distribution sampling: every row draws from one Gaussian with the mean and the variance of the members' mixture.
  case distribution
  /// The average of the members' means, without noise.
  case mean

  /// Whether every row goes through every member.
  var usesAllMembers: Bool { self == .mean || self == .distribution }
}

/// What early stopping and the choice of elites go by.
public enum FitScore: String, CaseIterable, SettingValue {
  /// Squared error of the means.
  case error
  /// Negative log-likelihood.
  case likelihood
}

/// Settings of a probabilistic ensemble. The networks are those of PETS on cart-pole in width, but fits go on for up to 50
/// passes with early stopping and weight decays are others: `originalCartPole` has the authors' own.
public struct EnsembleSettings: Configuration {
  public init() {}

  /// What the authors' code of PETS sets for cart-pole (Chua et al. 2018): 3 hidden layers of 500 units, decays 1e-4, 2.5e-4,
  /// 2.5e-4 and 5e-4, 5 passes over all data in each fit, none held out.
  public static var originalCartPole: EnsembleSettings {
    var settings = EnsembleSettings()
    settings.hidden = [500, 500, 500]
    settings.weightDecay = [1e-4, 2.5e-4, 2.5e-4, 5e-4]
    (settings.epochs, settings.holdout) = (5, 0)
    return settings
  }

  @Setting("Networks in the ensemble", in: 1...100) public var members: Int = 5
  @Setting("Members with the lowest holdout error that predictions use; auto is all", in: 1...100)
  public var elites: Int? = nil
  @Setting("Widths of the hidden layers", in: 1...8192) public var hidden: [Int] = [200, 200, 200]
  @Setting("Nonlinearity of the hidden layers") public var activation: Activation = .silu
  @Setting(
    "Numbers that products of layers of 64 and more are made of; bfloat16 is several times as fast on processors with AMX"
  )
  public var precision: ProductPrecision = .single
  @Setting("Learning rate of Adam", in: 1e-7...1) public var learningRate: Float = 1e-3
  @Setting("Quadratic weight penalty of each layer; one number serves all", in: 0...1)
  public var weightDecay: [Float] = [2.5e-5, 5e-5, 7.5e-5, 1e-4]
  @Setting("Transitions in a minibatch of each member", in: 1...65536) public var batchSize: Int = 32
  @Setting("Most passes over the data in a fit", in: 1...10000) public var epochs: Int = 50
  @Setting("Passes without improvement of any member after which a fit stops", in: 1...10000) public var patience: Int =
    5
  @Setting("Improvement of a member's score that counts: relative of the error, absolute of the likelihood", in: 0...1)
  public var improvement: Float = 0.01
  @Setting("Share of the data held out for early stopping and elites; 0 trains on all", in: 0...0.9)
  public var holdout: Float = 0.1
  @Setting("Most transitions held out", in: 1...1_000_000) public var holdoutLimit: Int = 5000
  @Setting("Weight of the log-variance bounds' spread in the loss", in: 0...1) public var boundPenalty: Float = 0.01
  @Setting("Predict means alone, fitted to squared errors, instead of Gaussians") public var deterministic: Bool = false
  @Setting(
    "Steps that predictions in training go on from their own means, k; what they are held to is the mean over them",
    in: 1...1000)
  public var predictionSteps: Int = 1
  @Setting("What early stopping and elites go by: error (of the means) or likelihood, which fits the noise closer")
  public var score: FitScore = .error
  @Setting("How predictions spread: ts1, ts_infinity, distribution or mean") public var propagation: Propagation = .ts1
  @Setting(
    "Whether rewards are predicted, instead of computed by the task's objective; auto is where it does not know them")
  public var learnsReward: Bool? = nil
  @Setting("Widths of the hidden layers of the networks that predict terminations", in: 1...8192)
  public var terminationHidden: [Int] = [64, 64]
  @Setting(
    "Whether terminations are predicted; auto is where the task's objective does not tell them, and false says that such a task "
      + "never terminates")
  public var learnsTermination: Bool? = nil
  @Setting(
    "Permute the weights of each layer before imagining: a control experiment, in which the model knows nothing that it learned"
  )
  public var shuffled: Bool = false

  public func validate() throws(ConfigurationError) {
    if let elites, elites > members { throw ConfigurationError("elites", "must not exceed members (\(members))") }
    if weightDecay.count != 1 && weightDecay.count != hidden.count + 1 {
      throw ConfigurationError("weight_decay", "needs one number, or one for each of the \(hidden.count + 1) layers")
    }
  }
}
