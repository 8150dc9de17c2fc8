import Archive
import Experience
import Interfaces
import Kernels
import Learners

/// Particles in a world as a search: where they start, and when the world's parameters are let go of.
public struct ParticlePolicySearch<World: LearnedWorld>: PolicySearch {
  public static var metricNames: [String] { ParticleSearch.metricNames }

  private var learner: ParticleSearch

  /// Around `learner`; the world's steps must have gradients.
  init(_ learner: ParticleSearch) { self.learner = learner }

  public var trainings: Int { learner.trainings }

  public mutating func act(
    on observations: UnsafePointer<Float>, of copies: Range<Int>, explore: Bool,
    using streams: UnsafeMutablePointer<RandomStream>, actions: UnsafeMutablePointer<Float>
  ) {
    learner.act(on: observations, of: copies, explore: explore, using: streams, actions: actions)
  }

  /// A share of the particles starts where episodes did, half of the others at any state seen, the other half at states
  /// seen that lie far apart. Times, where the world depends on them, are those of the states that are not such.
  public mutating func train(
    in world: World, from replay: ReplayBuffer, firstStates: [Float], using random: inout RandomStream,
    metrics: inout MetricRow
  ) throws(NumericalFailure) {
    let (settings, size) = (learner.settings, replay.observationSize)
    func batch(_ count: Int) -> TransitionBatch {
      TransitionBatch(count: count, observationSize: size, actionSize: world.actionSize, keepsTimes: world.isTimed)
    }
    var (seen, drawn) = (batch(1024), batch(settings.particles))
    replay.sample(into: &seen, using: &random)
    let spread =
      world.isTimed
      ? nil : SpreadStates.choose(2 * settings.particles, of: replay, actionSize: world.actionSize, using: &random)
    let firsts = firstStates.isEmpty ? 0 : Int((settings.firstStates * Float(settings.particles)).rounded())
    try learner.train(
      in: learner.makeImagination(in: world), observations: seen.observations, using: &random, metrics: &metrics
    ) { starts, times, random in
      replay.sample(into: &drawn, using: &random)
      starts.copy(from: drawn.observations)
      for row in 0..<starts.rows { times[row] = drawn.times.isEmpty ? 0 : drawn.times[row] }
      for row in 0..<firsts {
        let place = random.index(below: firstStates.count / size) * size
        starts.setRow(row, Array(firstStates[place..<place + size]))
        times[row] = 0
      }
      guard let spread else { return }
      for row in stride(from: firsts, to: starts.rows, by: 2) {
        let place = random.index(below: spread.rows)
        starts.setRow(row, (0..<size).map { spread[place, $0] })
      }
    }
  }
}

extension ParticlePolicySearch: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) { try fields.inline(&learner) }
}
