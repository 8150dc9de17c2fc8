import Kernels
import Networks

/// Scratch of one thread for the imagined trajectories of one block: what the policy did at every step, and gradients.
final class ModelGradientWorkspace {
  /// Rows there is room for, R.
  let rows: Int
  let actionSize: Int
  /// The policy's passes at steps 0..<H, and at H where a critic values its action.
  let passes: [PerceptronWorkspace]
  let critics: CriticNetworks.Workspace?

  // By step: noise, unit actions and actions [H + 1, R, A]; rewards [H, R], whether the row is alive [H + 1, R], and the
  // return that follows [H + 1, R].
  var noise: Vector
  var unitActions: Vector
  var actions: Vector
  var rewards: Vector
  var alive: Vector
  var returns: Vector

  // One step's.
  var logProbabilities: Vector
  var values: Vector
  var ends: [Bool]
  /// Derivatives of the rewards [R, D], [R, A], [R, D].
  var rewardStates: Vector
  var rewardActions: Vector
  var rewardNext: Vector
  /// The loss's derivatives by the rewards, and the scores' weights [R].
  var seeds: Vector
  var scores: Vector
  /// The loss's gradient with respect to the states after the step [R, D].
  var carried: Vector
  var outputGradients: Vector
  /// The two estimators' sides of a step; the first serves where there is only one.
  let pathwise: Side
  let likelihood: Side?

  /// What goes backward through one step.
  final class Side {
    /// With respect to states [R, D], to actions [R, A], and to the policy's inputs [R, D].
    var states: Vector
    var actions: Vector
    var inputs: Vector
    /// With respect to the policy's parameters, and each row's squared norm [R]; only where both sides are needed.
    var parameters: Vector
    var squaredNorms: Vector

    init(rows: Int, observationSize: Int, actionSize: Int, parameters count: Int) {
      states = Vector(count: rows * observationSize)
      actions = Vector(count: rows * actionSize)
      inputs = Vector(count: rows * observationSize)
      parameters = Vector(count: count)
      squaredNorms = Vector(count: count > 0 ? rows : 0)
    }
  }

  init(
    policy: Perceptron, critics: CriticNetworks?, actionSize: Int, _ settings: PolicyBackpropagationSettings
  ) {
    let (rows, size) = (ModelGradientBlocks.rows(particles: settings.particles), policy.inputs)
    let steps = settings.horizon
    self.rows = rows
    self.actionSize = actionSize
    passes = (0..<steps + (critics == nil ? 0 : 1)).map { _ in
      PerceptronWorkspace(for: policy, capacity: rows, keepsActivations: true)
    }
    self.critics = critics.map { CriticNetworks.Workspace($0, gradients: true) }
    noise = Vector(count: (steps + 1) * rows * actionSize)
    unitActions = Vector(count: (steps + 1) * rows * actionSize)
    actions = Vector(count: (steps + 1) * rows * actionSize)
    rewards = Vector(count: steps * rows)
    alive = Vector(count: (steps + 1) * rows)
    returns = Vector(count: (steps + 1) * rows)
    logProbabilities = Vector(count: rows)
    values = Vector(count: rows)
    ends = Array(repeating: false, count: rows)
    rewardStates = Vector(count: rows * size)
    rewardActions = Vector(count: rows * actionSize)
    rewardNext = Vector(count: rows * size)
    seeds = Vector(count: rows)
    scores = Vector(count: rows)
    carried = Vector(count: rows * size)
    outputGradients = Vector(count: rows * policy.outputs)
    let both = settings.estimator == .totalPropagation
    func side() -> Side {
      Side(
        rows: rows, observationSize: size, actionSize: actionSize, parameters: both ? policy.layout.count : 0)
    }
    pathwise = side()
    likelihood = both ? side() : nil
  }
}
