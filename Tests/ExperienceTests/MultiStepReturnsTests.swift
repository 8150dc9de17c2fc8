import Experience
import Interfaces
import Kernels
import TestSupport
import Testing

@Suite struct MultiStepReturnsTests {
  /// What a course of steps leaves in the replay: observation k is [k], its action [10 k], its reward k + 1.
  private static func course(
    _ steps: Int, discount: Float, endings: [Ending], interruptedAt interruption: Int? = nil
  ) throws -> TransitionBatch {
    var returns = MultiStepReturns(steps: steps, discount: discount, observationSize: 1, actionSize: 1)
    var replay = ReplayBuffer(capacity: 100, observationSize: 1, actionSize: 1)
    for (k, ending) in endings.enumerated() {
      if k == interruption {
        let saved = OracleState(returns)
        returns = MultiStepReturns(steps: steps, discount: discount, observationSize: 1, actionSize: 1)
        try saved.restore(into: &returns)
      }
      returns.append(
        [Float(k)], [Float(10 * k)], StepOutcome(reward: Float(k + 1), ending: ending), next: [Float(k + 1)],
        to: &replay)
    }
    return replay.contents
  }

  @Test func oneStepPassesAsItIs() throws {
    let batch = try Self.course(1, discount: 0.5, endings: [.none, .truncated, .terminated, .none])
    #expect(batch.rewards.elements == [1, 2, 3, 4])
    #expect(batch.continues.elements == [1, 1, 0, 1])
    #expect(batch.nextObservations.elements == [1, 2, 3, 4])
  }

  /// Three steps at a discount of 1/2; the last ones of an episode look as far as it goes.
  @Test(arguments: [nil, 1, 2, 3, 4] as [Int?]) func rewardsAddUp(_ interruption: Int?) throws {
    let batch = try Self.course(
      3, discount: 0.5, endings: [.none, .none, .none, .none, .terminated], interruptedAt: interruption)
    #expect(batch.observations.elements == [0, 1, 2, 3, 4])
    #expect(batch.actions.elements == [0, 10, 20, 30, 40])
    #expect(batch.rewards.elements == [2.75, 4.5, 6.25, 6.5, 5])
    #expect(batch.nextObservations.elements == [3, 4, 5, 5, 5])
    #expect(batch.continues.elements == [0.25, 0.25, 0, 0, 0])
  }

  /// A truncated episode bootstraps as far ahead as each step got.
  @Test func truncationBootstraps() throws {
    let batch = try Self.course(3, discount: 0.5, endings: [.none, .none, .none, .truncated, .none])
    #expect(batch.rewards.elements == [2.75, 4.5, 5, 4])
    #expect(batch.nextObservations.elements == [3, 4, 4, 4])
    #expect(batch.continues.elements == [0.25, 0.25, 0.5, 1])
  }

  /// Episodes shorter than the steps, one after another.
  @Test func shortEpisodesStayApart() throws {
    let batch = try Self.course(5, discount: 0.5, endings: [.none, .terminated, .truncated, .none, .none])
    #expect(batch.rewards.elements == [2, 2, 3])
    #expect(batch.nextObservations.elements == [2, 2, 3])
    #expect(batch.continues.elements == [0, 0, 1])
  }

  @Test func appendingDoesNotAllocate() {
    var returns = MultiStepReturns(steps: 4, discount: 0.9, observationSize: 3, actionSize: 2)
    var replay = ReplayBuffer(capacity: 50, observationSize: 3, actionSize: 2)
    let (observation, action, next): ([Float], [Float], [Float]) = ([1, 2, 3], [4, 5], [6, 7, 8])
    let found = allocations {
      for step in 0..<30 {
        returns.append(
          observation, action, StepOutcome(reward: 1, ending: step % 9 == 8 ? .terminated : .none), next: next,
          to: &replay)
      }
    }
    #expect(found == 0)
  }
}
