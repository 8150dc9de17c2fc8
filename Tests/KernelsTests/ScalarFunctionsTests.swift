import Foundation
import Kernels
import Testing

/// Measures the errors that the doc comments state, over about a million numbers for each function: equal steps over the
/// range, and equal steps in the bit pattern, which cover every magnitude.
@Suite struct ScalarFunctionsTests {
  private func sweep(_ range: ClosedRange<Float>, _ body: (Float) -> Void) {
    let steps = 500_000
    let (low, high) = (Double(range.lowerBound), Double(range.upperBound))
    for i in 0...steps {
      body(min(max(Float(low + (high - low) * Double(i) / Double(steps)), range.lowerBound), range.upperBound))
    }
    for sign in [Float(1), -1] {
      let ends = [sign * range.lowerBound, sign * range.upperBound]
      guard let top = ends.max(), top > 0 else { continue }
      let bottom = max(ends.min() ?? 0, Float.leastNormalMagnitude)
      var bits = bottom.bitPattern
      let stride = max((top.bitPattern - bits) / 500_000, 1)
      while bits <= top.bitPattern {
        body(sign * Float(bitPattern: bits))
        bits += stride
      }
    }
  }

  /// Largest error in units in the last place of the exact result.
  private func ulps(
    _ range: ClosedRange<Float>, _ function: (Float) -> Float, _ reference: (Double) -> Double
  ) -> (worst: Double, at: Float) {
    var found = (worst: 0.0, at: Float(0))
    sweep(range) { x in
      let exact = reference(Double(x))
      let error = abs(Double(function(x)) - exact) / Double(Float(exact).ulp)
      if !(error <= found.worst) { found = (error.isNaN ? .infinity : error, x) }
    }
    return found
  }

  @Test func expError() {
    let found = ulps(-87.3...88.7, { Scalar.exp($0) }, { exp($0) })
    #expect(found.worst <= 1, "\(found)")
    let small = ulps(-103.9...(-87.3), { Scalar.exp($0) }, { exp($0) })
    #expect(small.worst <= 1, "\(small)")
  }

  @Test func expAtTheEnds() {
    #expect(Scalar.exp(0) == 1 && Scalar.exp(-0) == 1)
    #expect(Scalar.exp(88.73) == .infinity && Scalar.exp(1e30) == .infinity && Scalar.exp(.infinity) == .infinity)
    #expect(Scalar.exp(88.72) < .infinity)
    #expect(Scalar.exp(-104) == 0 && Scalar.exp(-1e30) == 0 && Scalar.exp(-.infinity) == 0)
    #expect(Scalar.exp(.nan).isNaN)
  }

  @Test func saturatingExpError() {
    let found = ulps(-87...87, { Scalar.saturatingExp($0) }, { exp($0) })
    #expect(found.worst <= 2, "\(found)")
    let (low, high) = (Scalar.saturatingExp(-87), Scalar.saturatingExp(87))
    #expect(low.isNormal && (1 / high).isNormal && (1 / low).isFinite)
    #expect(Scalar.saturatingExp(-1e30) == low && Scalar.saturatingExp(-.infinity) == low)
    #expect(Scalar.saturatingExp(1e30) == high && Scalar.saturatingExp(.infinity) == high)
    #expect(Scalar.saturatingExp(.nan).isNaN)
  }

  @Test func logError() {
    let found = ulps(.leastNormalMagnitude ... .greatestFiniteMagnitude, { Scalar.log($0) }, { log($0) })
    #expect(found.worst <= 1, "\(found)")
    let near = ulps(0.5...2, { Scalar.log($0) }, { log($0) })
    #expect(near.worst <= 1, "\(near)")
    #expect(Scalar.log(1) == 0 && Scalar.log(.infinity) == .infinity && Scalar.log(.nan).isNaN)
  }

  @Test func log1pError() {
    let small = ulps(0...1, { Scalar.log1p($0) }, { log1p($0) })
    #expect(small.worst <= 2.5, "\(small)")
    let large = ulps(0...0x1p60, { Scalar.log1p($0) }, { log1p($0) })
    #expect(large.worst <= 2.5, "\(large)")
    #expect(Scalar.log1p(0) == 0 && Scalar.log1p(1e-30) == 1e-30 && Scalar.log1p(.nan).isNaN)
  }

