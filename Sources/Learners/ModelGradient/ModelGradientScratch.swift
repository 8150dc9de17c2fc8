import Imagining
import Interfaces
import Kernels
import Networks

/// Buffers of the gradient of imagined returns, whose shards' shares are added in order.
final class ModelGradientScratch<Head: ActorHead> {
  private let capacity: Int
  private let particles: Int
  private let packed: PackedWeights
  private var starts: Matrix
  private let times: FixedBuffer<Int>
  private var shardGradients: Vector  // [shards, parameters]
  private var sums: Vector  // [shards, 2]: returns and likelihood shares
  /// What `differentiate` found, laid out as the policy's parameters.
  var gradient: Vector

  /// Means over trajectories, and over steps and shards.
  struct Outcome {
    var meanReturn: Float
    var likelihoodShare: Float
  }

  init(_ core: ActorCriticCore<Head>, _ settings: PolicyBackpropagationSettings, starts count: Int) {
    capacity = count
    particles = settings.particles
    let rows = count * particles
    let shards = (rows + settings.rowsPerShard - 1) / settings.rowsPerShard
    packed = PackedWeights(for: core.actorNetwork, gradients: true, inputGradients: true)
    starts = Matrix(rows: rows, columns: core.actorNetwork.inputs)
    times = FixedBuffer(0, count: rows)
    shardGradients = Vector(count: shards * core.actor.count)
    sums = Vector(count: 2 * shards)
    gradient = Vector(count: core.actor.count)
  }

  /// Whether it can serve that many starts.
  func fits(starts: Int) -> Bool { starts <= capacity }

  /// Leaves in `gradient` that of minus the average imagined return from `observations` [N, D]; `times` [N], or none,
  /// are theirs within their episodes.
  func differentiate<W: World>(
    _ core: ActorCriticCore<Head>, _ settings: PolicyBackpropagationSettings, at observations: Matrix, times: [Int],
    in imagination: ModelGradientImagination<W, Head>, using random: RandomStream
  ) -> Outcome {
    precondition(
      observations.columns == core.actorNetwork.inputs && observations.rows > 0, "observations of another shape")
    let (width, target) = (observations.columns, starts.mutablePointer)
    let rows = observations.rows * particles
    for row in 0..<rows {
      (target + row * width).update(from: observations.pointer + row / particles * width, count: width)
      self.times.pointer[row] = times.isEmpty ? 0 : times[row / particles]
    }
    packed.update(from: core.actor.pointer)
    let job = ModelGradientJob(
      head: core.head, network: core.actorNetwork, parameters: core.actor.pointer, packed: packed,
      scaling: core.scaling, critics: core.critics, criticParameters: core.criticParameters.pointer,
      starts: starts.pointer, times: UnsafePointer(self.times.pointer), rows: rows,
      gradients: shardGradients.mutablePointer, sums: sums.mutablePointer)
    imagination.run(items: rows, steps: settings.horizon, job, using: random)
    return add(shards: imagination.shards(of: rows), rows: rows, horizon: settings.horizon)
  }

  private func add(shards: Int, rows: Int, horizon: Int) -> Outcome {
    let (target, count) = (gradient.mutablePointer, gradient.count)
    target.update(from: shardGradients.pointer, count: count)
    for shard in 1..<max(shards, 1) {
      Elementwise.add(target, shardGradients.pointer + shard * count, count: count)
    }
    var outcome = Outcome(meanReturn: 0, likelihoodShare: 0)
    for shard in 0..<shards {
      outcome.meanReturn += sums[2 * shard] / Float(rows)
      outcome.likelihoodShare += sums[2 * shard + 1] / Float(shards * horizon)
    }
    return outcome
  }
}
