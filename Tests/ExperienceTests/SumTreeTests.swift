import Experience
import Kernels
import Testing

@Suite struct SumTreeTests {
  /// Changes and draws in any order against plain sums in double precision, for sizes around whole nodes.
  @Test(arguments: [1, 2, 15, 16, 17, 255, 256, 257, 1000]) func agreesWithPlainSums(_ count: Int) {
    var tree = SumTree(count: count)
    var naive = [Double](repeating: 0, count: count)
    var random = RandomStream(seed: UInt64(count))
    #expect(tree.total == 0 && tree.place(at: 0.5) < count)
    for operation in 0..<20_000_000 / (count + 100) / 20 {
      let place = random.index(below: count)
      let weight: Float = operation % 5 == 0 ? 0 : random.uniform() * (operation % 7 == 0 ? 1000 : 1)
      tree.set(place, to: weight)
      naive[place] = Double(weight)
      let total = naive.reduce(0, +)
      #expect(abs(Double(tree.total) - total) <= 1e-5 * total)
      guard total > 0 else { continue }
      let share = Double(random.uniform())
      let found = tree.place(at: share)
      #expect(tree[found] == Float(naive[found]) && naive[found] > 0)
      // the running sum before it is at most the share, and with it at least, but for rounding
      let before = naive[..<found].reduce(0, +)
      #expect(before <= share * total + 1e-5 * total && before + naive[found] >= share * total - 1e-5 * total)
    }
  }

  /// Ten million changes leave no error behind: the total is the sum of the weights as it was at first.
  @Test func sumsDoNotDrift() {
    let count = 4096
    var tree = SumTree(count: count)
    var random = RandomStream(seed: 2)
    for place in 0..<count { tree.set(place, to: Float(place % 17)) }
    let (first, exact) = (tree.total, (0..<count).reduce(0) { $0 + $1 % 17 })
    #expect(first == Float(exact))
    for _ in 0..<5_000_000 {
      let place = random.index(below: count)
      tree.set(place, to: random.uniform(0, 1e4))
      tree.set(place, to: Float(place % 17))
    }
    #expect(tree.total == first)
  }

  /// Draws come as often as the weights say.
  @Test func drawsAreProportional() {
    let weights: [Float] = [1, 0, 2, 3, 0, 4]
    var tree = SumTree(count: weights.count)
    for (place, weight) in weights.enumerated() { tree.set(place, to: weight) }
    var (counts, random) = ([Int](repeating: 0, count: weights.count), RandomStream(seed: 3))
    for _ in 0..<100_000 { counts[tree.place(at: Double(random.uniform()))] += 1 }
    for place in weights.indices { #expect(abs(Float(counts[place]) / 100_000 - weights[place] / 10) < 0.006) }
    #expect(counts[1] == 0 && counts[4] == 0)
  }
}
