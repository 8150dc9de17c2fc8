import Archive
import Interfaces
import Kernels

/// Hindsight experience replay (Andrychowicz et al. 2017, algorithm 1, strategy "future"): once an episode is over, each of its
/// steps is remembered under `goals` more goals, achieved after steps of the same episode drawn uniformly from that one on, with
/// the rewards and terminations that the task's objective gives them.
public struct HindsightRelabelling: Sendable {
  /// Goals for each step besides the one that was wanted.
  public let goals: Int
  private let layout: GoalLayout
  private let objective: any Objective
  private let (observationSize, actionSize): (Int, Int)
  /// Of each copy.
  private var episodes: [Steps] = [Steps()]
  private var random: RandomStream

  /// The steps of an episode under way.
  private struct Steps {
    var observations: [Float] = []
    var actions: [Float] = []
    var next: [Float] = []
    /// 1 where the step terminated the episode.
    var terminated: [Float] = []
  }

  /// For an environment of `spec`, whose observations show goals as `layout` says and whose `objective` knows rewards.
  public init(
    goals: Int, layout: GoalLayout, objective: any Objective, spec: EnvironmentSpec, using random: RandomStream
  ) {
    precondition(goals > 0 && objective.knowsReward, "\(goals) goals, or unknown rewards")
    precondition(
      layout.achieved.upperBound <= spec.observationSize && layout.desired.upperBound <= spec.observationSize)
    self.goals = goals
    self.layout = layout
    self.objective = objective
    (observationSize, actionSize) = (spec.observationSize, spec.action.size)
    self.random = random
  }

  /// Makes room for that many copies.
  public mutating func prepare(copies: Int) { episodes = Array(repeating: Steps(), count: copies) }

  /// Forgets the steps of a copy's episode under way, as when another one starts.
  public mutating func reset(_ copy: Int) { episodes[copy] = Steps() }

  /// Takes in copy `index`'s step of `round`; where it ends the episode, appends its relabelled steps to `replay`.
  public mutating func append(_ index: Int, of round: CopySteps, to replay: inout ReplayBuffer) {
    episodes[index].observations += round.observations.row(index)
    episodes[index].actions += round.actions.row(index)
    episodes[index].next += round.next.row(index)
    episodes[index].terminated.append(round.endings[index] == .terminated ? 1 : 0)
    guard round.endings[index] != .none else { return }
    let steps = episodes[index]
    episodes[index] = Steps()
    relabel(steps, into: &replay)
  }

  private mutating func relabel(_ steps: Steps, into replay: inout ReplayBuffer) {
    let (count, d, a) = (steps.terminated.count, observationSize, actionSize)
    var batch = TransitionBatch(count: count * goals, observationSize: d, actionSize: a)
    let (o, n) = (batch.observations.mutablePointer, batch.nextObservations.mutablePointer)
    let actions = batch.actions.mutablePointer
    for t in 0..<count {
      for k in 0..<goals {
        let row = t * goals + k
        let later = t + random.index(below: count - t)
        for c in 0..<d { (o[row * d + c], n[row * d + c]) = (steps.observations[t * d + c], steps.next[t * d + c]) }
        for c in 0..<a { actions[row * a + c] = steps.actions[t * a + c] }
        for c in 0..<layout.size {
          let goal = steps.next[later * d + layout.achieved.lowerBound + c]
          o[row * d + layout.desired.lowerBound + c] = goal
          n[row * d + layout.desired.lowerBound + c] = goal
        }
      }
    }
    var terminated = [Bool](repeating: false, count: batch.count)
    terminated.withUnsafeMutableBufferPointer { flags in
      guard let flags = flags.baseAddress else { return }
      objective.evaluate(
        count: batch.count, states: batch.observations.pointer, actions: batch.actions.pointer,
        next: batch.nextObservations.pointer, rewards: batch.rewards.mutablePointer, terminated: flags)
    }
    for row in 0..<batch.count {
      let ends = objective.knowsTermination ? terminated[row] : steps.terminated[row / goals] != 0
      batch.continues[row] = ends ? 0 : 1
    }
    replay.append(batch, count: batch.count)
  }
}

extension HindsightRelabelling: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    for copy in episodes.indices {
      try fields.field("\(copy).observations", &episodes[copy].observations, growing: true)
      try fields.field("\(copy).actions", &episodes[copy].actions, growing: true)
      try fields.field("\(copy).next", &episodes[copy].next, growing: true)
      try fields.field("\(copy).terminated", &episodes[copy].terminated, growing: true)
      let steps = episodes[copy]
      let count = steps.terminated.count
      guard steps.observations.count == count * observationSize, steps.next.count == count * observationSize,
        steps.actions.count == count * actionSize
      else { throw .mismatch(name: "episode", expected: "\(count) steps", found: "\(steps.next.count) numbers") }
    }
    try fields.field("random", &random)
  }
}
