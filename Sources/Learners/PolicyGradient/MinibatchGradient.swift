import Interfaces
import Kernels
import Networks

/// What a gradient is taken of: some rows of a segment, and the weights of the loss's parts.
///
///     loss = mean of objective - entropyWeight * entropy + divergenceWeight * KL(old || new)
///            + valueWeight * (V - target)^2
struct MinibatchLoss {
  /// Which parameters are meant.
  enum Part { case policy, value, both }

  var part: Part
  /// Nil where only values are fitted.
  var objective: (any PolicyObjective)?
  var entropyWeight: Float = 0
  var divergenceWeight: Float = 0
  var valueWeight: Float = 1
  /// How far a value may move from the old one before it stops to count; nil for no limit.
  var valueClip: Float?
  /// Whether parameters that distributions share, such as spreads, stay as they are.
  var keepsShared = false
}

/// Means over the rows of a minibatch.
struct MinibatchMeans {
  /// The objective's part of the loss alone.
  var policyLoss: Float = 0
  /// Mean of (V - target)^2.
  var valueLoss: Float = 0
  var entropy: Float = 0
  /// KL(old || new) as Schulman's low-variance estimate (ratio - 1) - log ratio.
  var approximateDivergence: Float = 0
  /// KL(old || new) of the distributions, where the loss weighs it.
  var divergence: Float = 0
  /// Share of rows at which the objective was clipped.
  var clipFraction: Float = 0
}

/// Losses and gradients of policy and value function on rows of a segment: in blocks of fixed size, policy and value
/// apart where they have networks of their own, each with a gradient of its own, added in order.
final class MinibatchGradient: PhasedWork {
  enum Phase { case gradient, step }

  private let networks: PolicyValueNetworks
  private let capacity: Int
  private let workers: [Worker]
  private var gradients: Vector  // [blocks, parameters]
  private var sums: Vector  // [blocks, 8]
  /// Advantages of the minibatch's rows [capacity], for the caller to write before each gradient.
  var advantages: Vector
  private var pass: Pass?
  private var step: Step?

  private struct Pass {
    let loss: MinibatchLoss
    let evaluation: RolloutEvaluation
    let observations: UnsafePointer<Float>
    let actions: UnsafePointer<Float>
    let order: UnsafePointer<Int32>
    let blocks: RowBlocks
    let parameters: UnsafePointer<Float>
  }

  /// An optimizer's step under way.
  private struct Step {
    let optimizer: Adam.Step
    let parameters: UnsafeMutablePointer<Float>
    let scale: Float
    let ranges: [Range<Int>]
  }

  /// Scratch of one thread.
  private final class Worker {
    let policy: PerceptronWorkspace
    let value: PerceptronWorkspace?
    var observations: Matrix
    var actions: Matrix
    /// Distributions, old and new, and gradients by the policy's outputs.
    var (outputs, oldOutputs, outputGradients): (Matrix, Matrix, Matrix)
    /// One number a row.
    var (logProbabilities, ratios, slopes, entropies, divergences): (Vector, Vector, Vector, Vector, Vector)
    /// Gradients by the distributions alone.
    var distributionGradients: Matrix

    init(_ networks: PolicyValueNetworks) {
      let rows = RowBlocks.size
      policy = PerceptronWorkspace(for: networks.policy, capacity: rows, keepsActivations: true)
      value = networks.value.map { PerceptronWorkspace(for: $0, capacity: rows, keepsActivations: true) }
      let width = networks.distribution.outputs
      observations = Matrix(rows: rows, columns: networks.observationSize)
      actions = Matrix(rows: rows, columns: networks.distribution.actionSize)
      outputs = Matrix(rows: rows, columns: width)
      oldOutputs = outputs
      distributionGradients = outputs
      outputGradients = Matrix(rows: rows, columns: networks.policy.outputs)
      logProbabilities = Vector(count: rows)
      ratios = logProbabilities
      slopes = logProbabilities
      entropies = logProbabilities
      divergences = logProbabilities
    }
  }