  @Test func sigmoidError() {
    let found = ulps(-87...1e4, { Scalar.sigmoid($0) }, { 1 / (1 + exp(-$0)) })
    #expect(found.worst <= 6.5, "\(found)")
    let near = ulps(-20...20, { Scalar.sigmoid($0) }, { 1 / (1 + exp(-$0)) })
    #expect(near.worst <= 4.5, "\(near)")
    #expect(Scalar.sigmoid(0) == 0.5 && Scalar.sigmoid(.infinity) == 1 && Scalar.sigmoid(-.infinity) < 2e-38)
    #expect(Scalar.sigmoid(-100) >= 0 && Scalar.sigmoid(-100) < 2e-38 && Scalar.sigmoid(100) == 1)
    #expect(Scalar.sigmoid(.nan).isNaN)
  }

  @Test func siluError() {
    let near = ulps(-20...20, { Scalar.silu($0) }, { $0 / (1 + exp(-$0)) })
    #expect(near.worst <= 5, "\(near)")
    let far = ulps(-87...1e30, { Scalar.silu($0) }, { $0 / (1 + exp(-$0)) })
    #expect(far.worst <= 7, "\(far)")
    var worst: Float = 0
    sweep(-1e30...(-87)) { x in worst = max(worst, Scalar.silu(x) / x) }
    #expect(worst > 0 && worst < 1.7e-38, "\(worst)")
    #expect(Scalar.silu(0) == 0 && abs(Scalar.silu(-1_000)) < 2e-35 && Scalar.silu(.infinity) == .infinity)
    #expect(Scalar.silu(.nan).isNaN)
  }

  @Test func siluErrorOfLanes() {
    func silu(_ x: Float) -> Float {
      var y = x
      Elementwise.silu(&y, rows: 1, columns: 1, stride: 1, slopes: nil)
      return y
    }
    let near = ulps(-87...20, silu, { $0 / (1 + exp(-$0)) })
    #expect(near.worst <= 7, "\(near)")
    #expect(silu(0) == 0 && abs(silu(-1_000)) < 2e-35 && silu(.infinity) == .infinity && silu(.nan).isNaN)
  }

  @Test func softplusError() {
    let near = ulps(-87...20, { Scalar.softplus($0) }, { log1p(exp($0)) })
    #expect(near.worst <= 3, "\(near)")
    let far = ulps(20...1e30, { Scalar.softplus($0) }, { max($0, 0) + log1p(exp(-abs($0))) })
    #expect(far.worst <= 3, "\(far)")
    #expect(Scalar.softplus(-1_000) >= 0 && Scalar.softplus(-1_000) < 2e-38 && Scalar.softplus(-.infinity) < 2e-38)
    #expect(Scalar.softplus(1_000) == 1_000)
    #expect(Scalar.softplus(.infinity) == .infinity && Scalar.softplus(.nan).isNaN)
  }

  @Test func tanhError() {
    let near = ulps(-10...10, { Scalar.tanh($0) }, { tanh($0) })
    #expect(near.worst <= 1.5, "\(near)")
    let far = ulps(-1e30...1e30, { Scalar.tanh($0) }, { tanh($0) })
    #expect(far.worst <= 1.5, "\(far)")
    #expect(Scalar.tanh(.infinity) == 1 && Scalar.tanh(-.infinity) == -1 && Scalar.tanh(.nan).isNaN)
    #expect(Scalar.tanh(0) == 0 && Scalar.tanh(-0.0) == 0)
    sweep(-30...30) { x in
      if abs(Scalar.tanh(x)) > 1 || Scalar.tanh(-x) != -Scalar.tanh(x) { Issue.record("tanh(\(x))") }
    }
  }

  @Test func sincosError() {
    var (worst, at) = (0.0, Float(0))
    sweep(0...1) { turns in
      let found = Scalar.sincos(turns: turns)
      let angle = 2 * Double.pi * Double(turns)
      let error = max(abs(Double(found.sin) - sin(angle)), abs(Double(found.cos) - cos(angle)))
      if !(error <= worst) { (worst, at) = (error, turns) }
    }
    #expect(worst < 1.5e-7, "\(worst) at \(at)")
  }

  @Test func vectorFunctionsApplyTheScalarOnes() {
    let input = (0..<101).map { Float($0 - 50) * 0.3 }
    func applied(_ function: (inout Vector) -> Void) -> [Float] {
      var vector = Vector(input)
      function(&vector)
      return vector.elements
    }
    #expect(applied { $0.applyExp() } == input.map { Scalar.exp($0) })
    #expect(applied { $0.applyTanh() } == input.map { Scalar.tanh($0) })
    #expect(applied { $0.applySiLU() } == input.map { Scalar.silu($0) })
    #expect(applied { $0.applySoftplus() } == input.map { Scalar.softplus($0) })
  }
}
