import Archive
import Configuration
import Interfaces
import Kernels
import Networks

/// Settings of CrossQ; defaults are those of Bhatt et al. (2024) but for the critics' width, which is 2048 there.
public struct CrossQSettings: Configuration {
  public init() {}
  @Setting("Widths of the actor's hidden layers", in: 1...8192) public var hidden: [Int] = [256, 256]
  @Setting("Widths of the critics' hidden layers", in: 1...8192) public var criticHidden: [Int] = [256, 256]
  @Setting("Critics", in: 1...16) public var critics: Int = 2
  @Setting("Updates of the critics for each of the actor and of the temperature", in: 1...1000)
  public var policyInterval: Int = 3
  @Setting("Share of the running averages of normalizations that stays at each update", in: 0...0.99999)
  public var momentum: Float = 0.99
  @Setting("Updates before normalizations correct for the running averages", in: 0...1_000_000_000)
  public var renormalizationStart: Int = 100_000
  @Setting("Learning rate of the actor", in: 1e-7...1) public var actorLearningRate: Float = 1e-3
  @Setting("Learning rate of the critics", in: 1e-7...1) public var criticLearningRate: Float = 1e-3
  @Setting("Learning rate of the logarithm of the temperature; 0 keeps it fixed", in: 0...1)
  public var temperatureLearningRate: Float = 1e-3
  @Setting("Decay of the first moment in Adam for actor and critics", in: 0...0.9999) public var beta1: Float = 0.5
  @Setting("Entropy temperature at the start", in: 1e-6...1e3) public var initialTemperature: Float = 1
  @Setting(
    "Entropy the temperature is steered to, in nats; auto is minus the number of action components", in: -1e3...1e3)
  public var targetEntropy: Float? = nil
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @SettingGroup("Periodic resets") public var resets = NetworkResetSettings()
}

/// CrossQ (Bhatt et al. 2024, "CrossQ: Batch Normalization in Deep Reinforcement Learning for Greater Sample Efficiency and
/// Simplicity"): soft actor-critic without target networks, whose critics see (s, a) and (s', a') as one
/// batch-renormalized batch.
///
/// [Q_i(s, a); Q_i(s', a')] = one pass of critic i over both halves, a' drawn from the actor with its running averages.
/// Target: y = r + discount * continues * (min_i Q_i(s', a') - alpha log pi(a' | s')), a constant; loss 1/2 mean
/// (Q_i(s, a) - y)^2 for each critic, differentiated through the batch's statistics, those of the second half included.
/// Every `policyInterval`th update the actor, normalized by the batch, descends alpha log pi - min_i Q_i with the critics'
/// running averages, and the temperature follows as in soft actor-critic.
public struct CrossQ: OffPolicyLearner {
  public static let metricNames = ["critic_loss", "actor_loss", "temperature", "entropy", "q_value"]
  public static let title = "CrossQ"

  /// What was set.
  public let settings: CrossQSettings
  let actorNetwork: RenormalizedPerceptron
  let criticNetwork: RenormalizedPerceptron
  /// The critics with fixed statistics.
  let foldedCritics: CriticNetworks
  var actor: Vector
  var actorStatistics: Vector
  /// The actor as it acts: with its running averages in its weights.
  var foldedActor: Vector
  var critics: Vector
  var criticStatistics: Vector
  var actorOptimizer: Adam
  var criticOptimizer: Adam
  private var alpha: EntropyTemperature
  private var resets: NetworkResets
  private var scratch: CrossQScratch?
  private let acting: PerceptronWorkspace

  public init(_ settings: CrossQSettings, for spec: EnvironmentSpec, using random: RandomStream) {
    let (low, high) = spec.action.bounds
    self.init(settings, observationSize: spec.observationSize, low: low, high: high, using: random)
  }

