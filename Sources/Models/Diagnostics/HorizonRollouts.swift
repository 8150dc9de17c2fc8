import Experience
import Imagining
import Interfaces
import Kernels

/// Imagined trajectories beside real ones: from states along the episodes, under the episodes' own actions.
struct HorizonRollouts<Model: PredictiveModel> {
  /// Most real states to start from, spread evenly over all steps.
  private static var mostStarts: Int { 200 }

  private let model: Model
  private let episodes: [Trajectories.Episode]
  private let horizon: Int
  private let particles: Int
  private let random: RandomStream
  /// Components that are compared.
  private let components: [Int]

  init(
    _ model: Model, _ episodes: [Trajectories.Episode], horizon: Int, particles: Int, without constants: [Int],
    using random: RandomStream
  ) {
    components = (0..<model.stateSize).filter { !constants.contains($0) }
    self.model = model
    self.episodes = episodes
    self.horizon = min(horizon, episodes.map(\.length).max() ?? 0)
    self.particles = particles
    self.random = random
  }

  /// Sums over rows of one step ahead, each component by itself.
  fileprivate struct Sums {
    var error: [Double]
    var spread: [Double]
    var persistence: [Double]
    var count = 0

    init(size: Int) {
      error = Array(repeating: 0, count: size)
      spread = error
      persistence = error
    }
  }

  func errors() -> [ModelDiagnostics.HorizonError] {
    let all = episodes.indices.flatMap { e in
      (0..<episodes[e].length).map { (episode: e, time: $0) }
    }
    let stride = max(1, (all.count + Self.mostStarts - 1) / Self.mostStarts)
    let starts = Swift.stride(from: 0, to: all.count, by: stride).map { all[$0] }
    let imagination = Imagination(
      in: KnownRewards(model, UnknownObjective()), itemsPerShard: starts.count, particles: particles
    ) { rows in Comparison(self, starts, rows: rows) }
    var sums = Array(repeating: Sums(size: model.stateSize), count: horizon)
    withUnsafeMutablePointer(to: &sums) { sums in
      imagination.run(items: starts.count, steps: horizon, sums, using: random)
    }
    return sums.enumerated().map { index, sums in
      func root(_ squares: [Double]) -> Double {
        squares.reduce(0) { $0 + ($1 / Double(max(sums.count, 1))).squareRoot() } / Double(max(components.count, 1))
      }
      return ModelDiagnostics.HorizonError(
        step: index + 1, error: root(sums.error), spread: root(sums.spread), persistence: root(sums.persistence),
        count: sums.count)
    }
  }

  /// Follows the episodes' own actions and adds up how far the imagined states are from the real ones.
  private final class Comparison: RolloutVisitor {
    typealias Rollout = KnownRewards<Model>.Rollout
    private let owner: HorizonRollouts
    private let starts: [(episode: Int, time: Int)]
    private let scales: [Double]
    private var states: Matrix
    private var actions: Matrix
    private var sums: UnsafeMutablePointer<[Sums]>?

    init(_ owner: HorizonRollouts, _ starts: [(episode: Int, time: Int)], rows: Int) {
      self.owner = owner
      self.starts = starts
      scales = owner.scales()
      states = Matrix(rows: rows, columns: owner.model.stateSize)
      actions = Matrix(rows: rows, columns: owner.model.actionSize)
    }

    func begin(
      _ shard: ImaginedShard, _ job: UnsafeMutablePointer<[Sums]>
    ) -> (starts: RolloutStarts, random: RandomStream) {
      sums = job
      for row in 0..<shard.rows {
        let start = starts[row % starts.count]
        states.setRow(row, Array(owner.episodes[start.episode].observations.row(start.time)))
      }
      return (
        RolloutStarts(count: shard.rows, states: states.pointer, rowsPerParticle: starts.count), owner.random
      )
    }

    func act(_ t: Int, at states: UnsafePointer<Float>) -> UnsafePointer<Float> {
      for row in 0..<actions.rows {
        let start = starts[row % starts.count]
        let episode = owner.episodes[start.episode]
        // Past the end of an episode the action does not matter: such rows are not counted.
        actions.setRow(row, Array(episode.actions.row(min(start.time + t, episode.length - 1))))
      }
      return actions.pointer
    }

    func visit(_ t: Int, _ step: PredictedStep, active: UnsafePointer<Float>) -> Bool {
      guard let sums else { return false }
      for (place, start) in starts.enumerated() {
        let episode = owner.episodes[start.episode]
        guard start.time + t + 1 <= episode.length else { continue }
        owner.add(
          place, start.time, t + 1, of: episode, step.next, among: starts.count, scales, to: &sums.pointee[t])
      }
      return true
    }

    func finish(_ rollout: inout Rollout, active: UnsafePointer<Float>, stride: Int) { sums = nil }
  }

  /// Adds what one start contributes: `states` [particles * count, D], particle by particle.
  private func add(
    _ place: Int, _ time: Int, _ step: Int, of episode: Trajectories.Episode,
    _ states: UnsafePointer<Float>,
    among count: Int, _ scales: [Double], to sums: inout Sums
  ) {
    let size = model.stateSize
    for i in components {
      let values = (0..<particles).map { Double(states[($0 * count + place) * size + i]) }
      let mean = values.reduce(0, +) / Double(particles)
      let (truth, now) = (
        Double(episode.observations[time + step, i]), Double(episode.observations[time, i])
      )
      let (gap, change) = ((mean - truth) / scales[i], (now - truth) / scales[i])
      sums.error[i] += gap * gap
      sums.persistence[i] += change * change
      sums.spread[i] +=
        values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(particles)
        / (scales[i] * scales[i])
    }
    sums.count += 1
  }

  /// Standard deviation of each component of the states.
  private func scales() -> [Double] {
    var moments = RunningMoments(size: model.stateSize)
    for episode in episodes { moments.add(episode.observations) }
    return moments.standardDeviation
  }
}
