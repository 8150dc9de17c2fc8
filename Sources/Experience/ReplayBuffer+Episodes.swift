import Interfaces
import Kernels

extension ReplayBuffer {
  /// Appends the steps of `episode`, of this buffer's sizes.
  public mutating func append(_ episode: Trajectories.Episode) {
    precondition(
      episode.observations.columns == observationSize && episode.actions.columns == actionSize,
      "an episode of another shape")
    withExtendedLifetime(episode) {
      for t in 0..<episode.length {
        let ends = t == episode.length - 1 && episode.ending == .terminated
        appendRow(
          episode.observations.pointer + t * observationSize, episode.actions.pointer + t * actionSize,
          reward: episode.rewards[t], next: episode.observations.pointer + (t + 1) * observationSize,
          continues: ends ? 0 : 1, time: t)
      }
    }
  }

  /// Appends transition `index` (0 is the oldest held) of another buffer of the same sizes.
  public mutating func append(_ index: Int, of other: ReplayBuffer) {
    precondition(
      other.observationSize == observationSize && other.actionSize == actionSize && (0..<other.count).contains(index),
      "transition \(index) of \(other.count), or of another shape")
    let slot = (other.appended - other.count + index) % other.capacity
    withExtendedLifetime(other) {
      appendRow(
        other.observations.pointer + slot * observationSize, other.actions.pointer + slot * actionSize,
        reward: other.rewards.pointer[slot], next: other.nextObservations.pointer + slot * observationSize,
        continues: other.continues.pointer[slot], time: other.time(of: index))
    }
  }
}