  /// A fresh learner for observations of `observationSize` floats and actions between `low` and `high`.
  public init(
    _ settings: CrossQSettings, observationSize: Int, low: [Float], high: [Float], using random: RandomStream
  ) {
    self.settings = settings
    let scaling = ActionScaling(low: low, high: high)
    actorNetwork = RenormalizedPerceptron(
      inputs: observationSize, hidden: settings.hidden, outputs: 2 * scaling.size)
    criticNetwork = RenormalizedPerceptron(
      inputs: observationSize + scaling.size, hidden: settings.criticHidden, outputs: 1)
    foldedCritics = CriticNetworks(
      network: criticNetwork.folded, members: settings.critics, scaling: scaling, targets: settings.critics)
    actor = Vector(count: actorNetwork.layout.count)
    actorStatistics = actorNetwork.initialStatistics
    foldedActor = Vector(count: actorNetwork.folded.layout.count)
    critics = Vector(count: settings.critics * criticNetwork.layout.count)
    criticStatistics = Vector(count: settings.critics * criticNetwork.statisticsCount)
    actorOptimizer = Adam(count: actor.count, beta1: settings.beta1)
    criticOptimizer = Adam(count: critics.count, beta1: settings.beta1)
    alpha = EntropyTemperature(
      initial: settings.initialTemperature, target: settings.targetEntropy, actionSize: scaling.size,
      learningRate: settings.temperatureLearningRate)
    acting = PerceptronWorkspace(for: actorNetwork.folded, capacity: RowBlocks.size, keepsActivations: false)
    resets = NetworkResets(settings.resets, using: random)
    drawActor(using: random)
    drawCritics(using: random)
  }

  private mutating func drawActor(using random: RandomStream) {
    var stream = random.child("actor")
    actor = actorNetwork.initialParameters(last: 0.01, using: &stream)
    actorStatistics = actorNetwork.initialStatistics
    foldActor()
  }

  private mutating func drawCritics(using random: RandomStream) {
    for member in 0..<settings.critics {
      var stream = random.child("critics").child(member)
      let drawn = criticNetwork.initialParameters(last: 1, using: &stream)
      (critics.mutablePointer + member * drawn.count).update(from: drawn.pointer, count: drawn.count)
      let statistics = criticNetwork.initialStatistics
      (criticStatistics.mutablePointer + member * statistics.count)
        .update(from: statistics.pointer, count: statistics.count)
    }
  }

  /// Counts an update that begins, and where it is its turn first draws networks anew, with their running averages and the
  /// moments of their optimizers.
  private mutating func countUpdate() {
    guard let fresh = resets.countUpdate() else { return }
    if settings.resets.networks.includesActor {
      drawActor(using: fresh)
      actorOptimizer = Adam(count: actor.count, beta1: settings.beta1)
    }
    if settings.resets.networks.includesCritics {
      drawCritics(using: fresh)
      criticOptimizer = Adam(count: critics.count, beta1: settings.beta1)
    }
  }

  /// Entropy temperature alpha.
  public var temperature: Float { alpha.value }

  public var discount: Float { settings.discount }

  public var policy: ActorPolicy<SquashedGaussianActor> {
    ActorPolicy(
      head: SquashedGaussianActor(), network: actorNetwork.folded, parameters: foldedActor,
      scaling: foldedCritics.scaling)
  }

  /// min_i Q_i(s, a) of the mean action, with the running averages. Allocates the folded critics.
  public func predictedValue(of observation: UnsafePointer<Float>) -> Float? {
    let (count, workspace) = (
      foldedCritics.network.layout.count, CriticNetworks.Workspace(foldedCritics, gradients: false)
    )
    var (folded, action, value) = (
      Vector(count: foldedCritics.parameterCount), [Float](repeating: 0, count: foldedCritics.actionSize), Float(0)
    )
    for member in 0..<foldedCritics.members {
      criticNetwork.fold(
        critics.pointer + member * criticNetwork.layout.count,
        criticStatistics.pointer + member * criticNetwork.statisticsCount, into: folded.mutablePointer + member * count)
    }
    let output = actorNetwork.folded.forward(foldedActor.pointer, observation, rows: 1, acting)
    for c in action.indices { action[c] = Scalar.tanh(output[c]) }
    let x = foldedCritics.pair(observation, unitActions: action, rows: 1, workspace)
    foldedCritics.least(folded.pointer, x, rows: 1, into: &value, workspace)
    return value
  }

