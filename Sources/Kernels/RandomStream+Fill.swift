/// Bulk draws. Each fill starts at a fresh block and takes whole blocks, so that the loops vectorize; what it writes is a
/// function of the stream's position and the count alone.
extension RandomStream {
  private static var chunk: Int { 64 }

  /// Calls `body` with raw words for consecutive chunks of outputs: four planes of `chunk` words.
  @inline(__always)
  private mutating func withBlocks(
    _ count: Int, _ body: (_ start: Int, _ length: Int, _ words: UnsafeMutablePointer<UInt32>) -> Void
  ) {
    let chunk = RandomStream.chunk
    let keys = (UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32))
    used = 4
    // at most 1,024 bytes of ordinary alignment: on the stack
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 4 * chunk) { words in
      guard let base = words.baseAddress else { return }
      var start = 0
      while start < count {
        let length = Swift.min(4 * chunk, count - start)
        let blocks = (length + 3) / 4
        let first = counter
        for i in 0..<blocks {
          let position = first &+ UInt64(truncatingIfNeeded: i)
          let block = Philox.block(
            (UInt32(truncatingIfNeeded: position), UInt32(truncatingIfNeeded: position &>> 32), 0, 0), key: keys)
          base[i] = block.0
          base[chunk + i] = block.1
          base[2 * chunk + i] = block.2
          base[3 * chunk + i] = block.3
        }
        counter &+= UInt64(blocks)
        body(start, length, base)
        start += length
      }
    }
  }

  /// Writes the outputs of one chunk: output `p * blocks + i` comes from plane p, block i.
  @inline(__always)
  private static func scatter(
    _ length: Int, _ target: UnsafeMutablePointer<Float>, _ planes: UnsafePointer<Float>
  ) {
    let blocks = (length + 3) / 4
    for plane in 0..<4 {
      let offset = plane * blocks
      let size = Swift.min(blocks, length - offset)
      if size > 0 { (target + offset).update(from: planes + plane * chunk, count: size) }
    }
  }

  /// Fills `count` floats uniform in [low, high); `low` when the two are equal.
  package mutating func fillUniform(
    _ target: UnsafeMutablePointer<Float>, count: Int, low: Float = 0, high: Float = 1
  ) {
    let scale = (high - low) * 0x1p-24
    let last = Swift.max(low, high.nextDown)  // the sum below may round up to `high`
    withBlocks(count) { start, length, words in
      words.withMemoryRebound(to: Float.self, capacity: 4 * RandomStream.chunk) { floats in
        for i in 0..<4 * RandomStream.chunk {
          let value = low + Float(Int32(bitPattern: words[i] &>> 8)) * scale
          floats[i] = value < last ? value : last
        }
        RandomStream.scatter(length, target + start, floats)
      }
    }
  }

  /// Fills `count` floats from the standard normal distribution (Box-Muller: the radius comes from a 31-bit uniform, so
  /// no number is further than 6.77 standard deviations out).
  package mutating func fillNormal(_ target: UnsafeMutablePointer<Float>, count: Int) {
    let chunk = RandomStream.chunk
    withBlocks(count) { start, length, words in
      words.withMemoryRebound(to: Float.self, capacity: 4 * chunk) { floats in
        for pair in 0..<2 {
          let a = pair * 2 * chunk
          for i in 0..<chunk {
            // at least 2^-33, so the logarithm is finite
            let w = words[a + i]
            let u = Float(Int32(bitPattern: w &>> 1)) * 0x1p-31 + 0x1p-33
            let angle = Scalar.sincos(turns: Float(Int32(bitPattern: words[a + chunk + i] &>> 8)) * 0x1p-24)
            let square = -2 * Scalar.log(u)
            let radius = (square > 0 ? square : 0).squareRoot()
            floats[a + i] = radius * angle.cos
            floats[a + chunk + i] = radius * angle.sin
          }
        }
        RandomStream.scatter(length, target + start, floats)
      }
    }
  }

  /// Fills `count` floats from the standard normal distribution truncated to [-bound, bound], by redrawing. `bound` must
  /// be at least 1 (where two draws in three are kept).
  package mutating func fillTruncatedNormal(_ target: UnsafeMutablePointer<Float>, count: Int, bound: Float = 2) {
    precondition(bound >= 1, "truncation bound \(bound) below 1")
    fillNormal(target, count: count)
    for i in 0..<count where !(target[i] >= -bound && target[i] <= bound) {
      repeat { target[i] = normal() } while !(target[i] >= -bound && target[i] <= bound)
    }
  }

  /// One draw from the standard normal distribution.
  public mutating func normal() -> Float {
    let u = Float(Int32(bitPattern: nextWord() &>> 1)) * 0x1p-31 + 0x1p-33
    let angle = Scalar.sincos(turns: uniform())
    let square = -2 * Scalar.log(u)
    return (square > 0 ? square : 0).squareRoot() * angle.cos
  }

  /// Fills `target` with standard normal numbers.
  public mutating func fillNormal(_ target: inout Vector) {
    let count = target.count
    fillNormal(target.mutablePointer, count: count)
  }

  /// Fills `target` with uniform numbers in [low, high).
  public mutating func fillUniform(_ target: inout Vector, low: Float = 0, high: Float = 1) {
    let count = target.count
    fillUniform(target.mutablePointer, count: count, low: low, high: high)
  }

  /// Index drawn with probability proportional to `weights` (finite, not negative, not all zero). O(count).
  public mutating func categorical(_ weights: [Float]) -> Int {
    let total = weights.reduce(0) { $0 + Double($1) }
    precondition(
      total > 0 && total.isFinite && weights.allSatisfy { $0 >= 0 }, "weights must be finite, >= 0, not all 0")
    var left = Double(uniform()) * total
    var last = 0
    for (index, weight) in weights.enumerated() where weight > 0 {
      last = index
      left -= Double(weight)
      if left < 0 { return index }
    }
    return last
  }

  /// Fills `target` with integers uniform in 0..<bound.
  package mutating func fillIndices(_ target: UnsafeMutablePointer<Int32>, count: Int, below bound: Int) {
    for i in 0..<count { target[i] = Int32(truncatingIfNeeded: index(below: bound)) }
  }

  /// Puts `target` into a random order (Fisher-Yates).
  package mutating func shuffle(_ target: UnsafeMutablePointer<Int32>, count: Int) {
    guard count > 1 else { return }
    for i in stride(from: count - 1, to: 0, by: -1) {
      let j = index(below: i + 1)
      let kept = target[i]
      target[i] = target[j]
      target[j] = kept
    }
  }

  /// A random permutation of 0..<count.
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = (0..<Int32(count)).map { $0 }
    order.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { shuffle(base, count: count) } }
    return order.map(Int.init)
  }
}
