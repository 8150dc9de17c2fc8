import Kernels
import Planners
import TestSupport
import Testing

@Suite struct TopSelectionTests {
  /// The indices of the `count` largest values, lower indices first among equals, in ascending order.
  private func reference(_ count: Int, of values: [Float]) -> [Int32] {
    let ranked = values.indices.sorted { (-values[$0], $0) < (-values[$1], $1) }
    return ranked.prefix(count).map { Int32($0) }.sorted()
  }

  private func check(_ values: [Float]) {
    var order = [Int32](repeating: -1, count: values.count)
    for count in 0...values.count {
      TopSelection.select(count, of: values, order: &order)
      let chosen = Array(order.prefix(count))
      if chosen != reference(count, of: values) {
        Issue.record("\(count) of \(values): \(chosen)")
        return
      }
      if order.sorted() != values.indices.map({ Int32($0) }) {
        Issue.record("\(count) of \(values): not a permutation but \(order)")
        return
      }
    }
  }

  @Test func agreesWithSorting() {
    var random = RandomStream(seed: 1)
    for size in 1...40 {
      check((0..<size).map { _ in random.normal() })
      // ties, and infinities of both signs among them
      check((0..<size).map { _ in Float(random.index(below: 4)) })
      check(
        (0..<size).map { _ in [-Float.infinity, .infinity, 0, random.normal(), -0.0][random.index(below: 5)] })
    }
    check((0..<300).map { Float($0) })
    check((0..<300).map { -Float($0) })
    check((0..<300).map { -abs(Float($0) - 150) })
    check(Array(repeating: -.infinity, count: 100))
  }

  @Test func largePopulations() {
    var random = RandomStream(seed: 2)
    let values = (0..<20_000).map { _ in (random.normal() * 50).rounded() }
    var order = [Int32](repeating: 0, count: values.count)
    for count in [1, 37, 2_000, 19_999] {
      TopSelection.select(count, of: values, order: &order)
      #expect(Array(order.prefix(count)) == reference(count, of: values))
    }
    #expect(allocations { TopSelection.select(500, of: values, order: &order) } == 0)
  }
}
