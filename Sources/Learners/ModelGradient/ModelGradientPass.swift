import Interfaces
import Kernels
import Networks

/// The imagined trajectories of one block, there and back. Pointers are valid during one update.
struct ModelGradientPass<Head: ActorHead> {
  let head: Head
  let network: Perceptron
  let parameters: UnsafePointer<Float>
  let panels: WeightPanels
  let scaling: ActionScaling
  let critics: CriticNetworks
  let criticParameters: UnsafePointer<Float>
  let rewards: ImaginedRewards
  let settings: PolicyBackpropagationSettings
  let blocks: ModelGradientBlocks

  var horizon: Int { settings.horizon }
  var actionSize: Int { scaling.size }

  /// Writes to `gradient` the block's share of the gradient of minus the average return. Returns the sum of the block's
  /// returns and that of the likelihood ratio's shares over steps.
  func run<Rollout: DifferentiableRollout>(
    from starts: UnsafePointer<Float>, rows: Int, firstRow: Int, _ rollout: inout Rollout, using random: RandomStream,
    gradient: UnsafeMutablePointer<Float>, _ workspace: ModelGradientWorkspace
  ) -> (total: Float, likelihoodShare: Float) {
    gradient.update(repeating: 0, count: network.layout.count)
    rollout.reset(count: rows, to: starts, rowsPerParticle: 1, firstParticle: firstRow, using: random.child("model"))
    if Head.isStochastic {
      var stream = random.child("policy")
      stream.fillNormal(workspace.noise.mutablePointer, count: (horizon + 1) * workspace.rows * actionSize)
    }
    imagine(rows, &rollout, workspace)
    valueTheEnd(rows, &rollout, gradient: gradient, workspace)
    let total = sumReturns(rows, workspace)
    let share = goBack(rows, &rollout, gradient: gradient, workspace)
    return (total, share)
  }

  /// First element of step t in [H + 1, R, A].
  func place(_ t: Int, _ workspace: ModelGradientWorkspace) -> Int { t * workspace.rows * actionSize }

  /// The policy's actions at step t, in the unit box and in the environment's units.
  private func act(_ t: Int, on states: UnsafePointer<Float>, rows: Int, _ workspace: ModelGradientWorkspace) {
    let place = place(t, workspace)
    let output = network.forward(parameters, states, rows: rows, workspace.passes[t], panels: panels)
    let unit = workspace.unitActions.mutablePointer + place
    head.sample(
      output, noise: workspace.noise.pointer + place, rows: rows, size: actionSize, actions: unit,
      logProbabilities: workspace.logProbabilities.mutablePointer)
    let actions = workspace.actions.mutablePointer + place
    actions.update(from: unit, count: rows * actionSize)
    scaling.fromUnit(actions, rows: rows)
  }

  private func imagine<Rollout: DifferentiableRollout>(
    _ rows: Int, _ rollout: inout Rollout, _ workspace: ModelGradientWorkspace
  ) {
    let stride = workspace.rows
    let (earned, alive) = (workspace.rewards.mutablePointer, workspace.alive.mutablePointer)
    alive.update(repeating: 1, count: rows)
    for t in 0..<horizon {
      act(t, on: rollout.states(at: t), rows: rows, workspace)
      let actions = workspace.actions.pointer + place(t, workspace)
      rollout.advance(actions)
      let (reward, now, after) = (earned + t * stride, alive + t * stride, alive + (t + 1) * stride)
      workspace.ends.withUnsafeMutableBufferPointer { ends in
        guard let ends = ends.baseAddress else { return }
        let (gained, ended) = rollout.score(
          by: rewards.objective, count: rows, states: rollout.states(at: t), actions: actions, rewards: reward,
          terminated: ends)
        for row in 0..<rows { after[row] = ended[row] ? 0 : now[row] }
        if gained != UnsafePointer(reward) { reward.update(from: gained, count: rows) }
      }
    }
  }

  /// Sets the last step's returns, and begins the gradient with what the critics say of the policy's actions there.
  private func valueTheEnd<Rollout: DifferentiableRollout>(
    _ rows: Int, _ rollout: inout Rollout, gradient: UnsafeMutablePointer<Float>, _ workspace: ModelGradientWorkspace
  ) {
    let last = workspace.returns.mutablePointer + horizon * workspace.rows
    let carried = workspace.carried.mutablePointer
    guard let criticWorkspace = workspace.critics else {
      last.update(repeating: 0, count: rows)
      carried.update(repeating: 0, count: rows * network.inputs)
      return
    }
    let states = rollout.states(at: horizon)
    act(horizon, on: states, rows: rows, workspace)
    let place = place(horizon, workspace)
    let values = workspace.values.mutablePointer
    let x = critics.pair(
      states, unitActions: workspace.unitActions.pointer + place, rows: rows, criticWorkspace)
    let slopes = critics.leastAndGradient(
      criticParameters, x, rows: rows, among: critics.members, scale: 1, into: values, criticWorkspace)
    let (alive, size, width) = (
      workspace.alive.pointer + horizon * workspace.rows, network.inputs, critics.network.inputs
    )
    let seed = seed(horizon)
    let side = workspace.pathwise
    let (stateSlopes, actionSlopes) = (side.states.mutablePointer, side.actions.mutablePointer)
    for row in 0..<rows {
      let isAlive = alive[row] > 0
      last[row] = isAlive ? values[row] : 0
      let slope = slopes + row * width
      for i in 0..<size { stateSlopes[row * size + i] = isAlive ? seed * slope[i] : 0 }
      for i in 0..<actionSize { actionSlopes[row * actionSize + i] = isAlive ? seed * slope[size + i] : 0 }
    }
    pullBackPolicy(horizon, states, side, rows: rows, isUnit: true, into: gradient, accumulate: true, workspace)
    for i in 0..<rows * size { carried[i] = stateSlopes[i] + side.inputs.pointer[i] }
  }

  /// Derivative of the loss by a reward after `t` steps: -γ^t / N.
  func seed(_ t: Int) -> Float {
    var discount: Float = 1
    for _ in 0..<t { discount *= settings.discount }
    return -discount / Float(blocks.rows)
  }

  /// Returns that follow each step, up to the end of each trajectory; their sum from the first step on.
  private func sumReturns(_ rows: Int, _ workspace: ModelGradientWorkspace) -> Float {
    let (stride, returns) = (workspace.rows, workspace.returns.mutablePointer)
    let (earned, alive) = (workspace.rewards.pointer, workspace.alive.pointer)
    for t in (0..<horizon).reversed() {
      for row in 0..<rows {
        let place = t * stride + row
        returns[place] = alive[place] > 0 ? earned[place] + settings.discount * returns[place + stride] : 0
      }
    }
    return Reductions.sum(returns, count: rows)
  }
}
