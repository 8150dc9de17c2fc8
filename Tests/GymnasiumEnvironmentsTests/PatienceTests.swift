import GymnasiumEnvironments
import Testing

/// When waits look and when they sleep.
@Suite struct PatienceTests {
  /// Waits that look, of `count`, where a look is in vain if `isInVain` says so of its number.
  private static func looks(_ count: Int, _ patience: inout Patience, isInVain: (Int) -> Bool) -> Int {
    var looks = 0
    for _ in 0..<count where patience.mayLook() {
      patience.looked(inVain: isInVain(looks))
      looks += 1
    }
    return looks
  }

  @Test func looksThatFindSomethingGoOn() {
    var patience = Patience()
    #expect(Self.looks(1000, &patience) { _ in false } == 1000)
  }

  /// Where none finds anything, hardly any wait looks in the end.
  @Test func looksInVainBecomeRare() {
    var patience = Patience()
    #expect(Self.looks(1000, &patience) { _ in true } < 10)
    _ = Self.looks(20_000, &patience) { _ in true }
    #expect((2...3).contains(Self.looks(2 * Patience.most + 2, &patience) { _ in true }))
  }

  /// On a busy machine some looks find something all the same; one in ten in vain is enough to sleep most of the time.
  @Test func luckIsNotEnough() {
    var patience = Patience()
    _ = Self.looks(20_000, &patience) { $0 % 10 == 9 }
    #expect(Self.looks(20_000, &patience) { $0 % 10 == 9 } < 1000)
  }

  /// One in a thousand in vain, as where an episode's start takes longer, costs a few sleeps each.
  @Test func rareLooksInVainCostLittle() {
    var patience = Patience()
    #expect(Self.looks(50_000, &patience) { $0 % 1000 == 999 } > 49_500)
  }

  /// Once the machine is idle again all waits look again.
  @Test func patienceComesBack() {
    var patience = Patience()
    _ = Self.looks(20_000, &patience) { _ in true }
    _ = Self.looks(20 * Patience.most, &patience) { _ in false }
    #expect(Self.looks(1000, &patience) { _ in false } == 1000)
  }
}
