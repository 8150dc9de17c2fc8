import Experience
import Interfaces
import Kernels
import TestSupport
import Testing

/// Advantages and returns against tables worked out by hand.
@Suite struct ReturnEstimationTests {
  /// Two copies, four steps. The first copy's episode terminates with step 1; the second's is truncated with step 2, and what
  /// it was cut at is worth 10. After the segment the copies' observations are worth 3 and 5.
  private let rewards: [Float] = [1, 2, 3, 4, 5, 6, 7, 8]
  private let values: [Float] = [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]
  private let following: [Float] = [1.5, 2, 0, 3, 3.5, 10, 3, 5]
  private let continues: [Float] = [1, 1, 0, 1, 1, 0, 0, 0]

  private func table(_ body: (SegmentOutlook, UnsafeMutablePointer<Float>) -> Void) -> [Float] {
    var result = [Float](repeating: .nan, count: 8)
    body(
      SegmentOutlook(
        steps: 4, copies: 2, rewards: rewards, values: values, following: following, continues: continues), &result)
    return result
  }

  private func expectClose(_ found: [Float], _ expected: [Float], _ what: String) {
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-5, "\(what): \(found), not \(expected)") }
  }

  @Test func generalizedAdvantages() {
    // errors r + 0.5 v' - v, then sums with factor 0.5 * 0.4 = 0.2 within episodes
    let errors: [Float] = [1.25, 2, 1.5, 3.5, 4.25, 8, 5, 6.5]
    let found = table { ReturnEstimation.generalizedAdvantages($0, discount: 0.5, lambda: 0.4, into: $1) }
    expectClose(
      found,
      [
        1.25 + 0.2 * 1.5, 2 + 0.2 * (3.5 + 0.2 * 8), 1.5, 3.5 + 0.2 * 8, 4.25 + 0.2 * 5, 8, 5, 6.5,
      ], "lambda 0.4")
    expectClose(
      table { ReturnEstimation.generalizedAdvantages($0, discount: 0.5, lambda: 0, into: $1) }, errors, "lambda 0")
  }

  @Test func returnsToTheEnd() {
    let found = table { ReturnEstimation.returns($0, discount: 0.5, into: $1) }
    let last: [Float] = [7 + 1.5, 8 + 2.5]
    expectClose(
      found, [1 + 1.5, 2 + 0.5 * (4 + 0.5 * 11), 3, 4 + 0.5 * 11, 5 + 0.5 * last[0], 11, last[0], last[1]], "returns")
    // with lambda 1 advantages are returns less values
    let advantages = table { ReturnEstimation.generalizedAdvantages($0, discount: 0.5, lambda: 1, into: $1) }
    expectClose(zip(advantages, values).map { $0 + $1 }, found, "lambda 1")
  }

  @Test func multiStepReturns() {
    expectClose(
      table { ReturnEstimation.returns($0, discount: 0.5, steps: 1, into: $1) },
      [1.75, 3, 3, 5.5, 6.75, 11, 8.5, 10.5], "one step")
    expectClose(
      table { ReturnEstimation.returns($0, discount: 0.5, steps: 2, into: $1) },
      [2.5, 2 + 2 + 0.25 * 3, 3, 4 + 3 + 0.25 * 10, 5 + 3.5 + 0.25 * 3, 11, 8.5, 10.5], "two steps")
    expectClose(
      table { ReturnEstimation.returns($0, discount: 0.5, steps: 99, into: $1) },
      table { ReturnEstimation.returns($0, discount: 0.5, into: $1) }, "all steps")
  }

  @Test func wholeReturnsAreThoseOfWholeEpisodes() {
    var segment = RolloutSegment(copies: 2, observationSize: 1, actionSize: 1, capacity: 2)
    let endings: [[Ending]] = [[.none, .none], [.terminated, .none], [.none, .truncated], [.none, .terminated]]
    for t in 0..<4 {
      segment.append(
        observations: [0, 0], actions: [0, 0], rewards: Array(rewards[2 * t..<2 * t + 2]), endings: endings[t],
        next: [Float(t), Float(t)])
    }
    #expect(segment.truncatedRows == [5] && segment.truncated[0, 0] == 2 && segment.last.elements == [3, 3])
    var (returns, whole) = ([Float](repeating: .nan, count: 8), [Float](repeating: .nan, count: 8))
    ReturnEstimation.wholeReturns(segment, discount: 0.5, into: &returns, isWhole: &whole)
    #expect(whole == [1, 1, 1, 1, 0, 1, 0, 1])
    expectClose([returns[0], returns[2]], [2.5, 2.5], "first copy")
    expectClose([returns[1], returns[3], returns[5], returns[7]], [5.5, 5.5, 5.5, 8], "second copy")

    // the first copy's episode goes on into the next segment, and is not whole there either
    segment.clear()
    for ending in [Ending.terminated, .terminated] {
      segment.append(
        observations: [0, 0], actions: [0, 0], rewards: [1, 1], endings: [ending, ending], next: [0, 0])
    }
    #expect(segment.beginsEpisode == [false, true])
    var (later, isWhole) = ([Float](repeating: .nan, count: 4), [Float](repeating: .nan, count: 4))
    ReturnEstimation.wholeReturns(segment, discount: 0.5, into: &later, isWhole: &isWhole)
    #expect(isWhole == [0, 1, 1, 1])
  }

  @Test func segmentsGoOnFromASave() throws {
    func filled(_ steps: Int, capacity: Int) -> RolloutSegment {
      var segment = RolloutSegment(copies: 3, observationSize: 2, actionSize: 1, capacity: capacity)
      add(steps, from: 0, to: &segment)
      return segment
    }
    func add(_ steps: Int, from first: Int, to segment: inout RolloutSegment) {
      for t in first..<first + steps {
        let numbers = (0..<6).map { Float(10 * t + $0) }
        segment.append(
          observations: numbers, actions: Array(numbers[..<3]), rewards: Array(numbers[3...]),
          endings: [.none, .truncated, t % 2 == 0 ? .terminated : .none], next: numbers.map { -$0 })
      }
    }
    var original = filled(5, capacity: 4)
    var restored = RolloutSegment(copies: 3, observationSize: 2, actionSize: 1, capacity: 1)
    try OracleState(original).restore(into: &restored)
    #expect(OracleState(restored) == OracleState(original))
    add(3, from: 5, to: &original)
    add(3, from: 5, to: &restored)
    #expect(OracleState(restored) == OracleState(original))
    var other = RolloutSegment(copies: 2, observationSize: 2, actionSize: 1, capacity: 1)
    #expect(throws: (any Error).self) { try OracleState(original).restore(into: &other) }
  }
}
