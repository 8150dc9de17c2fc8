/// Philox 4x32-10, the counter-based generator of Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011).
///
/// A block of four words is a pure function of a 128-bit counter and a 64-bit key. Checked against the known-answer
/// vectors that the authors publish with Random123.
package enum Philox {
  /// Four output words.
  package typealias Block = (UInt32, UInt32, UInt32, UInt32)

  /// The block at `counter` (four words, least significant first) under `key`.
  @inline(__always)
  package static func block(_ counter: Block, key: (UInt32, UInt32)) -> Block {
    var (c0, c1, c2, c3) = counter
    var (k0, k1) = key
    for round in 0..<10 {
      if round > 0 {
        k0 &+= 0x9E37_79B9
        k1 &+= 0xBB67_AE85
      }
      let p0 = UInt64(0xD251_1F53) &* UInt64(c0)
      let p1 = UInt64(0xCD9E_8D57) &* UInt64(c2)
      let n0 = UInt32(truncatingIfNeeded: p1 &>> 32) ^ c1 ^ k0
      let n2 = UInt32(truncatingIfNeeded: p0 &>> 32) ^ c3 ^ k1
      c1 = UInt32(truncatingIfNeeded: p1)
      c3 = UInt32(truncatingIfNeeded: p0)
      c0 = n0
      c2 = n2
    }
    return (c0, c1, c2, c3)
  }
}
