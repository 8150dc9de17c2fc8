import Interfaces
import Kernels
import Networks

/// V'(s) = min_i Q'_i(s, a) - alpha log pi(a | s), a drawn from an actor as critic targets value it. Without entropy term
/// alpha is 0; the log-probability is that of the action in the unit box.
public struct ActorBootstrap<Head: ActorHead>: BootstrapValue {
  let head: Head
  let network: Perceptron
  let actor: Vector
  let critics: CriticNetworks
  let criticTargets: Vector
  let temperature: Float

  public var observationSize: Int { network.inputs }
  public var actionSize: Int { critics.actionSize }

  public func makeWorkspace() -> ActorWorkspace {
    ActorWorkspace(actor: network, actionSize: actionSize, critics: critics, gradients: false)
  }

  public func values(
    count: Int, of observations: UnsafePointer<Float>, using random: inout RandomStream,
    values: UnsafeMutablePointer<Float>, _ workspace: ActorWorkspace
  ) {
    RowBlocks.forEach(of: count) { first, rows in
      let noise = workspace.noise.mutablePointer
      random.fillNormal(noise, count: rows * actionSize)
      let subset = critics.drawTargets(using: &random)
      BootstrapPass(
        head: head, network: network, actor: actor.pointer, critics: critics, criticTargets: criticTargets.pointer,
        temperature: temperature, subset: subset
      ).values(of: observations + first * observationSize, noise: noise, rows: rows, into: values + first, workspace)
    }
  }

  public var memberCount: Int { critics.members }

  /// Q'_l(s, a) - alpha log pi(a | s) of each critic l, of the same action.
  public func memberValues(
    count: Int, of observations: UnsafePointer<Float>, using random: inout RandomStream,
    values: UnsafeMutablePointer<Float>, _ workspace: ActorWorkspace
  ) {
    guard let criticWorkspace = workspace.critics else { preconditionFailure("scratch without critics") }
    RowBlocks.forEach(of: count) { first, rows in
      let (noise, logs) = (workspace.noise.mutablePointer, workspace.logProbabilities.mutablePointer)
      random.fillNormal(noise, count: rows * actionSize)
      let start = observations + first * observationSize
      let output = network.forward(actor.pointer, start, rows: rows, workspace.actor)
      let unit = workspace.actions.mutablePointer
      head.sampleTarget(output, noise: noise, rows: rows, size: actionSize, actions: unit, logProbabilities: logs)
      let x = critics.pair(start, unitActions: unit, rows: rows, criticWorkspace)
      for member in 0..<critics.members {
        let target = values + member * count + first
        critics.least(criticTargets.pointer, x, rows: rows, into: target, among: 1 << UInt64(member), criticWorkspace)
        for r in 0..<rows { target[r] -= temperature * logs[r] }
      }
    }
  }

  public func act(
    count: Int, on observations: UnsafePointer<Float>, using random: inout RandomStream,
    actions: UnsafeMutablePointer<Float>, bonuses: UnsafeMutablePointer<Float>, _ workspace: ActorWorkspace
  ) {
    RowBlocks.forEach(of: count) { first, rows in
      let noise = workspace.noise.mutablePointer
      random.fillNormal(noise, count: rows * actionSize)
      let output = network.forward(actor.pointer, observations + first * observationSize, rows: rows, workspace.actor)
      let unit = actions + first * actionSize
      head.sampleTarget(
        output, noise: noise, rows: rows, size: actionSize, actions: unit, logProbabilities: bonuses + first)
      critics.scaling.fromUnit(unit, rows: rows)
      for r in first..<first + rows { bonuses[r] *= -temperature }
    }
  }
}

/// The same by pointers to parameters that are about to change, on one block.
struct BootstrapPass<Head: ActorHead> {
  let head: Head
  let network: Perceptron
  let actor: UnsafePointer<Float>
  let critics: CriticNetworks
  let criticTargets: UnsafePointer<Float>
  let temperature: Float
  var prior: PriorTerm?
  /// The critics whose least value counts, a bit each.
  var subset: UInt64 = .max
  var dropout: RandomStream?
  /// The actor's weights, and those of the critics' targets, packed; packed anew in each pass unless given.
  var packed: (actor: PackedWeights, targets: [PackedWeights])?

  /// V'(s) [rows] of `observations` [rows, D] for noise [rows, A], with dropout of its own for each `block`.
  func values(
    of observations: UnsafePointer<Float>, noise: UnsafePointer<Float>, rows: Int, block: Int = 0,
    into values: UnsafeMutablePointer<Float>, _ workspace: ActorWorkspace
  ) {
    guard let criticWorkspace = workspace.critics else { preconditionFailure("scratch without critics") }
    let output = network.forward(actor, observations, rows: rows, workspace.actor, packed: packed?.actor)
    let (actions, logProbabilities) = (workspace.actions.mutablePointer, workspace.logProbabilities.mutablePointer)
    head.sampleTarget(
      output, noise: noise, rows: rows, size: critics.actionSize, actions: actions, logProbabilities: logProbabilities)
    let x = critics.pair(observations, unitActions: actions, rows: rows, criticWorkspace)
    critics.least(
      criticTargets, x, rows: rows, into: values, among: subset, dropout: dropout?.child(block),
      packed: packed?.targets ?? [], criticWorkspace)
    for r in 0..<rows { values[r] -= temperature * logProbabilities[r] }
    if let prior {
      prior.add(
        to: values, observations, output, noise: noise, rows: rows, size: critics.actionSize,
        workspace.reservePrior(prior))
    }
  }
}
