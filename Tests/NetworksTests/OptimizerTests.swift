import Archive
import Kernels
import Networks
import TestSupport
import Testing

@Suite struct OptimizerTests {
  private let count = 103

  private func drawn(_ label: String, scale: Float = 1) -> [Float] {
    var stream = RandomStream(seed: 31).child(label)
    return (0..<count).map { _ in scale * stream.normal() }
  }

  /// Gradient of step `step` at `parameters`: a bowl with noise, over magnitudes from 1e-4 to 1e4.
  private func gradient(_ parameters: [Float], _ step: Int) -> [Float] {
    let noise = drawn("noise \(step)")
    return parameters.indices.map { (parameters[$0] + noise[$0]) * [1e-4, 1, 1e4][$0 % 3] }
  }

  @Test(arguments: [Float(0), 0.01, 0.3]) func adamMatchesItsEquations(_ weightDecay: Float) {
    let rate: Float = 0.01
    var adam = Adam(count: count, weightDecay: weightDecay)
    var parameters = Vector(drawn("start"))
    var (p, m, v) = (
      doubles(parameters.elements), [Double](repeating: 0, count: count), [Double](repeating: 0, count: count)
    )
    let (b1, b2) = (Double(Float(0.9)), Double(Float(0.999)))
    var (power1, power2) = (1.0, 1.0)
    for step in 1...100 {
      let g = gradient(parameters.elements, step)
      adam.step(&parameters, gradient: Vector(g), learningRate: rate)
      power1 *= b1
      power2 *= b2
      for i in 0..<count {
        m[i] = b1 * m[i] + (1 - b1) * Double(g[i])
        v[i] = b2 * v[i] + (1 - b2) * Double(g[i]) * Double(g[i])
        p[i] -= Double(rate) * Double(weightDecay) * p[i]
        p[i] -= Double(rate) * (m[i] / (1 - power1)) / ((v[i] / (1 - power2)).squareRoot() + 1e-8)
      }
    }
    let moved = zip(parameters.elements, drawn("start")).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    #expect(moved > 0.3)
    let error = zip(parameters.elements, p).reduce(0.0) { max($0, abs(Double($1.0) - $1.1)) }
    #expect(error < 2e-5, "\(error)")
  }

  @Test func firstAdamStepIsTheLearningRate() {
    var adam = Adam(count: 3)
    var parameters = Vector([1, 1, 1])
    adam.step(&parameters, gradient: Vector([1e-3, -50, 0]), learningRate: 0.1)
    #expect(abs(parameters[0] - 0.9) < 1e-5 && abs(parameters[1] - 1.1) < 1e-6 && parameters[2] == 1)
  }

  @Test func rangesInAnyOrderEqualTheWhole() {
    var (whole, split) = (Adam(count: count, weightDecay: 0.1), Adam(count: count, weightDecay: 0.1))
    var (a, b) = (Vector(drawn("start")), Vector(drawn("start")))
    for step in 1...5 {
      let g = gradient(a.elements, step)
      whole.step(&a, gradient: Vector(g), learningRate: 0.02)
      let started = split.beginStep(learningRate: 0.02)
      for range in [50..<51, 51..<103, 0..<0, 0..<17, 17..<50] {
        started.apply(b.mutablePointer, gradient: g, range: range)
      }
    }
    #expect(a == b && whole.first == split.first && whole.second == split.second)
  }

  @Test func decayAddsThePenaltysGradient() {
    var (given, added) = (Adam(count: count), Adam(count: count))
    var (a, b) = (Vector(drawn("start")), Vector(drawn("start")))
    for step in 1...5 {
      let g = gradient(a.elements, step)
      let sum = zip(g, b.elements).map { $0 + 0.3 * $1 }
      given.beginStep(learningRate: 0.02).apply(a.mutablePointer, gradient: g, decay: 0.3, range: 0..<count)
      added.step(&b, gradient: Vector(sum), learningRate: 0.02)
    }
    #expect(a == b && given.second == added.second)
  }

  @Test func copiesOfAnOptimizerAreIndependent() {
    var adam = Adam(count: count)
    var parameters = Vector(drawn("start"))
    adam.step(&parameters, gradient: Vector(drawn("g")), learningRate: 0.1)
    let copy = adam
    let (first, second) = (copy.first.elements, copy.second.elements)
    adam.step(&parameters, gradient: Vector(drawn("h")), learningRate: 0.1)
    #expect(copy.first.elements == first && copy.second.elements == second && copy.steps == 1 && adam.steps == 2)
  }

  @Test func momentumDescentMatchesItsEquations() {
    var descent = MomentumDescent(count: count, momentum: 0.8)
    var parameters = Vector(drawn("start"))
    var (p, v) = (doubles(parameters.elements), [Double](repeating: 0, count: count))
    for step in 1...60 {
      let g = drawn("g \(step)")
      descent.step(&parameters, gradient: Vector(g), learningRate: 0.05)
      for i in 0..<count {
        v[i] = Double(Float(0.8)) * v[i] + Double(g[i])
        p[i] -= Double(Float(0.05)) * v[i]
      }
    }
    let error = zip(parameters.elements, p).reduce(0.0) { max($0, abs(Double($1.0) - $1.1)) }
    #expect(error < 2e-5, "\(error)")
  }

  @Test func plainDescentHasNoMemory() {
    var descent = MomentumDescent(count: 1, momentum: 0)
    var parameters = Vector([1])
    descent.step(&parameters, gradient: Vector([2]), learningRate: 0.25)
    descent.step(&parameters, gradient: Vector([-4]), learningRate: 0.25)
    #expect(parameters[0] == 1.5)
  }

  @Test func restoredOptimizersContinueExactly() throws {
    var (adam, descent) = (Adam(count: count), MomentumDescent(count: count))
    var (a, b) = (Vector(drawn("start")), Vector(drawn("start")))
    for step in 1...7 {
      adam.step(&a, gradient: Vector(drawn("g \(step)")), learningRate: 0.1)
      descent.step(&b, gradient: Vector(drawn("g \(step)")), learningRate: 0.1)
    }
    var writer = StateWriter()
    writer.write("adam", adam)
    writer.write("descent", descent)
    let reader = StateReader(try TensorFile(decoding: writer.file.encoded(), path: "f"))
    var (adamAgain, descentAgain) = (Adam(count: count), MomentumDescent(count: count))
    try reader.read("adam", into: &adamAgain)
    try reader.read("descent", into: &descentAgain)
    var (c, d) = (a, b)
    adam.step(&a, gradient: Vector(drawn("last")), learningRate: 0.1)
    descent.step(&b, gradient: Vector(drawn("last")), learningRate: 0.1)
    adamAgain.step(&c, gradient: Vector(drawn("last")), learningRate: 0.1)
    descentAgain.step(&d, gradient: Vector(drawn("last")), learningRate: 0.1)
    #expect(a == c && b == d)
    #expect(throws: ArchiveError.mismatch(name: "adam.first", expected: "F32[4]", found: "F32[103]")) {
      var other = Adam(count: 4)
      try reader.read("adam", into: &other)
    }
  }
}
