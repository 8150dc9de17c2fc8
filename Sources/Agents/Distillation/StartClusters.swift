import Archive
import Kernels

/// Start observations in k clusters: k-means (Lloyd 1982) with careful seeding (k-means++, Arthur and Vassilvitskii 2007) on
/// observations each of whose components is divided by its standard deviation.
struct StartClusters {
  /// Number of clusters, k.
  let count: Int
  private let size: Int
  /// Inverse standard deviations, [D]; 1 for constant components.
  private var scales: [Float]
  /// Centers in scaled observations, [k, D].
  private(set) var centers: [Float]

  /// All centers at the origin.
  init(count: Int, size: Int) {
    (self.count, self.size) = (count, size)
    scales = Array(repeating: 1, count: size)
    centers = Array(repeating: 0, count: count * size)
  }

  /// The cluster whose center is nearest, the first of equals. O(k D), no allocation.
  func nearest(to observation: [Float]) -> Int {
    var (best, least) = (0, Float.infinity)
    for cluster in 0..<count {
      var distance: Float = 0
      for i in 0..<size {
        let away = observation[i] * scales[i] - centers[cluster * size + i]
        distance += away * away
      }
      if distance < least { (best, least) = (cluster, distance) }
    }
    return best
  }

  /// Fits the centers to `starts` [N, D]. A cluster that loses all its starts takes the one farthest from its center.
  mutating func fit(to starts: [Float], using random: inout RandomStream) {
    let rows = starts.count / size
    precondition(rows >= count && starts.count == rows * size, "\(starts.count) floats of starts for \(count) clusters")
    for i in 0..<size {
      var moments = (sum: 0.0, squares: 0.0)
      for row in 0..<rows {
        let x = Double(starts[row * size + i])
        moments = (moments.sum + x, moments.squares + x * x)
      }
      let mean = moments.sum / Double(rows)
      let deviation = max(moments.squares / Double(rows) - mean * mean, 0).squareRoot()
      scales[i] = deviation > 1e-6 ? Float(1 / deviation) : 1
    }
    seed(starts, rows, using: &random)
    var labels = Array(repeating: -1, count: rows)
    for _ in 0..<100 {
      let found = (0..<rows).map { nearest(to: Array(starts[$0 * size..<($0 + 1) * size])) }
      if found == labels { return }
      labels = found
      move(starts, labels)
    }
  }

  private func scaled(_ starts: [Float], _ row: Int, _ i: Int) -> Float { starts[row * size + i] * scales[i] }

  private func distance(_ starts: [Float], _ row: Int, to cluster: Int) -> Float {
    (0..<size).reduce(0) {
      let away = scaled(starts, row, $1) - centers[cluster * size + $1]
      return $0 + away * away
    }
  }

  private mutating func place(_ cluster: Int, at starts: [Float], _ row: Int) {
    for i in 0..<size { centers[cluster * size + i] = scaled(starts, row, i) }
  }

  /// The first center is a start drawn uniformly, each further one drawn by its squared distance from those there are.
  private mutating func seed(_ starts: [Float], _ rows: Int, using random: inout RandomStream) {
    place(0, at: starts, random.index(below: rows))
    var distances = (0..<rows).map { distance(starts, $0, to: 0) }
    for cluster in 1..<max(count, 1) {
      let isSpread = distances.contains { $0 > 0 }
      place(cluster, at: starts, isSpread ? random.categorical(distances) : random.index(below: rows))
      for row in 0..<rows { distances[row] = min(distances[row], distance(starts, row, to: cluster)) }
    }
  }

  private mutating func move(_ starts: [Float], _ labels: [Int]) {
    for cluster in 0..<count {
      let members = labels.indices.filter { labels[$0] == cluster }
      if members.isEmpty {
        let farthest = labels.indices.max {
          distance(starts, $0, to: labels[$0]) < distance(starts, $1, to: labels[$1])
        }
        if let farthest { place(cluster, at: starts, farthest) }
        continue
      }
      for i in 0..<size {
        centers[cluster * size + i] =
          members.reduce(0) { $0 + scaled(starts, $1, i) } / Float(members.count)
      }
    }
  }
}

extension StartClusters: Checkpointable {
  func save(to writer: inout StateWriter) {
    writer.write("scales", scales)
    writer.write("centers", centers)
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    scales = try reader.read("scales", shape: [size])
    centers = try reader.read("centers", shape: [count * size])
  }
}
