import Experience
import Interfaces
import Kernels
import Testing

@Suite struct TrajectoriesTests {
  /// An episode of rewards 1, 2, 3, 4 at the numbered observations from `first` on.
  private func play(_ trajectories: inout Trajectories, first: Float, ending: Ending) {
    for step in 0..<4 {
      let place = first + Float(step)
      trajectories.append(
        [place], [10 * place, -place],
        StepOutcome(reward: Float(step + 1), ending: step == 3 ? ending : .none), next: [place + 1])
    }
  }

  @Test func episodesHoldEveryObservationOnce() throws {
    var trajectories = Trajectories(observationSize: 1, actionSize: 2)
    play(&trajectories, first: 0, ending: .terminated)
    play(&trajectories, first: 100, ending: .truncated)
    #expect(trajectories.episodes.map(\.ending) == [.terminated, .truncated])
    #expect(trajectories.stepCount == 8)
    let second = try #require(trajectories.episodes.last)
    #expect(second.observations == Matrix(rows: 5, columns: 1, [100, 101, 102, 103, 104]))
    #expect(second.actions == Matrix(rows: 4, columns: 2, [1000, -100, 1010, -101, 1020, -102, 1030, -103]))
    #expect(second.rewards == [1, 2, 3, 4] && second.length == 4 && second.totalReward == 10)
  }

  /// Discount 1/2: 4 -> 3 + 2 -> 2 + 2.5 -> 1 + 2.25 without a bootstrap; 8 at the end adds 4 to the last of them.
  @Test func returnsBootstrapUnlessTerminated() throws {
    var trajectories = Trajectories(observationSize: 1, actionSize: 2)
    for ending in [Ending.terminated, .truncated] { play(&trajectories, first: 0, ending: ending) }
    play(&trajectories, first: 0, ending: .none)
    trajectories.cut(at: [4])
    let (terminated, truncated, cut) = (trajectories.episodes[0], trajectories.episodes[1], trajectories.episodes[2])
    let bare: [Float] = [3.25, 4.5, 5, 4]
    #expect(terminated.returns(discount: 0.5, bootstrap: 8) == bare)
    #expect(truncated.returns(discount: 0.5) == bare)
    #expect(truncated.returns(discount: 0.5, bootstrap: 8) == [3.75, 5.5, 7, 8])
    #expect(cut.returns(discount: 0.5, bootstrap: 8) == [3.75, 5.5, 7, 8])
    #expect(truncated.returns(discount: 1, bootstrap: 100) == [110, 109, 107, 104])
    #expect(truncated.returns(discount: 0, bootstrap: 100) == [1, 2, 3, 4])
  }

  @Test func cuttingClosesWhatIsUnderWay() {
    var trajectories = Trajectories(observationSize: 1, actionSize: 1)
    trajectories.cut(at: [5])
    #expect(trajectories.episodes.isEmpty, "an episode without steps")
    trajectories.append([0], [1], StepOutcome(reward: 2, ending: .none), next: [1])
    #expect(trajectories.episodes.isEmpty && trajectories.stepCount == 0)
    trajectories.cut(at: [1])
    #expect(trajectories.episodes.map(\.ending) == [.none])
    #expect(trajectories.episodes.map(\.observations) == [Matrix(rows: 2, columns: 1, [0, 1])])
    trajectories.append([7], [1], StepOutcome(reward: 2, ending: .terminated), next: [8])
    #expect(trajectories.episodes.last?.observations == Matrix(rows: 2, columns: 1, [7, 8]))
  }

  @Test func keepsTheNewestEpisodes() {
    var trajectories = Trajectories(observationSize: 1, actionSize: 2)
    for episode in 0..<5 { play(&trajectories, first: Float(100 * episode), ending: .truncated) }
    trajectories.keepLast(7)
    #expect(trajectories.episodes.count == 5)
    trajectories.keepLast(2)
    #expect(trajectories.episodes.map { $0.observations[0, 0] } == [300, 400])
    trajectories.keepLast(0)
    #expect(trajectories.episodes.isEmpty && trajectories.stepCount == 0)
  }
}
