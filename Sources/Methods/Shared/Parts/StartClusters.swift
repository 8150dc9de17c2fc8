import Archive
import Kernels

/// Start observations in k clusters: k-means on observations each of whose components is divided by its standard deviation.
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

  /// Fits the centers to `starts` [N, D].
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
    let scaled = starts.indices.map { Double(starts[$0] * scales[$0 % size]) }
    centers = KMeans(scaled, size: size, clusters: count, iterations: 100, using: &random).centers.map { Float($0) }
  }
}

extension StartClusters: Archived {
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("scales", &scales, count: size)
    try fields.field("centers", &centers, count: count * size)
  }
}
