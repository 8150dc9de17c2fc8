import Kernels
import Testing

/// The known-answer vectors that Random123 publishes for philox4x32 with ten rounds.
@Suite struct PhiloxTests {
  private func words(_ counter: Philox.Block, _ k0: UInt32, _ k1: UInt32) -> [UInt32] {
    let block = Philox.block(counter, key: (k0, k1))
    return [block.0, block.1, block.2, block.3]
  }

  @Test func zeros() {
    #expect(words((0, 0, 0, 0), 0, 0) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
  }

  @Test func ones() {
    let all = UInt32.max
    #expect(words((all, all, all, all), all, all) == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
  }

  @Test func digitsOfPi() {
    #expect(
      words((0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), 0xa409_3822, 0x299f_31d0)
        == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
  }
}
