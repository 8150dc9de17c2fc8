import Archive
import Imagining
import Interfaces
import Kernels
import Networks

/// The engine of particles in a world of type `W`.
public typealias ParticleImagination<W: World> = Imagination<W, ParticleSearchVisitor<W.Rollout>>

/// A radial basis policy improved by the gradient of the average return of particles that a model imagines: MC-PILCO
/// (Amadio et al., "Model-based policy search using Monte Carlo gradient estimation with real systems application" 2022).
///
///     J = average over particles of Σ_{t < H} γ^t r(s_t, a_t, s_{t+1}),  a = tanh(Σ_b w_b φ_b(s)) in the unit box
///
/// with the draws of the model held fixed in each update, and some bases left out of each step (dropout, which keeps single
/// bases from deciding). A training is a number of Adam's steps on fresh particles, learning rate and dropout falling
/// linearly. The first one starts from the best of some random policies; with `restarts` each tries more of them.
public struct ParticleSearch: ActingLearner {
  public static let metricNames = ["imagined_return", "gradient_norm", "skipped_updates"]

  /// What was set.
  public let settings: ParticleSearchSettings
  private let network: RadialBasisNetwork
  private let scaling: ActionScaling
  /// The policy's parameters; zeros, so that actions are the middle of their range, before the first training.
  package private(set) var parameters: Vector
  /// Trainings so far.
  public private(set) var trainings = 0
  private var acting: Vector

  /// A learner for observations of `observationSize` floats and actions between `low` and `high`.
  public init(_ settings: ParticleSearchSettings, observationSize: Int, low: [Float], high: [Float]) {
    self.settings = settings
    scaling = ActionScaling(low: low, high: high)
    network = RadialBasisNetwork(inputs: observationSize, bases: settings.bases, outputs: scaling.size)
    parameters = Vector(count: network.layout.count)
    acting = Vector(count: settings.bases)
  }

  public mutating func act(
    on observations: UnsafePointer<Float>, of copies: Range<Int>, explore: Bool,
    using streams: UnsafeMutablePointer<RandomStream>, actions: UnsafeMutablePointer<Float>
  ) {
    let size = scaling.size
    for row in 0..<copies.count {
      let unit = actions + row * size
      network.forward(
        parameters.pointer, observations + row * network.inputs, rows: 1, basis: acting.mutablePointer, outputs: unit)
      for a in 0..<size { unit[a] = Scalar.tanh(unit[a]) }
    }
    scaling.fromUnit(actions, rows: copies.count)
  }

  /// The engine for trainings in `world`, whose steps must have gradients. It shares the world's parameters: let go of it
  /// before the world is fitted again. Allocates.
  public func makeImagination<W: World>(in world: W) -> ParticleImagination<W> {
    precondition(world.gradients >= .pathwise, "a world without gradients")
    let (network, horizon) = (network, settings.horizon)
    return Imagination(in: world, itemsPerShard: ParticleSearchSettings.rowsPerShard, keeping: horizon) { rows in
      ParticleSearchVisitor(network, horizon: horizon, rows: rows)
    }
  }

  /// A training in the world of `imagination`. `draw` fills start states [N, D] and their times [N]; `observations` [M, D]
  /// are what fresh bases lie among. Throws `NumericalFailure` where no return is finite.
  public mutating func train<W: World>(
    in imagination: ParticleImagination<W>, observations: Matrix, using random: inout RandomStream,
    metrics: inout MetricRow,
    drawing draw: (_ starts: inout Matrix, _ times: UnsafeMutablePointer<Int>, _ random: inout RandomStream) -> Void
  ) throws(NumericalFailure) {
    let scratch = ParticleSearchScratch(network, settings)
    if trainings == 0 {
      draw(&scratch.starts, scratch.times.pointer, &random)
      parameters = bestOfFresh(
        among: observations, in: imagination, scratch, using: &random, measuredWith: random.child("candidate"))
    }
    let stream = random.child("training").child(trainings)
    trainings += 1
    if settings.restarts > 0 {
      try tryFresh(in: imagination, observations, scratch, using: &random, stream.child("trials"), drawing: draw)
    }
    try ascend(
      &parameters, updates: settings.updates, in: imagination, scratch, using: &random, stream, drawing: draw
    ) { metrics.record($0, $1) }
  }