  /// Brings the acting parameters up to date.
  mutating func foldActor() {
    actorNetwork.fold(actor.pointer, actorStatistics.pointer, into: foldedActor.mutablePointer)
  }

  public mutating func act(
    on observations: UnsafePointer<Float>, of copies: Range<Int>, explore: Bool,
    using streams: UnsafeMutablePointer<RandomStream>, actions: UnsafeMutablePointer<Float>
  ) {
    let (network, size) = (actorNetwork.folded, foldedCritics.actionSize)
    let blocks = explore || network.hasIndependentRows ? RowBlocks.size : 1
    RowBlocks.forEach(of: copies.count, size: blocks) { first, rows in
      let outputs = network.forward(
        foldedActor.pointer, observations + first * network.inputs, rows: rows, acting)
      for row in 0..<rows {
        TanhGaussianHead.act(
          outputs + row * network.outputs, size: size, using: explore ? streams + first + row : nil,
          action: actions + (first + row) * size)
      }
    }
    foldedCritics.scaling.fromUnit(actions, rows: copies.count)
  }

  public mutating func update(
    on batch: TransitionBatch, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    precondition(
      batch.observations.columns == foldedCritics.observationSize
        && batch.actions.columns == foldedCritics.actionSize && batch.count > 0, "batch of another shape")
    countUpdate()
    let scratch = reserve(batch.count)
    scratch.drawNoise(batch.count * foldedCritics.actionSize, using: &random)
    try scratch.fitCritics(&self, batch, temperature: temperature).record(in: &metrics)
    guard criticOptimizer.steps % settings.policyInterval == 0 else { return }
    let losses = scratch.improveActor(&self, batch, temperature: temperature)
    foldActor()
    try losses.record(in: &metrics)
    alpha.follow(losses.entropy, metrics: &metrics)
  }

  /// Scratch of this value alone: a copy of the learner gets its own at its first update.
  private mutating func reserve(_ rows: Int) -> CrossQScratch {
    if isKnownUniquelyReferenced(&scratch), let kept = scratch, kept.fits(rows: rows) { return kept }
    let fresh = CrossQScratch(self, rows: rows)
    scratch = fresh
    return fresh
  }
}

extension CrossQ {
  /// Parameters of the actor, flat.
  package var actorParameters: Vector {
    get { actor }
    set {
      actor.copy(from: newValue)
      foldActor()
    }
  }

  /// Running averages of the actor's layers.
  package var actorAverages: Vector {
    get { actorStatistics }
    set {
      actorStatistics.copy(from: newValue)
      foldActor()
    }
  }

  /// Parameters of the critics, one critic's after another.
  package var criticParameters: Vector {
    get { critics }
    set { critics.copy(from: newValue) }
  }

  /// Running averages of the critics' layers.
  package var criticAverages: Vector {
    get { criticStatistics }
    set { criticStatistics.copy(from: newValue) }
  }

  /// Logarithm of the temperature, [1].
  package var logTemperature: Vector { alpha.logarithm }

  /// Steps of the critics' optimizer since they were drawn.
  package var criticSteps: Int { criticOptimizer.steps }
}

extension CrossQ: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("actor", &actor)
    try fields.field("actor_statistics", &actorStatistics)
    try fields.field("critics", &critics)
    try fields.field("critic_statistics", &criticStatistics)
    try fields.field("actor_optimizer", &actorOptimizer)
    try fields.field("critic_optimizer", &criticOptimizer)
    try fields.inline(&alpha)
    try fields.inline(&resets)
    if fields.isRestoring { foldActor() }
  }
}
