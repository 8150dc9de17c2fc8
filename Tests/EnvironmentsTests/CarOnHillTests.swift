import Environments
import Interfaces
import Kernels
import Testing

/// The car on the hill of Ernst, Geurts and Wehenkel (2005).
@Suite struct CarOnHillTests {
  /// The published equation, integrated with derivatives of the hill by differences.
  @Test func movesOnTheHill() {
    func height(_ p: Double) -> Double { p < 0 ? p * p + p : p / (1 + 5 * p * p).squareRoot() }
    let task = CarOnHill(CarOnHillSettings())
    for start in [SIMD2(-0.5, 0.0), SIMD2(-0.9, 0.5), SIMD2(0.2, -1), SIMD2(0.6, 1.5)] {
      for choice in [0, 1] {
        var (action, p, s) = (Float(choice), start[0], start[1])
        for _ in 0..<100 {
          let h = 1e-4
          let slope = (height(p + h) - height(p - h)) / (2 * h)
          let bend = (height(p + h) - 2 * height(p) + height(p - h)) / (h * h)
          let push: Double = choice == 0 ? -4 : 4
          let rest = 1 + slope * slope
          let acceleration = push / rest - 9.81 * slope / rest - s * s * slope * bend / rest
          (p, s) = (p + 0.001 * s, s + 0.001 * acceleration)
        }
        let next = task.successor(of: start, under: &action)
        #expect(abs(next[0] - p) < 1e-4 && abs(next[1] - s) < 1e-3, "from \(start) by \(choice)")
      }
    }
  }

  @Test func endsAsPublished() {
    let task = CarOnHill(CarOnHillSettings())
    var action: Float = 1
    #expect(task.score(.zero, &action, next: SIMD2(0.9, 1)) == (0, false))
    #expect(task.score(.zero, &action, next: SIMD2(1.1, 2.9)) == (1, true))
    #expect(task.score(.zero, &action, next: SIMD2(1.1, 3.1)) == (-1, true))
    #expect(task.score(.zero, &action, next: SIMD2(-1.1, 0)) == (-1, true))
    // from rest in the valley, full throttle alone does not arrive
    var state = SIMD2(-0.5, 0.0)
    for _ in 0..<100 {
      state = task.successor(of: state, under: &action)
      #expect(state[0] < 1)
    }
  }
}