  /// Sums of a block: six of rows, then squared norms of the policy's and the value's gradient.
  private static let sumCount = 8

  init(_ networks: PolicyValueNetworks, rows: Int) {
    self.networks = networks
    capacity = rows
    workers = (0..<WorkerPool.threads).map { _ in Worker(networks) }
    let blocks = RowBlocks(rows: rows).count
    gradients = Vector(count: blocks * networks.layout.count)
    sums = Vector(count: blocks * MinibatchGradient.sumCount)
    advantages = Vector(count: rows)
  }

  /// Whether it can serve minibatches of that many rows with the threads there are now.
  func fits(rows: Int) -> Bool { rows <= capacity && workers.count >= WorkerPool.threads }

  /// The gradient by all parameters as the last `compute` left it; that of parts it was not about means nothing.
  var gradient: UnsafeMutablePointer<Float> { gradients.storage.pointer }

  /// Euclidean norm of the gradient of the last `compute`, by the parameters that it was about.
  var norm: Float {
    (sums.pointer[MinibatchGradient.sumCount - 2] + sums.pointer[MinibatchGradient.sumCount - 1]).squareRoot()
  }

  /// Takes a step of Adam on the parameters that the last `compute` was about, along `scale` times their gradient.
  func apply(_ optimizer: Adam.Step, to parameters: UnsafeMutablePointer<Float>, scale: Float) {
    step = Step(optimizer: optimizer, parameters: parameters, scale: scale, ranges: ranges)
    run(.step, shards: ranges.count)
    step = nil
  }

  /// Parameters of the parts that the last `compute` was about.
  private var ranges: [Range<Int>] = []

  /// Loss and gradient at `parameters` on the rows `order` [count] of `evaluation`'s segment, whose observations [M, D]
  /// and actions [M, A] are given; advantages are those written to `advantages` [count].
  func compute(
    _ loss: MinibatchLoss, _ evaluation: RolloutEvaluation, observations: UnsafePointer<Float>,
    actions: UnsafePointer<Float>, order: UnsafePointer<Int32>, count: Int, parameters: UnsafePointer<Float>
  ) -> MinibatchMeans {
    precondition(fits(rows: count) && count > 0, "\(count) rows")
    let blocks = RowBlocks(rows: count)
    pass = Pass(
      loss: loss, evaluation: evaluation, observations: observations, actions: actions, order: order, blocks: blocks,
      parameters: parameters)
    sums.fill(0)
    // with two networks even shards are the policy's, odd ones the value's
    run(.gradient, shards: networks.isShared || loss.part != .both ? blocks.count : 2 * blocks.count)
    pass = nil
    setRanges(loss.part)
    if blocks.count > 1 { addBlocks(blocks) }
    return means(blocks)
  }

  private func setRanges(_ part: MinibatchLoss.Part) {
    let policy = networks.isShared ? 0..<networks.layout.count : networks.policyRange
    let wanted = (policy: part != .value || networks.isShared, value: part != .policy && !networks.isShared)
    ranges.removeAll(keepingCapacity: true)
    if wanted.policy { ranges.append(policy) }
    if wanted.value { ranges.append(networks.valueRange) }
  }

  /// Adds the blocks' gradients in order, and takes the norms of the sums.
  private func addBlocks(_ blocks: RowBlocks) {
    let (total, base) = (networks.layout.count, gradients.mutablePointer)
    let norms = sums.mutablePointer + MinibatchGradient.sumCount - 2
    norms.update(repeating: 0, count: 2)
    for range in ranges {
      let sum = base + range.lowerBound
      for block in 1..<blocks.count { Elementwise.add(sum, sum + block * total, count: range.count) }
      norms[range.lowerBound == 0 ? 0 : 1] = Reductions.dot(sum, sum, count: range.count)
    }
  }

