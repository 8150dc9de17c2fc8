import Foundation
import Networks
import Testing

@Suite struct ScheduleTests {
  @Test func constant() {
    #expect(Schedule.constant(0.3).value(at: 0) == 0.3 && Schedule.constant(0.3).value(at: 1_000_000) == 0.3)
  }

  @Test func linear() {
    let schedule = Schedule.linear(start: 1, end: 0.2, steps: 100)
    #expect(schedule.value(at: 0) == 1)
    #expect(abs(schedule.value(at: 50) - 0.6) < 1e-6 && abs(schedule.value(at: 25) - 0.8) < 1e-6)
    #expect(schedule.value(at: 100) == 0.2 && schedule.value(at: 5_000) == 0.2)
  }

  @Test func cosine() {
    let schedule = Schedule.cosine(start: 2, end: 0.5, steps: 80)
    #expect(schedule.value(at: 0) == 2 && abs(schedule.value(at: 40) - 1.25) < 1e-6)
    for step in 0...80 {
      let expected = 0.5 + 1.5 * 0.5 * (1 + cos(Double.pi * Double(step) / 80))
      #expect(abs(Double(schedule.value(at: step)) - expected) < 1e-6)
    }
    #expect(schedule.value(at: 80) == 0.5 && schedule.value(at: 81) == 0.5)
  }

  @Test func endsAreExactEvenFarApart() {
    for schedule in [Schedule.linear(start: 1e8, end: 0.1, steps: 7), .cosine(start: 1e8, end: 0.1, steps: 7)] {
      #expect(schedule.value(at: 0) == 1e8 && schedule.value(at: 7) == 0.1 && schedule.value(at: 8) == 0.1)
    }
  }

  @Test func noStepsIsTheEnd() {
    #expect(Schedule.linear(start: 1, end: 3, steps: 0).value(at: 0) == 3)
    #expect(Schedule.cosine(start: 1, end: 3, steps: 0).value(at: 0) == 3)
  }
}
