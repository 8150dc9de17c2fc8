import Kernels
import Networks

/// Scratch of one thread for the passes of actor and critics over one block of rows.
public final class ActorWorkspace {
  let actor: PerceptronWorkspace
  /// Nil where only the actor is asked.
  let critics: CriticNetworks.Workspace?
  /// Unit actions [rows, A], gradients with respect to them, and standard normal noise.
  var actions: Matrix
  var actionGradients: Matrix
  var noise: Matrix
  /// One number a row.
  var logProbabilities: Vector
  var logProbabilityGradients: Vector
  var values: Vector
  var targets: Vector
  /// Gradients with respect to the actor's outputs.
  var outputGradients: Matrix
  private var prior: PriorTerm.Workspace?
  private var penalty: ConservativePenalty.Workspace?

  /// Scratch for an actor with actions of `actionSize` components and perhaps critics; with `gradients` for their backward
  /// passes.
  init(actor network: Perceptron, actionSize: Int, critics: CriticNetworks?, gradients: Bool) {
    let rows = RowBlocks.size
    actor = PerceptronWorkspace(for: network, capacity: rows, keepsActivations: gradients)
    self.critics = critics.map { CriticNetworks.Workspace($0, gradients: gradients) }
    actions = Matrix(rows: rows, columns: actionSize)
    actionGradients = Matrix(rows: gradients ? rows : 0, columns: actionSize)
    noise = Matrix(rows: rows, columns: actionSize)
    logProbabilities = Vector(count: rows)
    logProbabilityGradients = Vector(count: gradients ? rows : 0)
    values = Vector(count: rows)
    targets = Vector(count: rows)
    outputGradients = Matrix(rows: gradients ? rows : 0, columns: network.outputs)
  }

  /// Scratch for the passes of a conservative penalty; allocates at the first call alone.
  func reservePenalty(_ settings: ConservativePenalty.Settings) -> ConservativePenalty.Workspace {
    if let penalty { return penalty }
    let fresh = ConservativePenalty.Workspace(settings, actionSize: actions.columns)
    penalty = fresh
    return fresh
  }

  /// Scratch for the passes of a prior; allocates at the first call for its architecture alone.
  func reservePrior(_ term: PriorTerm) -> PriorTerm.Workspace {
    if let prior, prior.hidden == term.network.hidden { return prior }
    let fresh = PriorTerm.Workspace(term, actionSize: actions.columns)
    prior = fresh
    return fresh
  }
}
