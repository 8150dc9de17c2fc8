import Interfaces
import Testing

/// What schedules make of the steps of a round.
@Suite struct StepSpanTests {
  /// As often as single steps would, whatever the number of copies.
  @Test(arguments: [1, 2, 3, 8, 50]) func roundsCountAsTheirStepsWould(_ copies: Int) {
    for interval in [1, 2, 3, 7, 40] {
      for origin in [0, 1, 5, 20] {
        for limit in [0, 4, 20, 33] {
          for round in 0..<30 {
            let span = StepSpan(before: round * copies, after: (round + 1) * copies)
            let steps = (round * copies + 1...(round + 1) * copies).filter { $0 > limit }
            let beyond = span.beyond(limit)
            #expect(beyond.count == steps.count)
            let due = steps.filter { $0 >= origin && ($0 - origin) % interval == 0 }.count
            #expect(beyond.multiples(of: interval, from: origin) == due)
            #expect(beyond.crosses(interval, from: origin) == (due > 0))
          }
        }
      }
    }
  }

  @Test func countersSayWhatIsNew() {
    var counter = StepCounter(7)
    #expect(counter.takeNew() == StepSpan(before: 7, after: 7))
    for _ in 0..<3 { counter.add() }
    #expect(counter.steps == 10)
    #expect(counter.takeNew() == StepSpan(before: 7, after: 10))
    #expect(counter.takeNew().count == 0)
  }
}
