import Archive
import Interfaces
import Kernels
import Networks

/// The value of the critics that an actor ascends.
enum CriticAscent {
  /// The least of that many critics, from the first on.
  case leastOf(Int)
  /// The average of all.
  case mean
}

/// A pass of an update through the critics, each with dropout of its own.
enum CriticPass: Int {
  case targets, fit, ascent
}

/// What actor-critic methods share: an actor, critics with their targets, optimizers, and the two halves of an update.
package struct ActorCriticCore<Head: ActorHead> {
  /// Architecture of the networks.
  struct Shape {
    var observationSize: Int
    var low: [Float]
    var high: [Float]
    var hidden: [Int]
    var activation: Activation
    var layerNormalization: Bool
    var dropout: Float = 0
    var precision = ProductPrecision.single
    var critics: Int
    /// Critics, drawn for each update, whose least value is the target; all of them unless given.
    var targetCritics: Int? = nil
    var ascent: CriticAscent
    /// Whether targets come from a slowly moving copy of the actor.
    var targetsActor: Bool
    /// Conservative Q-learning's penalty; nil without.
    var penalty: ConservativePenalty.Settings? = nil
    var resets = NetworkResetSettings()
  }

  /// How far things move.
  struct Rates {
    var actorLearningRate: Float
    var criticLearningRate: Float
    var discount: Float
    var tau: Float
  }

  let head: Head
  let rates: Rates
  /// Observation in, the head's outputs out.
  let actorNetwork: Perceptron
  let critics: CriticNetworks
  let ascent: CriticAscent
  let penalty: ConservativePenalty.Settings?
  /// Parameters of the actor, flat.
  package var actor: Vector
  /// Those of its target, if it has one.
  package var actorTarget: Vector?
  /// Parameters of the critics, [critics, parameters of one].
  package var criticParameters: Vector
  /// Those of their targets.
  package var criticTargets: Vector
  var actorOptimizer: Adam
  package internal(set) var criticOptimizer: Adam
  /// Source of what the critics' dropout leaves out, by the number of the update; nil without.
  private(set) var dropout: RandomStream?
  private var resets: NetworkResets
  private var scratch: ActorCriticScratch<Head>?
  private let acting: PerceptronWorkspace
  private let judging: CriticNetworks.Workspace

  init(_ head: Head, _ shape: Shape, _ rates: Rates, using random: RandomStream) {
    self.head = head
    self.rates = rates
    let scaling = ActionScaling(low: shape.low, high: shape.high)
    actorNetwork = Perceptron(
      inputs: shape.observationSize, hidden: shape.hidden, outputs: Head.outputsPerComponent * scaling.size,
      activation: shape.activation, precision: shape.precision)
    actor = Self.freshActor(actorNetwork, using: random)
    actorTarget = shape.targetsActor ? actor : nil
    let critic = Perceptron(
      inputs: shape.observationSize + scaling.size, hidden: shape.hidden, outputs: 1, activation: shape.activation,
      layerNormalization: shape.layerNormalization, dropout: shape.dropout, precision: shape.precision)
    critics = CriticNetworks(
      network: critic, members: shape.critics, scaling: scaling, targets: shape.targetCritics ?? shape.critics)
    ascent = shape.ascent
    penalty = shape.penalty
    dropout = shape.dropout > 0 ? random.child("dropout") : nil
    criticParameters = Self.freshCritics(critics, using: random)
    resets = NetworkResets(shape.resets, using: random)
    criticTargets = criticParameters
    actorOptimizer = Adam(count: actor.count)
    criticOptimizer = Adam(count: criticParameters.count)
    acting = PerceptronWorkspace(for: actorNetwork, capacity: RowBlocks.size, keepsActivations: false)
    judging = CriticNetworks.Workspace(critics, gradients: false)
  }

  private static func freshActor(_ network: Perceptron, using random: RandomStream) -> Vector {
    var stream = random.child("actor")
    return network.initialParameters(.orthogonal(gain: Float(2).squareRoot(), last: 0.01), using: &stream)
  }

  private static func freshCritics(_ critics: CriticNetworks, using random: RandomStream) -> Vector {
    EnsemblePerceptron(
      critics.network, members: critics.members,
      initialization: .orthogonal(gain: Float(2).squareRoot(), last: 1), using: random.child("critics")
    ).parameters
  }

  /// Counts an update that begins, and where it is its turn first draws networks anew, with their targets and the moments of
  /// their optimizers.
  private mutating func countUpdate() {
    guard let fresh = resets.countUpdate() else { return }
    if resets.settings.networks.includesActor {
      actor.copy(from: Self.freshActor(actorNetwork, using: fresh))
      if actorTarget != nil { actorTarget = actor }
      actorOptimizer = Adam(count: actor.count)
    }
    if resets.settings.networks.includesCritics {
      criticParameters.copy(from: Self.freshCritics(critics, using: fresh))
      criticTargets.copy(from: criticParameters)
      criticOptimizer = Adam(count: criticParameters.count)
      if dropout != nil { dropout = fresh.child("dropout") }
    }
  }

  /// The unit box of actions.
  var scaling: ActionScaling { critics.scaling }

  /// The policy as it is now.
  var policy: ActorPolicy<Head> {
    ActorPolicy(head: head, network: actorNetwork, parameters: actor, scaling: scaling)
  }

  /// What targets bootstrap from now.
  func bootstrap(temperature: Float) -> ActorBootstrap<Head> {
    ActorBootstrap(
      head: head, network: actorNetwork, actor: actorTarget ?? actor, critics: critics, criticTargets: criticTargets,
      temperature: temperature)
  }

  /// Hands `body` the actor's outputs for each row of `observations` [count, D], valid until it returns; `exactly` the
  /// same to the bit as for the row alone, if asked for.
  func forEachOutput(
    on observations: UnsafePointer<Float>, count: Int, exactly: Bool,
    _ body: (_ row: Int, UnsafeMutablePointer<Float>) -> Void
  ) {
    let size = exactly && !actorNetwork.hasIndependentRows ? 1 : RowBlocks.size
    RowBlocks.forEach(of: count, size: size) { first, rows in
      let outputs = actorNetwork.forward(
        actor.pointer, observations + first * actorNetwork.inputs, rows: rows, acting)
      for row in 0..<rows { body(first + row, outputs + row * actorNetwork.outputs) }
    }
  }

  /// What the dropout of one of an update's passes is drawn from.
  func dropout(_ pass: CriticPass) -> RandomStream? {
    dropout?.child(criticOptimizer.steps).child(pass.rawValue)
  }

  /// Least Q_i(s, a), over as many critics as a target takes, of `observation` [D] and the actor's mean action, with the
  /// critics themselves, not their targets.
  func predictedValue(of observation: UnsafePointer<Float>) -> Float {
    var value: Float = 0
    forEachOutput(on: observation, count: 1, exactly: true) { _, output in
      // the means come first, whatever the head
      for c in 0..<scaling.size { output[c] = Scalar.tanh(output[c]) }
      let x = critics.pair(observation, unitActions: output, rows: 1, judging)
      let counted: UInt64 = critics.targets < critics.members ? 1 << UInt64(critics.targets) - 1 : .max
      critics.least(criticParameters.pointer, x, rows: 1, into: &value, among: counted, judging)
    }
    return value
  }

  /// Scratch of this value alone: a copy of the learner gets its own at its first update.
  mutating func reserve(_ rows: Int) -> ActorCriticScratch<Head> {
    if isKnownUniquelyReferenced(&scratch), let kept = scratch, kept.fits(rows: rows) { return kept }
    let fresh = ActorCriticScratch(self, rows: rows)
    scratch = fresh
    return fresh
  }

  /// Both halves of an update on transitions: critics to bootstrapped targets, then, if `improves`, the actor. A prior
  /// must be of the actor's kind, a squashed Gaussian. Targets value entropy by `targetTemperature`, if it differs.
  mutating func update(
    on batch: TransitionBatch, temperature: Float, targetTemperature: Float? = nil, prior: PriorTerm? = nil,
    movesTargets: Bool, improves: Bool, using random: inout RandomStream
  ) -> (critic: CriticLosses, actor: ActorLosses?) {
    let rows = FittedRows(batch, observationSize: critics.observationSize, actionSize: critics.actionSize)
    countUpdate()
    let scratch = reserve(batch.count)
    scratch.drawNoise(batch.count * critics.actionSize, both: Head.isStochastic, using: &random)
    let subset = critics.drawTargets(using: &random)
    if let penalty { scratch.drawPenalty(penalty, count: batch.count * critics.actionSize, using: &random) }
    let fitted = scratch.fitCritics(
      &self, rows, temperature: targetTemperature ?? temperature, prior: prior, among: subset,
      movesTargets: movesTargets)
    guard improves else { return (fitted, nil) }
    return (
      fitted,
      scratch.improveActor(
        &self, at: batch.observations, noiseHalf: Head.isStochastic ? 1 : 0, temperature: temperature,
        prior: prior)
    )
  }

  /// The critics' half, with targets from elsewhere.
  mutating func fitValues(to batch: ValueBatch, movesTargets: Bool) -> CriticLosses {
    let rows = FittedRows(batch, observationSize: critics.observationSize, actionSize: critics.actionSize)
    countUpdate()
    return reserve(batch.count).fitCritics(&self, rows, temperature: 0, movesTargets: movesTargets)
  }

  /// The actor's half.
  mutating func improvePolicy(
    at observations: Matrix, temperature: Float, using random: inout RandomStream
  ) -> ActorLosses {
    let scratch = reserve(observations.rows)
    if Head.isStochastic {
      scratch.drawNoise(observations.rows * critics.actionSize, both: false, using: &random)
    }
    return scratch.improveActor(&self, at: observations, noiseHalf: 0, temperature: temperature)
  }
}

extension ActorCriticCore: Archived {
  package mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("actor", &actor)
    try fields.field("actor_target", present: &actorTarget)
    try fields.field("critics", &criticParameters)
    try fields.field("critic_targets", &criticTargets)
    try fields.field("actor_optimizer", &actorOptimizer)
    try fields.field("critic_optimizer", &criticOptimizer)
    try fields.field("dropout", present: &dropout)
    try fields.inline(&resets)
  }
}
