import Kernels
import Testing

@Suite struct RandomStreamTests {
  private func draws(_ stream: RandomStream, _ count: Int = 16) -> [UInt64] {
    var stream = stream
    return (0..<count).map { _ in stream.next() }
  }

  @Test func wordsAreTheBlocksOfTheKeyInOrder() {
    var stream = RandomStream(seed: 5)
    let key = (UInt32(truncatingIfNeeded: stream.key), UInt32(truncatingIfNeeded: stream.key >> 32))
    for counter in UInt32(0)..<5 {
      let block = Philox.block((counter, 0, 0, 0), key: key)
      for word in [block.0, block.1, block.2, block.3] { #expect(stream.nextWord() == word) }
    }
  }

  @Test func counterCarriesIntoItsSecondWord() {
    var stream = RandomStream(seed: 5)
    stream.counter = 0xFFFF_FFFF
    let key = (UInt32(truncatingIfNeeded: stream.key), UInt32(truncatingIfNeeded: stream.key >> 32))
    for _ in 0..<4 { _ = stream.nextWord() }
    #expect(stream.nextWord() == Philox.block((0, 1, 0, 0), key: key).0)
  }

  @Test func seedsAndChildrenDiffer() {
    let root = RandomStream(seed: 1)
    var firsts: Set<UInt64> = []
    for seed in 0..<1_000 { firsts.formUnion(draws(RandomStream(seed: UInt64(seed)), 1)) }
    for index in -500..<500 { firsts.formUnion(draws(root.child(index), 1)) }
    for index in 0..<1_000 { firsts.formUnion(draws(root.child("label \(index)"), 1)) }
    firsts.formUnion(draws(root.child("a").child("b"), 1))
    firsts.formUnion(draws(root.child("b").child("a"), 1))
    firsts.formUnion(draws(root.child("ab"), 1))
    #expect(firsts.count == 3_003)
  }

  @Test func childrenDependOnTheLabelPathAlone() {
    let fresh = RandomStream(seed: 9)
    var used = fresh
    for _ in 0..<101 { _ = used.nextWord() }
    var block = Vector(count: 333)
    used.fillNormal(&block)
    #expect(draws(used.child("model")) == draws(fresh.child("model")))
    #expect(draws(used.child(3)) == draws(fresh.child(3)))
    #expect(draws(used.child("a").child(0)) == draws(fresh.child("a").child(0)))
  }

  @Test func childrenAreUncorrelatedWithOneAnother() {
    // mean of the products of 10,000 pairs of centered uniforms has deviation 1/12/100
    let root = RandomStream(seed: 2)
    var (a, b) = (root.child(0), root.child(1))
    let mean =
      (0..<10_000).reduce(0.0) { sum, _ in sum + Double(a.uniform() - 0.5) * Double(b.uniform() - 0.5) } / 10_000
    #expect(abs(mean) < 5 / 1_200)
  }

  @Test(arguments: 0..<9) func savedWordsContinueMidBlock(_ taken: Int) throws {
    var stream = RandomStream(seed: 3).child("saved")
    for _ in 0..<taken { _ = stream.nextWord() }
    var restored = try #require(RandomStream(words: stream.words))
    #expect(restored == stream)
    for _ in 0..<40 { #expect(restored.nextWord() == stream.nextWord()) }
  }

  @Test func foreignWordsAreRefused() {
    #expect(RandomStream(words: [1, 2, 3]) == nil)
    #expect(RandomStream(words: [1, 2, 5, 0, 0]) == nil)
    #expect(RandomStream(words: []) == nil)
  }

  @Test func indexIsUnbiasedWhereMultiplyingAloneIsNot() {
    // Without rejection, a bound of 3 * 2^30 gives remainders modulo 3 with frequencies 2 : 1 : 1.
    var stream = RandomStream(seed: 4)
    var counts = [0, 0, 0]
    for _ in 0..<60_000 { counts[stream.index(below: 3 << 30) % 3] += 1 }
    #expect(chiSquare(counts) < chiSquareLimit(degrees: 2))
  }

  @Test(arguments: [1, 2, 3, 6, 100]) func indexIsUniform(_ bound: Int) {
    var stream = RandomStream(seed: 40)
    var counts = [Int](repeating: 0, count: bound)
    for _ in 0..<50_000 { counts[stream.index(below: bound)] += 1 }
    #expect(chiSquare(counts) < chiSquareLimit(degrees: bound - 1))
  }

  @Test func indexReachesTheWholeRange() {
    var stream = RandomStream(seed: 41)
    let bound = Int(UInt32.max)
    let drawn = (0..<10_000).map { _ in stream.index(below: bound) }
    #expect(drawn.allSatisfy { (0..<bound).contains($0) })
    #expect(drawn.contains { $0 > bound / 1_000 * 999 } && drawn.contains { $0 < bound / 1_000 })
  }

  @Test func categoricalFollowsItsWeights() {
    var stream = RandomStream(seed: 6)
    let weights: [Float] = [0, 1, 3, 0, 0.5, 2, 0]
    var counts = [Int](repeating: 0, count: weights.count)
    for _ in 0..<65_000 { counts[stream.categorical(weights)] += 1 }
    #expect(counts[0] == 0 && counts[3] == 0 && counts[6] == 0)
    let kept = [1, 2, 4, 5]
    #expect(chiSquare(kept.map { counts[$0] }, weights: kept.map { Double(weights[$0]) }) < chiSquareLimit(degrees: 3))
  }

  @Test func permutationsAreUniform() {
    var stream = RandomStream(seed: 7)
    var counts: [[Int]: Int] = [:]
    for _ in 0..<24_000 { counts[stream.permutation(4), default: 0] += 1 }
    #expect(counts.count == 24)
    #expect(chiSquare(Array(counts.values)) < chiSquareLimit(degrees: 23))
    #expect(stream.permutation(1_000).sorted() == Array(0..<1_000))
    #expect(stream.permutation(0).isEmpty && stream.permutation(1) == [0])
  }

  @Test func scalarDrawsFollowTheirDistributions() {
    var stream = RandomStream(seed: 8)
    let uniforms = (0..<50_000).map { _ in stream.uniform(-2, 5) }
    #expect(uniforms.allSatisfy { $0 >= -2 && $0 < 5 })
    #expect(kolmogorovSmirnov(uniforms) { ($0 + 2) / 7 } < kolmogorovSmirnovLimit(50_000))
    let normals = (0..<50_000).map { _ in stream.normal() }
    #expect(kolmogorovSmirnov(normals, normalDistribution) < kolmogorovSmirnovLimit(50_000))
  }

  @Test func uniformNeverReachesItsUpperEnd() {
    // 1 + (2 - 1) * (1 - 2^-24) rounds to 2
    #expect(Float(1) + (1 - 0x1p-24) == 2)
    var stream = RandomStream(seed: 0)
    #expect(uniformOfAllOnes(&stream, 1, 2) == Float(2).nextDown)
    #expect(uniformOfAllOnes(&stream, 3, 3) == 3)
  }

  /// The draw that a word of 32 ones gives.
  private func uniformOfAllOnes(_ stream: inout RandomStream, _ low: Float, _ high: Float) -> Float {
    stream.current = SIMD4(repeating: .max)
    stream.used = 0
    return stream.uniform(low, high)
  }
}
