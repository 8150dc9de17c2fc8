import Interfaces
import Kernels
import Networks

/// Buffers and parallel passes of updates of a critic whose maximum is searched for: targets in groups of states whose
/// candidates go through the critic together, gradients in blocks of rows.
final class MaximizedScratch: PhasedWork {
  enum Phase { case search, gradient, step }

  private let capacity: Int
  private let searches: [ActionSearch.Workspace]
  private let passes: [PerceptronWorkspace]
  private let gradients: BlockGradients
  private var pairs: Vector  // [N, D + A]
  private var targets: Vector  // [N]
  private var sums: Vector  // [blocks, 2]: loss and value
  private var fit: Fit?

  /// An update under way.
  private struct Fit {
    let rows: FittedRows
    let blocks: RowBlocks
    let bootstrap: MaximizedPass
    let scaling: ActionScaling
    let root: RandomStream
    let parameters: UnsafeMutablePointer<Float>
    let target: UnsafeMutablePointer<Float>
    let step: Adam.Step
    let discount: Float
    let tau: Float
  }

  init(_ search: ActionSearch, rows: Int) {
    capacity = rows
    searches = (0..<WorkerPool.threads).map { _ in ActionSearch.Workspace(search) }
    passes = (0..<WorkerPool.threads).map { _ in
      PerceptronWorkspace(for: search.network, capacity: RowBlocks.size, keepsActivations: true)
    }
    let blocks = RowBlocks(rows: rows).count
    gradients = BlockGradients(parameters: search.network.layout.count, blocks: blocks)
    pairs = Vector(count: rows * search.network.inputs)
    targets = Vector(count: rows)
    sums = Vector(count: 2 * blocks)
  }

  /// Whether it can serve that many rows with the threads there are now.
  func fits(rows: Int) -> Bool { rows <= capacity && searches.count >= WorkerPool.threads }

  /// One step of the critic, then of its target; means over the rows. Row r's search draws from child r of `root`.
  func update(_ learner: inout MaximizedQLearning, _ rows: FittedRows, _ root: RandomStream) -> CriticLosses {
    let (parameters, target) = (learner.parameters.mutablePointer, learner.targets.mutablePointer)
    let blocks = RowBlocks(rows: rows.count)
    let settings = learner.settings
    fit = Fit(
      rows: rows, blocks: blocks,
      bootstrap: MaximizedPass(
        search: learner.search, scale: learner.scale, target: target, lagged: learner.lagged?.pointer),
      scaling: learner.scaling, root: root, parameters: parameters, target: target,
      step: learner.optimizer.beginStep(learningRate: settings.learningRate), discount: settings.discount,
      tau: settings.tau)
    if case .bootstrapped = rows.targets {
      let states = learner.search.statesPerPass
      run(.search, shards: (rows.count + states - 1) / states)
    }
    run(.gradient, shards: blocks.count)
    run(.step, shards: gradients.pieces)
    fit = nil
    let share = 1 / Float(rows.count)
    var losses = CriticLosses()
    for block in 0..<blocks.count {
      losses.loss += sums.pointer[2 * block] * share
      losses.value += sums.pointer[2 * block + 1] * share
    }
    return losses
  }

  func run(_ phase: Phase, shard: Int, worker: Int) {
    guard let fit else { return }
    switch phase {
    case .search: search(fit, shard, searches[worker])
    case .gradient: gradient(fit, block: shard, passes[worker])
    case .step:
      gradients.step(
        piece: shard, blocks: fit.blocks.count, fit.step, fit.parameters, target: fit.tau > 0 ? fit.target : nil,
        tau: fit.tau)
    }
  }

  private func search(_ fit: Fit, _ shard: Int, _ workspace: ActionSearch.Workspace) {
    let states = fit.bootstrap.search.statesPerPass
    let first = shard * states
    let range = first..<min(first + states, fit.rows.count)
    _ = fit.rows.writeTargets(
      range, observationSize: fit.bootstrap.search.observationSize, discount: fit.discount,
      into: targets.mutablePointer + first
    ) { next, values in
      fit.bootstrap.values(of: next, rows: range.count, into: values, workspace) { fit.root.child(first + $0) }
    }
  }

  private func gradient(_ fit: Fit, block: Int, _ workspace: PerceptronWorkspace) {
    let (range, search, scale) = (fit.blocks[block], fit.bootstrap.search, fit.bootstrap.scale)
    let (first, width, size) = (range.lowerBound, search.network.inputs, search.observationSize)
    let x = pairs.mutablePointer + first * width
    for r in 0..<range.count {
      (x + r * width).update(from: fit.rows.observations + (first + r) * size, count: size)
    }
    fit.scaling.toUnit(
      fit.rows.actions + first * search.size, rows: range.count, into: x + size, stride: width)
    let weights = fit.rows.weights.map { $0 + first }
    let y =
      switch fit.rows.targets {
      case .given(let values): values + first
      case .bootstrapped: targets.pointer + first
      }
    let q = search.network.forward(fit.parameters, x, rows: range.count, workspace)
    let (loss, value) = scale.regress(
      q, targets: y, weights: weights, rows: range.count, share: 1 / Float(fit.blocks.rows))
    search.network.backward(
      fit.parameters, x, rows: range.count, outputGradient: q, workspace, parameterGradient: gradients[block])
    sums.mutablePointer[2 * block] = loss
    sums.mutablePointer[2 * block + 1] = value
  }

  /// Points of a grid over the box of actions, about.
  private static let gridPoints = 2500.0

  /// Whether a grid of three points a component has few enough points for actions of `size` components.
  static func hasGrid(of size: Int) -> Bool { size <= 7 }

  /// Mean over the first rows of `observations`, at most 16, of max over a grid of the target critic's value less the
  /// maximum that the search finds; negative where the search is better than the grid. The grid has an odd number of
  /// points a component, bounds and middle among them: 501 for one, 49 for two, 13 for three.
  func maximumError(_ learner: MaximizedQLearning, at observations: Matrix, using root: RandomStream) -> Float {
    let (search, workspace, scale) = (learner.search, searches[0], learner.scale)
    let (size, width, states) = (search.size, search.network.inputs, min(observations.rows, 16))
    var side = 3
    func points(_ side: Int) -> Double { (0..<size).reduce(1.0) { product, _ in product * Double(side) } }
    while side < 501 && points(side + 2) <= Self.gridPoints { side += 2 }
    let count = Int(points(side))
    var total: Float = 0
    for state in 0..<states {
      let observation = observations.pointer + state * search.observationSize
      search.run(learner.targets.pointer, observation, rows: 1, workspace) { _ in root.child(state) }
      let found = scale.value(workspace.values.pointer[0])
      let (x, capacity) = (workspace.pairs.mutablePointer, workspace.pass.capacity)
      var best = -Float.infinity
      RowBlocks.forEach(of: count, size: capacity) { first, rows in
        for r in 0..<rows {
          (x + r * width).update(from: observation, count: search.observationSize)
          var index = first + r
          for c in 0..<size {
            x[r * width + search.observationSize + c] = -1 + 2 * Float(index % side) / Float(side - 1)
            index /= side
          }
        }
        let q = search.network.forward(learner.targets.pointer, x, rows: rows, workspace.pass)
        for r in 0..<rows { best = max(best, scale.value(q[r])) }
      }
      total += best - found
    }
    return total / Float(states)
  }
}
