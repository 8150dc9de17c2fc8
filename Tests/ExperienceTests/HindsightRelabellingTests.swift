import Archive
import Experience
import Interfaces
import Kernels
import Testing

/// Steps remembered under goals that were achieved later.
@Suite struct HindsightRelabellingTests {
  /// Observations are [place, goal]; the reward is 0 where they are equal after the step and -1 elsewhere, and the episode is
  /// over then.
  private struct Equality: Objective {
    var knowsTermination: Bool

    func evaluate(
      count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
      rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
    ) {
      for row in 0..<count {
        terminated[row] = next[2 * row] == next[2 * row + 1]
        rewards[row] = terminated[row] ? 0 : -1
      }
    }
  }

  private let spec = EnvironmentSpec(
    observationSize: 2, action: .box(low: [-1], high: [1]), timeStep: 1, stepLimit: 4)

  private func relabelling(goals: Int, knowsTermination: Bool = true) -> HindsightRelabelling {
    HindsightRelabelling(
      goals: goals, layout: GoalLayout(achieved: 0..<1, desired: 1..<2),
      objective: Equality(knowsTermination: knowsTermination), spec: spec, using: RandomStream(seed: 1))
  }

  /// The step from place `time` to `time + 1` of two copies, the second one 100 further on.
  private func round(_ time: Int, _ ending: Ending) -> CopySteps {
    var round = CopySteps(count: 2, spec: spec)
    for copy in 0..<2 {
      let place = Float(time + 100 * copy)
      round.observations.setRow(copy, [place, -7])
      round.actions.setRow(copy, [Float(time) / 10])
      round.next.setRow(copy, [place + 1, -7])
      round.rewards[copy] = -1
      round.endings[copy] = ending
    }
    return round
  }

  @Test func goalsComeFromLaterInTheEpisode() throws {
    var (her, replay) = (relabelling(goals: 40), ReplayBuffer(capacity: 1000, observationSize: 2, actionSize: 1))
    her.prepare(copies: 2)
    for time in 0..<4 {
      let round = round(time, time == 3 ? .truncated : .none)
      for copy in 0..<2 { her.append(copy, of: round, to: &replay) }
      #expect(replay.count == (time == 3 ? 320 : 0))
    }
    let batch = replay.contents
    var reached = 0
    for row in 0..<320 {
      let (time, goal) = ((row / 40) % 4, batch.observations[row, 1])
      let first = Float(row < 160 ? 0 : 100) + Float(time)
      #expect(batch.observations[row, 0] == first && batch.nextObservations[row, 0] == first + 1)
      #expect(batch.nextObservations[row, 1] == goal && batch.actions[row, 0] == Float(time) / 10)
      #expect((first + 1...Float(row < 160 ? 4 : 104)).contains(goal), "goal \(goal) at \(first)")
      let isReached = goal == first + 1
      #expect(batch.rewards[row] == (isReached ? 0 : -1) && batch.continues[row] == (isReached ? 0 : 1))
      if isReached { reached += 1 }
    }
    // a share of 1, 1/2, 1/3 and 1/4 of 80 steps each on average
    #expect((100...235).contains(reached), "\(reached)")
  }

  /// Where the objective does not know ends, they are those of the steps; an episode that is given up is forgotten.
  @Test func endsAreTheStepsOwn() throws {
    var (her, replay) = (
      relabelling(goals: 3, knowsTermination: false), ReplayBuffer(capacity: 100, observationSize: 2, actionSize: 1)
    )
    her.append(0, of: round(0, .none), to: &replay)
    her.reset(0)
    her.append(0, of: round(1, .none), to: &replay)
    her.append(0, of: round(2, .terminated), to: &replay)
    #expect(replay.contents.continues.elements == [1, 1, 1, 0, 0, 0])
  }

  /// An episode under way is saved.
  @Test func resumesWithinAnEpisode() throws {
    var (her, replay) = (relabelling(goals: 2), ReplayBuffer(capacity: 100, observationSize: 2, actionSize: 1))
    her.append(0, of: round(0, .none), to: &replay)
    var writer = StateWriter()
    writer.write("her", her)
    var again = relabelling(goals: 2)
    try StateReader(writer.file).read("her", into: &again)
    var other = replay
    her.append(0, of: round(1, .truncated), to: &replay)
    again.append(0, of: round(1, .truncated), to: &other)
    #expect(replay.contents.observations == other.contents.observations && replay.count == 4)
  }
}
