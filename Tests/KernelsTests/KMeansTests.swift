import Kernels
import Testing

@Suite struct KMeansTests {
  /// `count` points each about (0, 0), (10, 0) and (0, 10), in turns.
  private func triangle(_ count: Int, seed: UInt64) -> [Double] {
    var random = RandomStream(seed: seed)
    return (0..<3 * count).flatMap { index in
      let center = [(0.0, 0.0), (10, 0), (0, 10)][index % 3]
      return [center.0 + Double(random.normal()), center.1 + Double(random.normal())]
    }
  }

  private func squaredDistance(_ points: [Double], _ row: Int, _ centers: [Double], _ cluster: Int, _ size: Int)
    -> Double
  {
    (0..<size).reduce(0) {
      let away = points[row * size + $1] - centers[cluster * size + $1]
      return $0 + away * away
    }
  }

  @Test(arguments: [0, 1, 2, 3, 4] as [UInt64]) func findsClustersThatAreApart(_ seed: UInt64) {
    // more points than one block holds
    let points = triangle(200, seed: seed)
    var random = RandomStream(seed: seed)
    let found = KMeans(points, size: 2, clusters: 3, iterations: 100, using: &random)
    for row in 0..<600 { #expect(found.owners[row] == found.owners[row % 3]) }
    #expect(Set(found.owners).count == 3)
    for cluster in 0..<3 {
      let members = (0..<600).filter { found.owners[$0] == cluster }
      for i in 0..<2 {
        let mean = members.reduce(0) { $0 + points[$1 * 2 + i] } / Double(members.count)
        #expect(abs(found.centers[cluster * 2 + i] - mean) < 1e-12)
      }
    }
  }

  @Test func ownersAreTheNearestCentersAndIterationsBringPointsCloser() {
    var random = RandomStream(seed: 3)
    let points = (0..<500 * 5).map { _ in Double(random.normal()) }
    func spread(_ iterations: Int) -> Double {
      var stream = RandomStream(seed: 4)
      let found = KMeans(points, size: 5, clusters: 9, iterations: iterations, using: &stream)
      var total = 0.0
      for row in 0..<500 {
        let distances = (0..<9).map { squaredDistance(points, row, found.centers, $0, 5) }
        let own = distances[found.owners[row]]
        #expect(distances.allSatisfy { $0 >= own })
        total += own
      }
      return total
    }
    let totals = [0, 1, 3, 10, 100].map(spread)
    #expect(totals == totals.sorted(by: >) && totals[4] < 0.95 * totals[0])
  }

  @Test func pointsThatAreEqualOrFew() {
    var random = RandomStream(seed: 5)
    let same = KMeans(Array(repeating: 2, count: 12), size: 3, clusters: 2, iterations: 10, using: &random)
    #expect(same.owners == [0, 0, 0, 0] && same.centers == Array(repeating: 2, count: 6))
    let few = KMeans([1, 5], size: 1, clusters: 4, iterations: 10, using: &random)
    #expect(few.owners[0] != few.owners[1])
    #expect(few.centers[few.owners[0]] == 1 && few.centers[few.owners[1]] == 5)
  }
}
