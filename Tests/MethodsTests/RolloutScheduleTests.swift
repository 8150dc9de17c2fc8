import Methods
import Testing

@Suite struct RolloutScheduleTests {
  /// The original's arithmetic, in whole numbers: min + (epoch - e0) / (e1 - e0) * (max - min), rounded down.
  @Test(arguments: [
    [20, 150, 1, 15], [20, 100, 1, 25], [1, 15, 1, 1], [20, 300, 1, 25], [3, 3, 2, 7], [0, 10, 8, 2],
  ])
  func lengthsAreTheOriginals(_ numbers: [Int]) throws {
    let schedule = try #require(RolloutSchedule(numbers))
    for epoch in 0..<320 {
      let expected: Int
      if epoch <= numbers[0] {
        expected = numbers[2]
      } else {
        let share = min(Double(epoch - numbers[0]) / max(Double(numbers[1] - numbers[0]), 1e-9), 1)
        // a hair above, for what is whole but for rounding
        expected = Int(Double(numbers[2]) + share * Double(numbers[3] - numbers[2]) + 1e-9)
      }
      #expect(schedule.length(epoch: epoch) == expected, "epoch \(epoch)")
    }
  }

  @Test func hopperGrowsToFifteen() throws {
    let schedule = try #require(RolloutSchedule([20, 150, 1, 15]))
    #expect([0, 20, 29, 30, 85, 149, 150, 1000].map(schedule.length) == [1, 1, 1, 2, 8, 14, 15, 15])
  }

  @Test(arguments: [[], [1, 2, 3], [5, 4, 1, 1], [0, 4, 0, 1], [0, 4, 1, 0], [-1, 4, 1, 1], [1, 2, 3, 4, 5]])
  func refusesWhatIsNone(_ numbers: [Int]) { #expect(RolloutSchedule(numbers) == nil) }
}
