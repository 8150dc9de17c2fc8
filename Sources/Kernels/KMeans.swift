/// Clusters of points: k-means (Lloyd 1982) from k-means++ centers (Arthur and Vassilvitskii 2007).
package struct KMeans: Sendable {
  /// Centers, [K, D].
  package private(set) var centers: [Double]
  /// The cluster of each point, [N]: the nearest center's, the first of equals.
  package private(set) var owners: [Int]

  private let size: Int
  private var distances: [Double]

  /// Clusters `points` [N, D]. Iterates until no point changes its cluster, at most `iterations` times. A cluster that loses
  /// all its points takes the one farthest from its center. O(N K D) an iteration.
  package init(
    _ points: [Double], size: Int, clusters: Int, iterations: Int, using random: inout RandomStream
  ) {
    precondition(size > 0 && points.count % size == 0 && points.count >= size, "no points")
    precondition(clusters > 0, "no clusters")
    let count = points.count / size
    self.size = size
    centers = []
    owners = Array(repeating: 0, count: count)
    distances = Array(repeating: .infinity, count: count)
    let blocks = PointBlocks(points, width: size)

    // The first center is a point drawn uniformly, each further one drawn by its squared distance from those there are.
    for cluster in 0..<clusters {
      let weights = cluster > 0 ? distances.map { Float($0) } : []
      let total = weights.reduce(0, +)
      let chosen = total > 0 && total.isFinite ? random.categorical(weights) : random.index(below: count)
      centers += points[chosen * size..<(chosen + 1) * size]
      assign(blocks, from: cluster)
    }
    for _ in 0..<iterations {
      move(points)
      let before = owners
      distances.indices.forEach { distances[$0] = .infinity }
      assign(blocks, from: 0)
      if owners == before { return }
    }
  }

  /// Gives each point to the centers from `first` on that are nearer than its own.
  private mutating func assign(_ blocks: PointBlocks, from first: Int) {
    let (size, clusters) = (size, centers.count / size)
    var squares = [Double](repeating: 0, count: PointBlocks.rows)
    squares.withUnsafeMutableBufferPointer { squares in
      distances.withUnsafeMutableBufferPointer { distances in
        owners.withUnsafeMutableBufferPointer { owners in
          for block in 0..<blocks.count {
            let (offset, rows) = (blocks.first(block), blocks.rows(block))
            blocks.withBlock(block) { points in
              for cluster in first..<clusters {
                for row in 0..<rows { squares[row] = 0 }
                for j in 0..<size {
                  let (center, x) = (centers[cluster * size + j], points + j * blocks.stride(block))
                  for row in 0..<rows {
                    let away = x[row] - center
                    squares[row] += away * away
                  }
                }
                for row in 0..<rows {
                  let nearer = squares[row] < distances[offset + row]
                  distances[offset + row] = nearer ? squares[row] : distances[offset + row]
                  owners[offset + row] = nearer ? cluster : owners[offset + row]
                }
              }
            }
          }
        }
      }
    }
  }

  /// Moves each center to the mean of its points.
  private mutating func move(_ points: [Double]) {
    let clusters = centers.count / size
    var (sums, sizes) = ([Double](repeating: 0, count: centers.count), [Double](repeating: 0, count: clusters))
    for (row, owner) in owners.enumerated() {
      sizes[owner] += 1
      for j in 0..<size { sums[owner * size + j] += points[row * size + j] }
    }
    for cluster in 0..<clusters {
      if sizes[cluster] > 0 {
        for j in 0..<size { centers[cluster * size + j] = sums[cluster * size + j] / sizes[cluster] }
      } else if let farthest = distances.indices.max(by: { distances[$0] < distances[$1] }) {
        for j in 0..<size { centers[cluster * size + j] = points[farthest * size + j] }
        distances[farthest] = 0
      }
    }
  }
}