  /// The best, from the starts in `scratch`, of `candidates` random policies.
  private func bestOfFresh<W: World>(
    among observations: Matrix, in imagination: ParticleImagination<W>, _ scratch: ParticleSearchScratch,
    using random: inout RandomStream, measuredWith stream: RandomStream
  ) -> Vector {
    var (best, chosen) = (-Float.infinity, Vector(count: 0))
    for index in 0..<settings.candidates {
      let candidate = freshParameters(among: observations, using: &random)
      let value = scratch.measure(
        candidate, network, scaling, settings, in: imagination, using: stream.child(index))
      if value > best || index == 0 { (best, chosen) = (value, candidate) }
    }
    return chosen
  }

  /// Improves the policy and `restarts` fresh ones for a while, each from the best of `candidates`, and keeps the one with
  /// the greatest average return from the same starts with the same draws: the way out of a policy that no gradient improves.
  private mutating func tryFresh<W: World>(
    in imagination: ParticleImagination<W>, _ observations: Matrix, _ scratch: ParticleSearchScratch,
    using random: inout RandomStream, _ stream: RandomStream,
    drawing draw: (_ starts: inout Matrix, _ times: UnsafeMutablePointer<Int>, _ random: inout RandomStream) -> Void
  ) throws(NumericalFailure) {
    var tried: [Vector] = []
    for index in 0...settings.restarts {
      var policy = parameters
      if index > 0 {
        draw(&scratch.starts, scratch.times.pointer, &random)
        policy = bestOfFresh(
          among: observations, in: imagination, scratch, using: &random,
          measuredWith: stream.child("candidate").child(index))
      }
      try ascend(
        &policy, updates: settings.trialUpdates, in: imagination, scratch, using: &random, stream.child(index),
        drawing: draw)
      tried.append(policy)
    }
    draw(&scratch.starts, scratch.times.pointer, &random)
    var best = -Float.infinity
    for policy in tried {
      let value = scratch.measure(
        policy, network, scaling, settings, in: imagination, using: stream.child("comparison"))
      if value > best { (best, parameters) = (value, policy) }
    }
  }

  /// `updates` of Adam on `policy`, learning rate and dropout falling linearly.
  private func ascend<W: World>(
    _ policy: inout Vector, updates: Int, in imagination: ParticleImagination<W>, _ scratch: ParticleSearchScratch,
    using random: inout RandomStream, _ stream: RandomStream,
    drawing draw: (_ starts: inout Matrix, _ times: UnsafeMutablePointer<Int>, _ random: inout RandomStream) -> Void,
    record: (String, Float) -> Void = { _, _ in }
  ) throws(NumericalFailure) {
    var optimizer = Adam(count: policy.count)
    for update in 0..<updates {
      let left = 1 - Float(update) / Float(max(updates - 1, 1))
      draw(&scratch.starts, scratch.times.pointer, &random)
      let value = scratch.differentiate(
        policy, network, scaling, settings, dropout: settings.dropout * left, in: imagination,
        using: stream.child(update))
      guard value.isFinite || update < updates - 1 else {
        throw NumericalFailure(metric: "imagined_return", value: value)
      }
      let norm = scratch.gradient.clipNorm(to: settings.gradientClip)
      // particles that went out of bounds say nothing about where to go
      record("skipped_updates", norm.isFinite ? 0 : 1)
      guard norm.isFinite else { continue }
      record("imagined_return", value)
      record("gradient_norm", norm)
      optimizer.step(
        &policy, gradient: scratch.gradient,
        learningRate: settings.finalLearningRate + left * (settings.learningRate - settings.finalLearningRate))
    }
  }

  /// The gradient that an update without dropout descends, and the average return. For studies and tests.
  package func gradient<W: World>(
    of parameters: Vector, at starts: Matrix, in imagination: ParticleImagination<W>, using random: RandomStream
  ) -> (gradient: [Float], value: Float) {
    precondition(starts.rows == settings.particles, "\(starts.rows) starts of \(settings.particles) particles")
    let scratch = ParticleSearchScratch(network, settings)
    scratch.starts = starts
    let value = scratch.differentiate(
      parameters, network, scaling, settings, dropout: 0, in: imagination, using: random)
    return (scratch.gradient.elements, value)
  }

