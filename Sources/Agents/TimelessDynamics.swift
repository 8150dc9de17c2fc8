import Archive
import Interfaces
import Kernels

/// A model without a notion of time, where one that may have it is asked for.
public struct TimelessDynamics<Model: TrainableDynamics>: EpisodicDynamics {
  private var model: Model

  /// The same model.
  public init(_ model: Model) { self.model = model }

  public static var metricNames: [String] { Model.metricNames }
  public var isFitted: Bool { model.isFitted }
  public var horizon: Int { .max }
  public var localEpisodes: Int? { nil }

  public mutating func fit(
    to data: some EpisodeSource, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    try model.fit(to: data, using: &random, metrics: &metrics)
  }

  public func makeRollout(capacity: Int) -> TimelessRollout<Model.Rollout> {
    TimelessRollout(model.makeRollout(capacity: capacity))
  }

  public func save(to writer: inout StateWriter) { model.save(to: &writer) }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) { try model.restore(from: reader) }
}

/// A rollout that pays no attention to the time. Every row is a particle of its own.
public struct TimelessRollout<Rollout: ModelRollout>: EpisodicRollout {
  private var rollout: Rollout

  init(_ rollout: Rollout) { self.rollout = rollout }

  public var states: UnsafePointer<Float> { rollout.states }
  public var predictedRewards: UnsafePointer<Float>? { rollout.predictedRewards }
  public var predictedTerminations: UnsafePointer<Bool>? { rollout.predictedTerminations }

  public mutating func reset(
    count: Int, to states: UnsafePointer<Float>, times: UnsafePointer<Int>, using random: RandomStream
  ) {
    rollout.reset(count: count, to: states, rowsPerParticle: 1, firstParticle: 0, using: random)
  }

  public mutating func advance(_ actions: UnsafePointer<Float>) { rollout.advance(actions) }
}
