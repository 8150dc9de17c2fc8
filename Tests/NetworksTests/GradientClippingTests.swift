import Kernels
import Networks
import Testing

@Suite struct GradientClippingTests {
  @Test func longGradientsAreShortenedAlongTheirDirection() {
    var gradient = Vector([3, -4, 0, 12])
    #expect(gradient.clipNorm(to: 6.5) == 13)
    #expect(gradient.elements == [1.5, -2, 0, 6])
    #expect(abs(gradient.norm - 6.5) < 1e-6)
  }

  @Test func shortGradientsStay() {
    var gradient = Vector([3, -4])
    #expect(gradient.clipNorm(to: 5) == 5 && gradient.elements == [3, -4])
    var zero = Vector(count: 3)
    #expect(zero.clipNorm(to: 1) == 0 && zero.elements == [0, 0, 0])
  }

  @Test func gradientsThatAreNotFiniteAreLeftForTheCaller() {
    var infinite = Vector([.infinity, 1])
    #expect(infinite.clipNorm(to: 1) == .infinity && infinite[1] == 1)
    var bad = Vector([.nan, 1])
    #expect(bad.clipNorm(to: 1).isNaN && bad[1] == 1)
  }

  @Test func polyakAveraging() {
    let source = Vector([1, 2, 3])
    var target = Vector([5, 2, -1])
    target.interpolate(toward: source, tau: 0)
    #expect(target.elements == [5, 2, -1])
    target.interpolate(toward: source, tau: 0.25)
    #expect(target.elements == [4, 2, 0])
    target.interpolate(toward: source, tau: 1)
    #expect(target == source)
  }
}