  /// A random policy whose bases lie among `observations` [M, D], each at one of them with normal noise of half their
  /// standard deviations.
  package func freshParameters(among observations: Matrix, using random: inout RandomStream) -> Vector {
    precondition(observations.columns == network.inputs && observations.rows > 0, "observations of another shape")
    var moments = RunningMoments(size: network.inputs)
    moments.add(observations)
    let deviations = moments.standardDeviation.map { max(Float($0), 1e-3) }
    var fresh = Vector(count: network.layout.count)
    let target = fresh.mutablePointer
    for b in 0..<network.bases {
      let row = random.index(below: observations.rows)
      for d in 0..<network.inputs {
        target[network.centers + d * network.bases + b] =
          observations[row, d] + 0.5 * deviations[d] * random.normal()
      }
    }
    for d in 0..<network.inputs { target[network.lengths + d] = Scalar.log(settings.basisLength * deviations[d]) }
    for i in 0..<network.bases * network.outputs {
      target[network.weights + i] = settings.weightScale * random.normal()
    }
    return fresh
  }
}

extension ParticleSearch: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("policy", &parameters)
    try fields.field("trainings", &trainings)
  }
}

/// Buffers of a training.
final class ParticleSearchScratch {
  var starts: Matrix
  let times: FixedBuffer<Int>
  private var shardGradients: Vector
  private var returns: Vector
  /// What `differentiate` found, laid out as the policy's parameters.
  var gradient: Vector

  init(_ network: RadialBasisNetwork, _ settings: ParticleSearchSettings) {
    let rows = settings.particles
    let shards = (rows + ParticleSearchSettings.rowsPerShard - 1) / ParticleSearchSettings.rowsPerShard
    starts = Matrix(rows: rows, columns: network.inputs)
    times = FixedBuffer(0, count: rows)
    shardGradients = Vector(count: shards * network.layout.count)
    returns = Vector(count: shards)
    gradient = Vector(count: network.layout.count)
  }

  /// The average return from `starts`.
  func measure<W: World>(
    _ parameters: Vector, _ network: RadialBasisNetwork, _ scaling: ActionScaling, _ settings: ParticleSearchSettings,
    in imagination: ParticleImagination<W>, using random: RandomStream
  ) -> Float {
    run(parameters, network, scaling, settings, dropout: 0, gradients: nil, in: imagination, using: random)
  }

  /// The same, and leaves the gradient of minus it in `gradient`.
  func differentiate<W: World>(
    _ parameters: Vector, _ network: RadialBasisNetwork, _ scaling: ActionScaling, _ settings: ParticleSearchSettings,
    dropout: Float, in imagination: ParticleImagination<W>, using random: RandomStream
  ) -> Float {
    let value = run(
      parameters, network, scaling, settings, dropout: dropout, gradients: shardGradients.mutablePointer,
      in: imagination, using: random)
    let (target, count) = (gradient.mutablePointer, gradient.count)
    target.update(from: shardGradients.pointer, count: count)
    for shard in 1..<max(returns.count, 1) {
      Elementwise.add(target, shardGradients.pointer + shard * count, count: count)
    }
    return value
  }

  private func run<W: World>(
    _ parameters: Vector, _ network: RadialBasisNetwork, _ scaling: ActionScaling, _ settings: ParticleSearchSettings,
    dropout: Float, gradients: UnsafeMutablePointer<Float>?, in imagination: ParticleImagination<W>,
    using random: RandomStream
  ) -> Float {
    let job = ParticleSearchJob(
      network: network, parameters: parameters.pointer, scaling: scaling, starts: starts.pointer,
      times: UnsafePointer(times.pointer), rows: settings.particles, discount: settings.discount, dropout: dropout,
      gradients: gradients, returns: returns.mutablePointer)
    withExtendedLifetime(parameters) {
      imagination.run(items: settings.particles, steps: settings.horizon, job, using: random)
    }
    return returns.elements.reduce(0, +) / Float(settings.particles)
  }
}
