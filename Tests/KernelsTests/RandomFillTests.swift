import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct RandomFillTests {
  /// Sizes around whole blocks and whole chunks (256 outputs).
  private static let sizes = [1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 255, 256, 257, 259, 512, 1_001]

  private func block(_ stream: RandomStream, _ index: Int) -> [UInt32] {
    let key = (UInt32(truncatingIfNeeded: stream.key), UInt32(truncatingIfNeeded: stream.key >> 32))
    let position = stream.counter + UInt64(index)
    let block = Philox.block(
      (UInt32(truncatingIfNeeded: position), UInt32(truncatingIfNeeded: position >> 32), 0, 0), key: key)
    return [block.0, block.1, block.2, block.3]
  }

  /// Where output `index` of a fill comes from: number of the block, and plane (word of the block).
  private func source(_ index: Int, of count: Int) -> (block: Int, plane: Int) {
    let chunk = index / 256
    let blocks = (min(256, count - chunk * 256) + 3) / 4
    return (chunk * 64 + index % 256 % blocks, index % 256 / blocks)
  }

  @Test(arguments: sizes) func uniformsAreThePlanesOfConsecutiveBlocks(_ count: Int) {
    let start = RandomStream(seed: 11)
    var stream = start
    var values = Vector(count: count)
    stream.fillUniform(&values)
    for index in 0..<count {
      let place = source(index, of: count)
      #expect(values[index] == Float(block(start, place.block)[place.plane] >> 8) * 0x1p-24)
    }
    #expect(stream.counter == start.counter + UInt64((count + 3) / 4))
  }

  @Test(arguments: sizes) func normalsAreBoxMullerPairs(_ count: Int) {
    let start = RandomStream(seed: 12)
    var stream = start
    var values = Vector(count: count)
    stream.fillNormal(&values)
    var worst = 0.0
    for index in 0..<count {
      let place = source(index, of: count)
      let words = block(start, place.block)
      let pair = place.plane / 2 * 2
      let radius = (-2 * log(Double(words[pair] >> 1) * 0x1p-31 + 0x1p-33)).squareRoot()
      let angle = 2 * Double.pi * Double(words[pair + 1] >> 8) * 0x1p-24
      worst = max(worst, abs(Double(values[index]) - radius * (place.plane % 2 == 0 ? cos(angle) : sin(angle))))
    }
    // rounding the uniform to 24 bits moves a radius near 0 by at most sqrt(2^-24)
    #expect(worst < 3e-4)
  }

  @Test(arguments: sizes) func fillsDependOnPositionAndCountAlone(_ count: Int) {
    var first = RandomStream(seed: 13)
    _ = first.nextWord()
    var second = first
    _ = second.nextWord()
    second.current = .zero
    let fills: [(inout RandomStream, UnsafeMutablePointer<Float>) -> Void] = [
      { $0.fillUniform($1, count: count, low: -3, high: 4) }, { $0.fillNormal($1, count: count) },
      { $0.fillTruncatedNormal($1, count: count, bound: 1) },
    ]
    for fill in fills {
      var a = [Float](repeating: -99, count: count + 9)
      var b = [Float](repeating: 99, count: count + 9)
      a.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { fill(&first, base + 1) } }
      b.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { fill(&second, base + 8) } }
      #expect(a[1...count] == b[8..<8 + count])
      #expect(a[0] == -99 && a[(count + 1)...].allSatisfy { $0 == -99 })
      #expect(b[..<8].allSatisfy { $0 == 99 } && b[count + 8] == 99)
      #expect(first.counter == second.counter)
    }
  }

  @Test func successiveFillsDoNotOverlap() {
    var stream = RandomStream(seed: 14)
    var seen: Set<Float> = []
    for _ in 0..<50 {
      var values = Vector(count: 40)
      stream.fillNormal(&values)
      seen.formUnion(values.elements)
    }
    #expect(seen.count > 1_995)
  }

  @Test func uniformDistribution() {
    var stream = RandomStream(seed: 15)
    var values = Vector(count: 200_000)
    stream.fillUniform(&values, low: 2, high: 6)
    let sample = values.elements
    #expect(sample.allSatisfy { $0 >= 2 && $0 < 6 })
    #expect(kolmogorovSmirnov(sample) { ($0 - 2) / 4 } < kolmogorovSmirnovLimit(sample.count))
    let found = moments(sample)
    #expect(abs(found.mean - 4) < 5 * (16.0 / 12 / 200_000).squareRoot())
    #expect(abs(found.variance - 16.0 / 12) < 0.02)
  }

  @Test func uniformStaysBelowItsUpperEnd() {
    // in [1, 2) the sum rounds up to 2 for one word in 2^24; a narrow range makes every other draw round up
    var stream = RandomStream(seed: 16)
    var values = Vector(count: 4_096)
    stream.fillUniform(&values, low: 1, high: Float(1).nextUp)
    #expect(values.elements.allSatisfy { $0 == 1 })
    stream.fillUniform(&values, low: 7, high: 7)
    #expect(values.elements.allSatisfy { $0 == 7 })
  }

  @Test func normalDistributionMatches() {
    var stream = RandomStream(seed: 17)
    var values = Vector(count: 400_000)
    stream.fillNormal(&values)
    let sample = values.elements
    #expect(kolmogorovSmirnov(sample, normalDistribution) < kolmogorovSmirnovLimit(sample.count))
    let found = moments(sample)
    let count = Double(sample.count)
    #expect(abs(found.mean) < 5 / count.squareRoot())
    #expect(abs(found.variance - 1) < 5 * (2 / count).squareRoot())
    #expect(abs(found.skewness) < 5 * (6 / count).squareRoot())
    #expect(abs(found.kurtosis - 3) < 5 * (24 / count).squareRoot())
    let far = sample.filter { abs($0) > 4 }.count  // 25 expected
    #expect(far > 5 && far < 60)
    #expect(sample.allSatisfy { abs($0) < 6.77 })
  }

  @Test func normalsAreUncorrelated() {
    var stream = RandomStream(seed: 18)
    var values = Vector(count: 256 * 400)
    stream.fillNormal(&values)
    let sample = values.elements
    for lag in [1, 2, 32, 64, 128, 256] {
      let pairs = sample.count - lag
      let mean = (0..<pairs).reduce(0.0) { $0 + Double(sample[$1]) * Double(sample[$1 + lag]) } / Double(pairs)
      #expect(abs(mean) < 5 / Double(pairs).squareRoot(), "lag \(lag)")
    }
  }

  @Test(arguments: [Float(1), 2, 3.5]) func truncatedNormalDistribution(_ bound: Float) {
    var stream = RandomStream(seed: 19)
    var sample = [Float](repeating: 0, count: 200_000)
    sample.withUnsafeMutableBufferPointer {
      if let base = $0.baseAddress { stream.fillTruncatedNormal(base, count: 200_000, bound: bound) }
    }
    #expect(sample.allSatisfy { abs($0) <= bound })
    let low = normalDistribution(-Double(bound))
    let distance = kolmogorovSmirnov(sample) { (normalDistribution($0) - low) / (1 - 2 * low) }
    #expect(distance < kolmogorovSmirnovLimit(sample.count))
  }

  @Test func indicesAndShuffle() {
    var stream = RandomStream(seed: 20)
    var indices = [Int32](repeating: -1, count: 30_000)
    indices.withUnsafeMutableBufferPointer {
      if let base = $0.baseAddress { stream.fillIndices(base, count: 30_000, below: 10) }
    }
    let counts = (0..<10).map { value in indices.count { Int($0) == value } }
    #expect(chiSquare(counts) < chiSquareLimit(degrees: 9))
  }

  @Test func fillsAllocateNothing() {
    var stream = RandomStream(seed: 21)
    var values = Vector(count: 1_000)
    let indices = UnsafeMutablePointer<Int32>.allocate(capacity: 1_000)
    defer { indices.deallocate() }
    let count = allocations {
      stream.fillUniform(&values, low: -1, high: 1)
      stream.fillNormal(&values)
      stream.fillTruncatedNormal(values.mutablePointer, count: 1_000)
      stream.fillIndices(indices, count: 1_000, below: 77)
      stream.shuffle(indices, count: 1_000)
    }
    #expect(count == 0)
  }
}