  private func means(_ blocks: RowBlocks) -> MinibatchMeans {
    let share = 1 / Float(blocks.rows)
    func mean(_ index: Int) -> Float {
      var total: Float = 0
      for block in 0..<blocks.count { total += sums.pointer[block * MinibatchGradient.sumCount + index] }
      return total * share
    }
    return MinibatchMeans(
      policyLoss: mean(0), valueLoss: mean(1), entropy: mean(2), approximateDivergence: mean(3), divergence: mean(4),
      clipFraction: mean(5))
  }

  func run(_ phase: Phase, shard: Int, worker: Int) {
    switch phase {
    case .gradient: differentiate(shard: shard, workers[worker])
    case .step:
      guard let step else { return }
      step.optimizer.apply(
        step.parameters, gradient: gradients.pointer, scale: step.scale, range: step.ranges[shard])
    }
  }

  private func differentiate(shard: Int, _ scratch: Worker) {
    guard let pass else { return }
    let isPaired = !networks.isShared && pass.loss.part == .both
    let block = isPaired ? shard / 2 : shard
    let doesPolicy = networks.isShared || pass.loss.part == .policy || isPaired && shard % 2 == 0
    let doesValue = networks.isShared || pass.loss.part == .value || isPaired && shard % 2 == 1
    let gradient = gradients.storage.pointer + block * networks.layout.count
    let range = pass.blocks[block]
    let rows = range.count
    Elementwise.gather(
      pass.order + range.lowerBound, count: rows, of: pass.observations, width: networks.observationSize,
      into: scratch.observations.mutablePointer)
    let sums = sums.storage.pointer + block * MinibatchGradient.sumCount
    if doesPolicy { policyGradient(pass, range, scratch, into: gradient, sums) }
    if doesValue, let network = networks.value, let workspace = scratch.value {
      let parameters = pass.parameters + networks.valueOffset
      let values = network.forward(parameters, scratch.observations.pointer, rows: rows, workspace)
      sums[1] = valueSlopes(pass, range, values, stride: 1, into: scratch.slopes.mutablePointer, stride: 1)
      network.backward(
        parameters, scratch.observations.pointer, rows: rows, outputGradient: scratch.slopes.pointer, workspace,
        parameterGradient: gradient + networks.valueOffset)
      let own = gradient + networks.valueOffset
      sums[7] = Reductions.dot(own, own, count: networks.valueRange.count)
    }
  }

