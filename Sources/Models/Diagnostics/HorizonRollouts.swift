import Experience
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

  init(
    _ model: Model, _ episodes: [Trajectories.Episode], horizon: Int, particles: Int,
    using random: RandomStream
  ) {
    self.model = model
    self.episodes = episodes
    self.horizon = min(horizon, episodes.map(\.length).max() ?? 0)
    self.particles = particles
    self.random = random
  }

  /// Sums over rows of one step ahead, each component by itself.
  private struct Sums {
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
    let (size, count) = (model.stateSize, starts.count)
    let scales = self.scales()
    var rollout = model.makeRollout(capacity: count * particles)
    var states = Matrix(rows: count * particles, columns: size)
    var actions = Matrix(rows: count * particles, columns: model.actionSize)
    for row in 0..<count * particles {
      let start = starts[row % count]
      states.setRow(row, Array(episodes[start.episode].observations.row(start.time)))
    }
    rollout.reset(
      count: count * particles, to: states.pointer, rowsPerParticle: count, firstParticle: 0,
      using: random)
    return (1...horizon).map { step in
      for row in 0..<count * particles {
        let (episode, time) = (
          episodes[starts[row % count].episode], starts[row % count].time + step - 1
        )
        // Past the end of an episode the action does not matter: such rows are not counted.
        actions.setRow(row, Array(episode.actions.row(min(time, episode.length - 1))))
      }
      rollout.advance(actions.pointer)
      var sums = Sums(size: size)
      for (place, start) in starts.enumerated() {
        let episode = episodes[start.episode]
        guard start.time + step <= episode.length else { continue }
        add(place, start.time, step, of: episode, rollout.states, among: count, scales, to: &sums)
      }
      func root(_ squares: [Double]) -> Double {
        squares.reduce(0) { $0 + ($1 / Double(max(sums.count, 1))).squareRoot() } / Double(size)
      }
      return ModelDiagnostics.HorizonError(
        step: step, error: root(sums.error), spread: root(sums.spread),
        persistence: root(sums.persistence),
        count: sums.count)
    }
  }

  /// Adds what one start contributes: `states` [particles * count, D], particle by particle.
  private func add(
    _ place: Int, _ time: Int, _ step: Int, of episode: Trajectories.Episode,
    _ states: UnsafePointer<Float>,
    among count: Int, _ scales: [Double], to sums: inout Sums
  ) {
    let size = model.stateSize
    for i in 0..<size {
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
    return moments.standardDeviation.map { max($0, 1e-8) }
  }
}
