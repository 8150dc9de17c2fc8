import ControlTasks
import Kernels
import Testing

/// Where episodes start.
@Suite struct StartRegionTests {
  private func region(_ count: Int, continuous: Bool = false, noise: Double = 0) -> StartRegion {
    StartRegion(
      center: [1, 2, -1], halfWidths: [0.5, 0, 2], count: count, isContinuous: continuous, noise: noise)
  }

  private func draws(_ region: StartRegion, episodes: Int) -> [[Double]] {
    var random = RandomStream(seed: 3)
    return (0..<episodes).map { episode in
      var start = [Double](repeating: .nan, count: 3)
      region.draw(episode: episode, using: &random) { start[$0] = $1 }
      return start
    }
  }

  @Test func conditionsComeInTurn() {
    let region = region(4)
    let points = region.conditions
    #expect(points.count == 4 && points[0] == [1, 2, -1])
    // Halton's points 1 to 3 in the bases 2 and 3
    let (second, third): (Double, Double) = (-1 + 2 * (2.0 / 3 - 1), -1 + 2 * (4.0 / 3 - 1))
    #expect(points[1] == [1, 2, second])
    #expect(points[2] == [0.75, 2, third])
    #expect(draws(region, episodes: 9) == (0..<9).map { points[$0 % 4] })
  }

  @Test func noiseIsOfTheBox() {
    let starts = draws(region(1, noise: 0.1), episodes: 4000)
    let squares = starts.reduce(0) { $0 + ($1[2] + 1) * ($1[2] + 1) } / 4000
    #expect(abs(squares.squareRoot() - 0.2) < 0.01)
    #expect(starts.allSatisfy { $0[1] == 2 })
  }

  @Test func anywhereIsTheWholeBox() {
    let region = region(3, continuous: true)
    #expect(region.conditions.isEmpty)
    let starts = draws(region, episodes: 4000)
    #expect(starts.allSatisfy { abs($0[0] - 1) <= 0.5 && $0[1] == 2 && abs($0[2] + 1) <= 2 })
    let mean = starts.reduce(0) { $0 + $1[0] } / 4000
    let variance = starts.reduce(0) { $0 + ($1[0] - mean) * ($1[0] - mean) } / 4000
    #expect(abs(mean - 1) < 0.02 && abs(variance - 1.0 / 12) < 0.005)
  }
}
