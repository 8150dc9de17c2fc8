import Laboratory
import Testing

/// When runs save themselves. No test here waits: instants are made up.
@Suite struct SavingPaceTests {
  /// A run that saves whenever it is due, told in numbers alone.
  private struct Course {
    /// Seconds that a save takes, by the seconds since the start.
    var saving: (Double) -> Double
    /// Bytes of state that every save writes, and bytes of replay that a second of work adds.
    var state = 0.0
    var recordsPerSecond = 0.0

    /// Seconds in saves, bytes of state, bytes of replay, and the pauses between saves, of `seconds` of a run that asks
    /// whether it is due every 10 ms.
    func run(_ seconds: Double) -> (saving: Double, state: Double, records: Double, pauses: [Double]) {
      let start = ContinuousClock.now
      var pace = SavingPace(at: start)
      var (now, last) = (0.0, 0.0)
      var sums = (saving: 0.0, state: 0.0, records: 0.0, pauses: [Double]())
      while now < seconds {
        now += 0.01
        guard pace.isDue(at: start + .seconds(now)) else { continue }
        let (taken, added) = (saving(now), recordsPerSecond * (now - last))
        sums.pauses.append(now - last)
        pace.saved(
          from: start + .seconds(now), to: start + .seconds(now + taken),
          SavingPace.Written(state: Int(state), records: Int(added)))
        now += taken
        last = now
        sums.saving += taken
        sums.state += state
        sums.records += added
      }
      return sums
    }
  }

  @Test func aSecondAfterTheStartAndAfterSavesThatCostNothing() {
    let pauses = Course(saving: { _ in 1e-4 }).run(60).pauses
    #expect(pauses.count > 55)
    #expect(pauses.allSatisfy { (0.99...1.03).contains($0) }, "\(pauses)")
  }

  /// Saves that take ever longer, as those of a growing state.
  @Test(arguments: [0.05, 0.5, 4]) func slowSavesTakeTwoPercentOfTheTime(_ longest: Double) {
    let seconds = 20_000.0
    let course = Course(saving: { longest * min(1, 0.2 + $0 / seconds) }).run(seconds)
    #expect(course.saving <= 0.021 * seconds, "\(course.saving) s")
    // nor are they put off for longer than that needs
    #expect(course.saving >= 0.015 * seconds, "\(course.saving) s")
  }

  /// One save that a busy disk has made slow is paid for before the next.
  @Test func aSlowSaveIsPaidFor() {
    let course = Course(saving: { (20..<22).contains($0) ? 3 : 0.001 }).run(400)
    #expect(abs((course.pauses.max() ?? 0) - 147) < 0.1, "\(course.pauses)")
    #expect(course.pauses.suffix(3).allSatisfy { $0 < 1.1 }, "\(course.pauses)")
  }

  /// Networks of 10 MB beside a replay that grows by 100 kB a second.
  @Test func bytesOfStateAreBoundedByThoseOfTheReplay() {
    let seconds = 10_000.0
    let course = Course(saving: { _ in 0.01 }, state: 1e7, recordsPerSecond: 1e5).run(seconds)
    #expect(course.state <= course.records + SavingPace.stateRate * seconds + 1e7, "\(course.state), \(course.records)")
    #expect((course.pauses.max() ?? 0) <= SavingPace.longest + 0.02)
  }

  /// Without a replay, or with one that grows slowly, so large a state is still saved every three minutes.
  @Test func aLargeStateIsSavedEveryThreeMinutes() {
    let pauses = Course(saving: { _ in 0.01 }, state: 1e9).run(2000).pauses
    #expect(pauses.dropFirst().allSatisfy { abs($0 - SavingPace.longest) < 0.05 }, "\(pauses)")
    #expect(pauses.count >= 11)
  }
}