  /// The policy's part, and with a shared network the value's too.
  private func policyGradient(
    _ pass: Pass, _ range: Range<Int>, _ scratch: Worker, into gradient: UnsafeMutablePointer<Float>,
    _ sums: UnsafeMutablePointer<Float>
  ) {
    let (loss, distribution, rows) = (pass.loss, networks.distribution, range.count)
    let (width, order) = (distribution.outputs, pass.order + range.lowerBound)
    let share = 1 / Float(pass.blocks.rows)
    let raw = networks.policy.forward(pass.parameters, scratch.observations.pointer, rows: rows, scratch.policy)
    let shared = pass.parameters + networks.sharedOffset
    let sharedGradient = gradient + networks.sharedOffset
    sharedGradient.update(repeating: 0, count: distribution.sharedCount)
    let outputs: UnsafePointer<Float>
    if networks.isShared {
      let compact = scratch.outputs.mutablePointer
      for r in 0..<rows { (compact + r * width).update(from: raw + r * (width + 1), count: width) }
      outputs = UnsafePointer(compact)
    } else {
      outputs = UnsafePointer(raw)
    }
    let new = DistributionRows(outputs, shared: shared, count: rows)
    let gradients =
      networks.isShared ? scratch.distributionGradients.mutablePointer : scratch.outputGradients.mutablePointer

    if let objective = loss.objective {
      let actions = scratch.actions.mutablePointer
      Elementwise.gather(order, count: rows, of: pass.actions, width: distribution.actionSize, into: actions)
      let (logs, ratios, slopes) = (
        scratch.logProbabilities.mutablePointer, scratch.ratios.mutablePointer, scratch.slopes.mutablePointer
      )
      distribution.logProbabilities(new, actions: actions, into: logs)
      let old = pass.evaluation.logProbabilities.pointer
      var divergence: Float = 0
      for r in 0..<rows {
        let logRatio = logs[r] - old[Int(order[r])]
        ratios[r] = Scalar.exp(logRatio)
        divergence += ratios[r] - 1 - logRatio
      }
      let (value, clipped) = objective.evaluate(
        count: rows, logProbabilities: logs, ratios: ratios, advantages: advantages.pointer + range.lowerBound,
        slopes: slopes)
      sums[0] = value
      sums[3] = divergence
      sums[5] = clipped
      var entropySlope: Float = 0
      if distribution.hasEntropy {
        let entropies = scratch.entropies.mutablePointer
        distribution.entropies(new, into: entropies)
        sums[2] = Reductions.sum(entropies, count: rows)
        entropySlope = -loss.entropyWeight * share
      } else {
        sums[2] = -Reductions.sum(logs, count: rows)
        for r in 0..<rows { slopes[r] += loss.entropyWeight }
      }
      Elementwise.scale(slopes, count: rows, by: share)
      distribution.backward(
        new, actions: actions, slopes: slopes, entropySlope: entropySlope, gradient: gradients,
        sharedGradient: sharedGradient)
      if loss.divergenceWeight != 0 {
        let kept = scratch.oldOutputs.mutablePointer
        Elementwise.gather(order, count: rows, of: pass.evaluation.outputs.pointer, width: width, into: kept)
        let before = DistributionRows(kept, shared: pass.evaluation.shared.pointer, count: rows)
        distribution.divergences(from: before, to: new, into: scratch.divergences.mutablePointer)
        sums[4] = Reductions.sum(scratch.divergences.pointer, count: rows)
        distribution.addDivergenceGradient(
          from: before, to: new, scale: loss.divergenceWeight * share, gradient: gradients,
          sharedGradient: sharedGradient)
      }
    } else {
      gradients.update(repeating: 0, count: rows * width)
    }
    if networks.isShared {
      let combined = scratch.outputGradients.mutablePointer
      for r in 0..<rows { (combined + r * (width + 1)).update(from: gradients + r * width, count: width) }
      sums[1] = valueSlopes(pass, range, raw + width, stride: width + 1, into: combined + width, stride: width + 1)
    }
    networks.policy.backward(
      pass.parameters, scratch.observations.pointer, rows: rows, outputGradient: scratch.outputGradients.pointer,
      scratch.policy, parameterGradient: gradient)
    if loss.keepsShared { sharedGradient.update(repeating: 0, count: distribution.sharedCount) }
    sums[6] = Reductions.dot(
      gradient, gradient, count: networks.isShared ? networks.layout.count : networks.valueOffset)
  }

  /// Slopes of valueWeight * mean (V - target)^2 by the values of a block; returns the sum of squares.
  private func valueSlopes(
    _ pass: Pass, _ range: Range<Int>, _ values: UnsafePointer<Float>, stride: Int,
    into slopes: UnsafeMutablePointer<Float>, stride step: Int
  ) -> Float {
    let (targets, old, order) = (
      pass.evaluation.targets.pointer, pass.evaluation.values.pointer, pass.order + range.lowerBound
    )
    let factor = 2 * pass.loss.valueWeight / Float(pass.blocks.rows)
    var total: Float = 0
    for r in 0..<range.count {
      let row = Int(order[r])
      var (value, moves) = (values[r * stride], Float(1))
      if let limit = pass.loss.valueClip {
        let change = value - old[row]
        moves = abs(change) <= limit ? 1 : 0
        value = old[row] + min(max(change, -limit), limit)
      }
      let error = value - targets[row]
      total += error * error
      slopes[r * step] = factor * moves * error
    }
    return total
  }
}
